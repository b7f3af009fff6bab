import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { Redis } from "ioredis";
import { Observer } from "../testing/presence-cluster.js";
import { startRedisNode, type RedisNode } from "../testing/redis-node.js";
import { startRedisSentinel, type RedisSentinelProcesses } from "../testing/redis-topology.js";
import { until } from "../testing/until.js";

const KEY = "doc:1";
const ROOM = "doc%3A1";

interface Story {
  readonly redis: RedisSentinelProcesses;
  readonly nodes: readonly RedisNode[];
  readonly observers: readonly Observer[];
}

/** Two nodes over Sentinels, with ann on the one and bob on the other. */
async function begin(t: TestContext): Promise<Story> {
  const ends: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const redis = await startRedisSentinel();
  ends.push(() => redis.stop());
  const { sentinels, name } = redis;
  const nodes: RedisNode[] = [];
  for (let i = 0; i < 2; i += 1) {
    const started = await startRedisNode({ sentinels, name });
    ends.push(() => started.presence.close());
    nodes.push(started);
  }
  const observers = await Promise.all(nodes.map((node) => Observer.of(node, KEY)));
  await nodes[0]!.presence.addBot(KEY, "ann", {});
  await nodes[1]!.presence.addBot(KEY, "bob", {});
  await until(
    () => observers.every(({ list }) => list.length === 2),
    () => "both are seen by both",
  );
  return { redis, nodes, observers };
}

/** Somebody comes on one node right after the fault: tells how long it took until the other shows it. Nobody was told anything else. */
async function survive(t: TestContext, { nodes, observers }: Story, fault: () => unknown): Promise<void> {
  const began = performance.now();
  await fault();
  await nodes[0]!.presence.addBot(KEY, "cyd", {});
  await until(
    () => observers.every(({ list }) => list.length === 3),
    () => ({ lists: observers.map(({ list }) => list), troubles: nodes.map(({ node }) => node.trouble) }),
  );
  const gapMs = performance.now() - began;
  await until(
    async () => (await nodes[1]!.backend.count(ROOM).catch(() => 0)) === 3,
    () => "the store has everybody",
  );
  for (const { told, faults } of observers) assert.deepEqual([told, faults], [["+ann", "+bob", "+cyd"], []]);
  t.diagnostic(`gap ${Math.round(gapMs)} ms`);
}

test("when the master is killed, nobody is told anything, and the list is right again", async (t) => {
  const story = await begin(t);
  await survive(t, story, () => story.redis.master.process.kill("SIGKILL"));
});

test("when the replica takes over from a living master, nobody is told anything", async (t) => {
  const story = await begin(t);
  let takenOver = Promise.resolve();
  await survive(t, story, () => {
    takenOver = story.redis.failOver();
  });
  await takenOver;
  await story.nodes[1]!.presence.addBot(KEY, "dan", {});
  await until(
    () => story.observers.every(({ list }) => list.length === 4),
    () => "the new one is seen",
  );
});

test("when the master hangs, its place is taken, and when it wakes nobody writes to it", async (t) => {
  const story = await begin(t);
  const { sentinels, name, master, replica, untilMaster } = story.redis;
  const naive = new Redis({ sentinels: sentinels.map((each) => ({ ...each })), name, failoverDetector: false });
  t.after(() => naive.disconnect());
  naive.on("error", () => {});
  let heard = 0;
  naive.on("message", () => (heard += 1));
  await naive.subscribe(`convive:room:${ROOM}`);
  await survive(t, story, () => master.process.kill("SIGSTOP"));
  // Who is not told of the change listens to a process that will say nothing more, and thinks all is well.
  assert.deepEqual([heard, naive.status], [0, "ready"]);
  master.process.kill("SIGCONT");
  await untilMaster(replica);
  const admin = new Redis(master.url);
  t.after(() => admin.disconnect());
  await until(
    async () => /role:slave[^]*master_link_status:up/.test(await admin.info("replication")),
    () => "the old master follows the new one",
  );
  const before = await scriptsRun(admin);
  for (const user of ["dan", "eve"]) await story.nodes[1]!.presence.addBot(KEY, user, {});
  await until(
    () => story.observers.every(({ list }) => list.length === 5),
    () => "the new ones are seen",
  );
  assert.equal(await scriptsRun(admin), before);
  for (const { told } of story.observers) assert.deepEqual(told, ["+ann", "+bob", "+cyd", "+dan", "+eve"]);
});

test("a Sentinel that hangs is passed over for one that answers", async (t) => {
  const silent = createServer().listen(0, "127.0.0.1");
  const redis = await startRedisSentinel();
  t.after(() => redis.stop());
  const sockets: Socket[] = [];
  silent.on("connection", (socket) => sockets.push(socket));
  t.after(() => {
    silent.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = silent.address() as AddressInfo;
  const sentinels = [{ host: "127.0.0.1", port }, ...redis.sentinels];
  const { presence } = await startRedisNode({ sentinels, name: redis.name });
  t.after(() => presence.close());
  await presence.addBot(KEY, "ann", {});
  assert.ok(sockets.length > 0);
});

async function scriptsRun(admin: Redis): Promise<string> {
  return /cmdstat_evalsha:calls=\d+/.exec(await admin.info("commandstats"))?.[0] ?? "none";
}
