import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../../src/testing/until.js";
import { AppCluster, NODE_LIMITS } from "./cluster.js";
import { checkInvariants, checkRest } from "./invariants.js";
import { fetchPage, type Tab } from "./tab.js";

const { leaseMs, redisCommandMs } = NODE_LIMITS;
/** Far more than a loaded machine takes, far less than for ever. */
const PATIENCE_MS = 10_000;
const MEGABYTE = 1_048_576;

let cluster: AppCluster;
before(async () => {
  cluster = await AppCluster.start();
});
after(() => cluster.stop());

/** Somebody in the room and an onlooker, on each of two nodes. */
async function beginRoom() {
  const room = cluster.room();
  const onlookers = [
    await cluster.open(0, { user: "eve", room, watches: true }),
    await cluster.open(1, { user: "eva", room, watches: true }),
  ] as const;
  const [ann, bob] = [await cluster.open(0, { user: "ann", room }), await cluster.open(1, { user: "bob", room })];
  await checkInvariants(cluster, room);
  return { room, ann, bob, eve: onlookers[0], eva: onlookers[1], onlookers };
}

const all = (tabs: readonly Tab[], isSo: (tab: Tab) => boolean) => until(() => tabs.every(isSo));

async function inTime<T>(work: Promise<T>): Promise<T> {
  const began = performance.now();
  const answer = await work;
  const took = performance.now() - began;
  assert.ok(took < PATIENCE_MS, `it took ${took} ms`);
  return answer;
}

/** What every outage must not break: pages come and say how things stand, people of one node see each other, the others stay. */
async function liveWithout(cut: () => unknown, heal: () => unknown): Promise<void> {
  const { room, ann, bob, eve, eva, onlookers } = await beginRoom();
  const people = [ann, bob, ...onlookers];
  const before = await Promise.all(cluster.nodes.map((node) => node.ask("stats")));
  await cut();
  const cutAt = performance.now();
  await all(people, (tab) => tab.isStale());
  for (const node of cluster.nodes) {
    const { ms, code } = await node.ask("timed", "room:elsewhere");
    assert.ok(ms < redisCommandMs + PATIENCE_MS, `a command took ${ms} ms`);
    assert.equal(code, "REDIS_UNAVAILABLE");
    assert.equal((await node.ask("health")).status, "degraded");
    await node.ask("lag");
  }
  const { status, html } = await inTime(fetchPage({ user: "cyd", room, origin: cluster.origin(0) }));
  assert.equal(status, 200);
  assert.match(html, /data-stale>true/);
  const cyd = await inTime(cluster.open(0, { user: "cyd", room }));
  assert.equal(cyd.isStale(), true);
  const dan = await inTime(cluster.open(0, { user: "dan", room }));
  await until(() => eve.changes.length === 4);
  await cyd.leave();
  await until(() => eve.changes.length === 5);
  assert.deepEqual(eve.changes, ["+ann", "+bob", "+cyd", "+dan", "-cyd"]);
  // A busy room all the while: nothing of it may be kept for later.
  for (let i = 0; performance.now() - cutAt < 2 * leaseMs; i += 1) {
    ann.point(i % 100, 1);
    await inTime(ann.event("rename", { name: `ann ${i}` }));
  }
  const after = await Promise.all(cluster.nodes.map((node) => node.ask("stats")));
  for (const [i, { heapBytes }] of after.entries()) {
    const grown = (heapBytes - before[i]!.heapBytes) / MEGABYTE;
    assert.ok(grown < 16, `the heap of node ${i} grew by ${grown} MB`);
  }
  for (const node of cluster.nodes) {
    const { p99 } = await node.ask("lag");
    assert.ok(p99 < 2_000, `the event loop was ${p99} ms late`);
  }
  assert.deepEqual(eva.changes, ["+ann", "+bob"]);
  assert.deepEqual(
    eve.badges().map(({ id }) => id),
    ["ann", "bob", "dan"],
  );
  await heal();
  await all([...people, dan], (tab) => !tab.isStale());
  await checkInvariants(cluster, room, { left: ["cyd"] });
  assert.deepEqual(
    eva.changes.filter((change) => !change.startsWith("~")),
    ["+ann", "+bob", "+dan"],
  );
  for (const node of cluster.nodes) assert.deepEqual(await node.ask("health"), { status: "ok" });
  await checkRest(cluster);
}

test("Redis that is killed and comes back empty tells nobody anything, and knows all again", async () => {
  const { room, eve, eva } = await beginRoom();
  const [seenByEve, seenByEva] = [[...eve.changes], [...eva.changes]];
  const epoch = await cluster.epoch(room);
  // The store lacks whom the other node carries until that tells it again.
  const [, two] = cluster.nodes;
  two!.pause();
  await cluster.restartRedis();
  await until(async () => (await cluster.epoch(room)) !== undefined);
  await cluster.open(0, { user: "dan", room });
  await until(() => eve.changes.includes("+dan"));
  two!.goOn();
  await checkInvariants(cluster, room);
  assert.notEqual(await cluster.epoch(room), epoch);
  assert.deepEqual(
    [eve.changes, eva.changes],
    [
      [...seenByEve, "+dan"],
      [...seenByEva, "+dan"],
    ],
  );
  await checkRest(cluster);
});

test("Redis that is away for two leases: pages come and say so, who is here is seen, who is there stays", async () => {
  await liveWithout(
    () => cluster.redis.stop(),
    () => cluster.restartRedis(),
  );
});

test("Redis that hangs for two leases is no worse than one that is away", async () => {
  await liveWithout(
    () => cluster.redis.process.kill("SIGSTOP"),
    () => cluster.redis.process.kill("SIGCONT"),
  );
});
