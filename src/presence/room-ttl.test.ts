import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { endWithUs } from "../testing/end-with-us.js";
import { Observer, PresenceCluster, type ClusterNode } from "../testing/presence-cluster.js";
import { QUICK_LIMITS, startRedisNode, type RedisNode } from "../testing/redis-node.js";
import { startRedis } from "../testing/redis-server.js";
import { until } from "../testing/until.js";

const KEY = "doc:1";
const NAME = "doc%3A1";
const NODE_PROCESS = join(import.meta.dirname, "../testing/redis-node-process.ts");
const TTL_MS = 1_200;

test("a store that lost everything is told again of members without a process, and they end when they would have", async () => {
  const { cluster, one, watchers } = await begin();
  await cluster.until(one.presence.joinPresence(KEY, "ann", { name: "Ann" }, { ttlMs: 60_000 }));
  await cluster.until(one.presence.joinPresence(KEY, "bob", {}, { ttlMs: 30_000 }));
  const [before] = await one.presence.listPresences(KEY);
  await cluster.advance(20_000);
  lose(cluster);
  await cluster.advance(8_000);
  assert.deepEqual(cluster.store.rooms.get(NAME)?.users.size, 2);
  assert.deepEqual(await one.presence.listPresences(KEY), [before, watchers[0]!.hold.room.find("bob")]);
  assert.deepEqual(toldTo(watchers), [
    ["+ann", "+bob"],
    ["+ann", "+bob"],
  ]);
  await cluster.advance(3_000);
  assert.deepEqual(toldTo(watchers), [
    ["+ann", "+bob", "-bob timeout"],
    ["+ann", "+bob", "-bob timeout"],
  ]);
  await cluster.advance(28_000);
  assert.deepEqual(watchers[1]!.list, ["ann"]);
  await cluster.advance(3_000);
  for (const { told, faults } of watchers)
    assert.deepEqual([told.at(-1), told.length, faults], ["-ann timeout", 4, []]);
});

test("who joins where the room cannot be read yet is told as asked, and ends at his time", async () => {
  const cluster = new PresenceCluster();
  const { link, presence } = cluster.start();
  const subscribe = link.subscribe.bind(link);
  link.subscribe = () => Promise.reject(new Error("the store does not answer"));
  const joined = await cluster.until(presence.joinPresence(KEY, "ann", { name: "Ann" }, { ttlMs: 5_000 }));
  assert.deepEqual([joined.id, joined.name, joined.connections], ["ann", "Ann", 1]);
  link.subscribe = subscribe;
  await cluster.advance(4_000);
  assert.equal(cluster.store.rooms.get(NAME)?.users.size, 1);
  await cluster.advance(3_000);
  assert.equal(cluster.store.rooms.get(NAME)?.users.size, 0);
});

test("a sign of life from a node that could not ask for the time for long counts as of now", async () => {
  const { cluster, one, two } = await begin();
  await cluster.until(two.presence.joinPresence(KEY, "ann", {}, { ttlMs: 60_000 }));
  const tick = one.link.tick.bind(one.link);
  one.link.tick = () => Promise.reject(new Error("the store does not answer"));
  for (let i = 0; i < 5; i += 1) {
    await cluster.advance(50_000);
    assert.equal(await two.presence.updateHeartbeat(KEY, "ann"), true);
  }
  await assert.rejects(one.presence.updateHeartbeat(KEY, "ann"), { code: "STORE_UNAVAILABLE" });
  one.link.tick = tick;
  assert.equal(await one.presence.updateHeartbeat(KEY, "ann"), true);
  await cluster.until(one.presence.joinPresence(KEY, "bob", {}, { ttlMs: 60_000 }));
  const { storeTime } = await two.link.nodes();
  assert.deepEqual(await two.link.prune(null, storeTime, "nonce"), []);
});

test("a manager that was closed while somebody joined holds no room for him", async () => {
  const cluster = new PresenceCluster();
  const { link, node, presence } = cluster.start();
  const acme = presence.forTenant("acme");
  await cluster.until(node.start());
  let answer = () => {};
  const apply = link.apply.bind(link);
  link.apply = async (room, write) => {
    await new Promise<void>((resolve) => (answer = resolve));
    return apply(room, write);
  };
  const joining = acme.joinPresence(KEY, "ann", {}, { ttlMs: 60_000 });
  await cluster.advance(100);
  await acme.close();
  answer();
  assert.equal((await cluster.until(joining)).id, "ann");
  link.apply = apply;
  await cluster.advance(2_000);
  assert.deepEqual([node.rooms.length, await acme.presenceCount(KEY)], [0, 1]);
});

