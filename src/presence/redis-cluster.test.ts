import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Observer } from "../testing/presence-cluster.js";
import { QUICK_LIMITS, startRedisNode, type RedisNode } from "../testing/redis-node.js";
import type { RedisServerProcess } from "../testing/redis-server.js";
import { masterOfSlot, moveSlot, slotOf } from "../testing/redis-slot.js";
import { startRedisCluster, type RedisClusterProcesses } from "../testing/redis-topology.js";
import { until } from "../testing/until.js";
import { encodeKey } from "./key.js";
import { bucketOf, RedisKeys } from "./redis-keys.js";

const MAX_BYTES = 1_024;
/** As users have it: what takes longer is done without Redis for now. */
const LIMITS = { ...QUICK_LIMITS, redisCommandMs: 500 };
const NEIGHBOURS = 10;

let redis: RedisClusterProcesses;
before(async () => {
  redis = await startRedisCluster({ replicas: 1 });
});
after(() => redis?.stop());

interface Story {
  readonly nodes: readonly RedisNode[];
  readonly observers: readonly Observer[];
}

/** Two nodes over the Cluster, with ann in the room on the one and bob on the other. */
async function begin(t: TestContext, key: string): Promise<Story> {
  const nodes: RedisNode[] = [];
  for (let i = 0; i < 2; i += 1) {
    const started = await startRedisNode({ cluster: redis.servers }, { limits: LIMITS });
    t.after(() => started.presence.close());
    nodes.push(started);
  }
  const observers = await Promise.all(nodes.map((node) => Observer.of(node, key)));
  for (const [i, user] of ["ann", "bob"].entries()) await nodes[i]!.presence.addBot(key, user, {});
  await until(() => observers.every(({ list }) => list.join() === "ann,bob"));
  return { nodes, observers };
}

/** The slot of a room's keys. */
function slotOfRoom(key: string): Promise<number> {
  return slotOf(redis.masters[0]!, new RedisKeys("convive").head(encodeKey(key, MAX_BYTES)));
}

/** A room that lies on this server. */
async function keyOn(server: RedisServerProcess): Promise<string> {
  for (let i = 0; ; i += 1) {
    const key = `${server.port}:${i}`;
    if ((await masterOfSlot(redis.masters, await slotOfRoom(key))) === server) return key;
  }
}

/** Somebody joins, changes and leaves without a pause, until it is stopped. */
function load({ presence }: RedisNode, key: string, name: string) {
  let isStopped = false;
  let worstMs = 0;
  let rounds = 0;
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await work();
    worstMs = Math.max(worstMs, performance.now() - began);
    return result;
  };
  const run = async () => {
    for (; !isStopped; rounds += 1) {
      const bot = await timed(() => presence.addBot(key, `${name}${rounds}`, { rounds }));
      await timed(() => bot.update({ rounds: -rounds }));
      await timed(() => bot.leave());
      // While Redis does not answer all of this is done at once: others have to have a turn.
      await turn();
    }
  };
  const running = run();
  const stop = async () => {
    isStopped = true;
    await running;
    return { rounds, worstMs: Math.round(worstMs) };
  };
  return { stop };
}

/** Rooms whose keys lie in the same slot. */
function neighboursOf(key: string): string[] {
  const bucket = bucketOf(encodeKey(key, MAX_BYTES));
  const found: string[] = [];
  for (let i = 0; found.length < NEIGHBOURS; i += 1) {
    if (bucketOf(encodeKey(`other:${i}`, MAX_BYTES)) === bucket) found.push(`other:${i}`);
  }
  return found;
}

test("whatever a room is called, its keys lie in one slot and are nobody else's", async (t) => {
  const { nodes } = await begin(t, "named");
  const { backend } = nodes[0]!;
  const long = "x".repeat(10_000);
  const signs = [
    "a:b",
    "a_b",
    "a/b",
    "{a}",
    "{",
    "}",
    "}{",
    "{}",
    "{nodes}",
    "!nodes",
    "*",
    "?",
    "[a]",
    "\n",
    "\0",
    "%41",
  ];
  const names = [...signs, "A", "1", "01", " ", "é", "e\u0301", "日本", "__proto__", long, `${long}y`];
  const rooms = names.map((name) => encodeKey(name, 2 * long.length));
  for (const [i, room] of rooms.entries()) {
    const put = { op: "put", connectionId: "c", meta: {}, status: "active", isLingering: false } as const;
    const write = {
      incarnation: "n.1",
      sequence: i + 1,
      nonce: `x${i}`,
      operations: [{ ...put, userId: `user ${i}` }],
    };
    const { state } = await backend.apply(room, write);
    assert.equal(state, "ok");
  }
  const found = await Promise.all(rooms.map((room) => backend.snapshot(room)));
  assert.deepEqual(
    found.map(({ connections }) => connections.map(({ userId }) => userId)),
    names.map((_, i) => [`user ${i}`]),
  );
  assert.deepEqual(
    await backend.heads(rooms),
    found.map(({ head }) => head),
  );
  assert.throws(() => encodeKey(long, MAX_BYTES), /PRESENCE_KEY_INVALID/);
});

test("a slot is moved key by key while people come, change and go: no error, and a list that is right", async (t) => {
  const key = "moved:1";
  const { nodes, observers } = await begin(t, key);
  const slot = await slotOfRoom(key);
  const from = await masterOfSlot(redis.masters, slot);
  const to = redis.masters.find((each) => each !== from);
  assert.ok(from && to);
  await Promise.all(neighboursOf(key).map((other) => nodes[0]!.presence.addBot(other, "dan", {})));
  const loads = nodes.map((node, i) => load(node, key, `guest${i}-`));
  const moved = await moveSlot(slot, { from, to, all: redis.masters });
  const told = await Promise.all(loads.map((each) => each.stop()));
  t.diagnostic(JSON.stringify({ moved, told }));
  assert.ok(moved > NEIGHBOURS);
  assert.ok(told.every(({ rounds, worstMs }) => rounds > 0 && worstMs < 10_000));
  await until(() => observers.every(({ list }) => list.join() === "ann,bob"));
  await until(async () => (await nodes[0]!.backend.count(encodeKey(key, MAX_BYTES)).catch(() => 0)) === 2);
  for (const { told: events, faults } of observers) {
    assert.deepEqual(faults, []);
    assert.deepEqual(
      events.filter((event) => /ann|bob/.test(event)),
      ["+ann", "+bob"],
    );
  }
});

/** The first master always lives. */
for (const [at, fault, signal] of [
  [1, "is killed", "SIGKILL"],
  [2, "hangs", "SIGSTOP"],
] as const) {
  test(`the master of a room ${fault} and its replica takes over: nobody is told anything`, async (t) => {
    const victim = redis.masters[at]!;
    const key = await keyOn(victim);
    const { nodes, observers } = await begin(t, key);
    await redis.hurry();
    const began = performance.now();
    victim.process.kill(signal);
    await nodes[0]!.presence.addBot(key, "cyd", {});
    await until(() => observers.every(({ list }) => list.join() === "ann,bob,cyd"));
    t.diagnostic(`gap ${Math.round(performance.now() - began)} ms`);
    await until(async () => (await nodes[1]!.backend.count(encodeKey(key, MAX_BYTES)).catch(() => 0)) === 3);
    for (const { told, faults } of observers) assert.deepEqual([told, faults], [["+ann", "+bob", "+cyd"], []]);
  });
}