test("who is kept alive from another node outlives a loss of the store, as long as that node tells of it", async () => {
  const { cluster, one, two, watchers } = await begin();
  await cluster.until(one.presence.joinPresence(KEY, "ann", {}, { ttlMs: 10_000 }));
  const beat = async (times: number) => {
    for (let i = 0; i < times; i += 1) {
      await cluster.advance(8_000);
      assert.equal(await two.presence.updateHeartbeat(KEY, "ann"), true);
    }
  };
  await beat(4);
  lose(cluster);
  await beat(4);
  assert.deepEqual(toldTo(watchers), [["+ann"], ["+ann"]]);
  await cluster.advance(25_000);
  assert.deepEqual(toldTo(watchers), [
    ["+ann", "-ann timeout"],
    ["+ann", "-ann timeout"],
  ]);
});

test("a heartbeat while the store is away counts where the member joined", async () => {
  const { cluster, one, watchers } = await begin();
  await cluster.until(one.presence.joinPresence(KEY, "ann", {}, { ttlMs: 20_000 }));
  await cluster.advance(15_000);
  one.link.isCut = true;
  one.link.touch = () => Promise.reject(new Error("away"));
  await assert.rejects(one.presence.updateHeartbeat(KEY, "ann"));
  lose(cluster);
  await cluster.advance(10_000);
  one.link.isCut = false;
  await cluster.advance(8_000);
  assert.deepEqual(watchers[0]!.told, ["+ann"]);
  await cluster.advance(5_000);
  assert.deepEqual(watchers[0]!.told, ["+ann", "-ann timeout"]);
});

test("who was taken out while the news of it was lost is not brought back", async () => {
  const { cluster, one, two, watchers } = await begin();
  for (const user of ["ann", "bob"]) await cluster.until(one.presence.joinPresence(KEY, user, {}, { ttlMs: 60_000 }));
  one.link.fate = () => "lose";
  await cluster.until(two.presence.leavePresence(KEY, "ann"));
  await cluster.advance(cluster.limits.auditMs + 1_000);
  one.link.fate = () => "deliver";
  await cluster.advance(20_000);
  for (const { list, faults } of watchers) assert.deepEqual([list, faults], [["bob"], []]);
  assert.equal(cluster.store.rooms.get(NAME)?.connections.size, 1);
});

test("whom nobody tells the store again, since the node where he joined is dead, leaves in the end", async () => {
  const { cluster, one, two, watchers } = await begin();
  await cluster.until(one.presence.joinPresence(KEY, "ann", {}, { ttlMs: 600_000 }));
  await cluster.until(two.presence.joinPresence(KEY, "bob", {}, { ttlMs: 600_000 }));
  await cluster.advance(1_000);
  cluster.kill(one);
  lose(cluster);
  await cluster.advance(60_000);
  assert.deepEqual([watchers[1]!.list, watchers[1]!.told], [["bob"], ["+ann", "+bob", "-ann timeout"]]);
  assert.equal(cluster.store.rooms.get(NAME)?.connections.size, 1);
});

test("each member has a time of its own, and a heartbeat gives it again", async () => {
  const { cluster, one, two } = await begin();
  await cluster.until(one.presence.joinPresence(KEY, "long", {}, { ttlMs: 100_000 }));
  await cluster.until(one.presence.joinPresence(KEY, "short", {}, { ttlMs: 10_000 }));
  await cluster.advance(8_000);
  for (const user of ["long", "short"]) await two.presence.updateHeartbeat(KEY, user);
  await cluster.advance(9_500);
  assert.equal(await one.presence.presenceCount(KEY), 2);
  await cluster.advance(4_000);
  assert.equal(await one.presence.presenceCount(KEY), 1);
  await cluster.advance(70_000);
  assert.equal(await one.presence.presenceCount(KEY), 1);
});

test("two nodes that prune at once end a member once", async () => {
  const { cluster, one, two, watchers } = await begin();
  await cluster.until(one.presence.joinPresence(KEY, "ann", {}, { ttlMs: 60_000 }));
  cluster.kill(one);
  await cluster.advance(50_000);
  const prunings = [two, cluster.start()].map(({ presence }) => presence.prune({ maxAgeMs: 10_000 }));
  const removed = (await cluster.until(Promise.all(prunings))).flat().flatMap((each) => each.removed);
  await cluster.advance(1_000);
  assert.deepEqual([removed.map(({ id }) => id), watchers[1]!.told], [["ann"], ["+ann", "-ann timeout"]]);
});

test("with Redis heartbeats on another node keep a member, and when they stop it leaves once, for both", async (t) => {
  const { nodes, told } = await beginOnRedis(t);
  const [one, two] = nodes;
  await one.presence.joinPresence(KEY, "ann", {}, { ttlMs: TTL_MS });
  const enough = two.node.storeTime + 2 * TTL_MS;
  await until(async () => {
    assert.equal(await two.presence.updateHeartbeat(KEY, "ann"), true);
    return two.node.storeTime > enough;
  });
  assert.deepEqual(told, [["+ann"], ["+ann"]]);
  await until(() => told.every((each) => each.length > 1));
  const later = two.node.storeTime;
  for (const { backend } of nodes) await backend.prune(null, later + 2 * TTL_MS, backend === one.backend ? "a" : "b");
  assert.deepEqual(told, [
    ["+ann", "-ann timeout"],
    ["+ann", "-ann timeout"],
  ]);
});

test("with Redis members without a process outlive a Redis that comes back empty, its clock included", async (t) => {
  const { nodes, told, server } = await beginOnRedis(t);
  const [one, two] = nodes;
  await one.presence.joinPresence(KEY, "ann", {}, { ttlMs: 600_000 });
  await two.presence.joinPresence(KEY, "bob", { name: "Bob" }, { ttlMs: 600_000 });
  await until(() => told.every((each) => each.length === 2));
  await server.stop();
  await until(() => nodes.every(({ node }) => node.isDegraded));
  const second = await startRedis([], server.port);
  t.after(() => second.stop());
  await until(async () => (await one.backend.count(NAME).catch(() => 0)) === 2);
  await until(async () => one.presence.updateHeartbeat(KEY, "bob").catch(() => false));
  const [, bob] = await two.presence.listPresences<{ name: string }>(KEY);
  assert.deepEqual(
    [bob?.name, told],
    [
      "Bob",
      [
        ["+ann", "+bob"],
        ["+ann", "+bob"],
      ],
    ],
  );
  const { storeTime } = one.node;
  assert.deepEqual([...(await one.backend.prune([NAME], storeTime + 590_000, "c", { isDry: true }))], []);
  assert.equal((await one.backend.prune([NAME], storeTime + 610_000, "c", { isDry: true }))[0]?.connections.length, 2);
});

test("with Redis a member whose joining process was killed is ended by another, once", async (t) => {
  const { nodes, told, server } = await beginOnRedis(t);
  const words = ["--import", "tsx", NODE_PROCESS, server.url, KEY, "ann", String(TTL_MS)];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(endWithUs(child));
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout!, "data");
  child.kill("SIGKILL");
  await nodes[0].presence.addBot(KEY, "bot", {});
  await until(() => told.every((each) => each.length === 3));
  for (const each of told) assert.deepEqual(each.toSorted(), ["+ann", "+bot", "-ann timeout"]);
});

async function begin() {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const watchers = [await Observer.of(one, KEY), await Observer.of(two, KEY)];
  return { cluster, one, two, watchers } satisfies Record<string, PresenceCluster | ClusterNode | Observer[]>;
}

function lose({ store }: PresenceCluster): void {
  store.rooms.clear();
  store.roomsOf.clear();
}

function toldTo(watchers: readonly Observer[]): string[][] {
  return watchers.map(({ told }) => told);
}

async function beginOnRedis(t: TestContext) {
  const server = await startRedis();
  const started: RedisNode[] = [];
  t.after(async () => {
    await Promise.all(started.map(({ presence }) => presence.close()));
    await server.stop();
  });
  const limits = { ...QUICK_LIMITS, prunePresencesMs: 300 };
  const nodes: [RedisNode, RedisNode] = [
    await startRedisNode(server.url, { limits }),
    await startRedisNode(server.url, { limits }),
  ];
  started.push(...nodes);
  const told = await Promise.all(nodes.map(({ node }) => listen(node)));
  return { nodes, told, server };
}

async function listen(node: RedisNode["node"]): Promise<string[]> {
  const told: string[] = [];
  const { room } = await node.host("", KEY);
  room.watch({
    changed: ({ joins, leaves, reasons }) => {
      for (const { id } of joins) told.push(`+${id}`);
      for (const { id } of leaves) told.push(`-${id} ${reasons.get(id)}`);
    },
  });
  return told;
}
