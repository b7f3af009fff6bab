import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../../src/testing/until.js";
import { AppCluster, NODE_LIMITS } from "./cluster.js";
import { checkInvariants, checkRest } from "./invariants.js";

const { leaseMs, nodeTickMs } = NODE_LIMITS;

let cluster: AppCluster;
before(async () => {
  cluster = await AppCluster.start();
});
after(() => cluster.stop());

test("when a node is killed, who comes back to another is not told to have left; who does not leaves once, with the lease", async () => {
  const room = cluster.room();
  const eve = await cluster.open(1, { user: "eve", room, watches: true });
  const [ann, bob, cyd] = [
    await cluster.open(0, { user: "ann", room }),
    await cluster.open(0, { user: "bob", room }),
    await cluster.open(0, { user: "cyd", room }),
  ];
  cyd.point(1, 2);
  await until(() => eve.changes.length === 3 && eve.cursors.size === 1);
  cluster.lead(0, 1);
  const killedAt = performance.now();
  await cluster.nodes[0]!.kill();
  cyd.terminate();
  await until(() => ann.mounts === 2 && bob.mounts === 2);
  await until(() => eve.changes.length === 4);
  assert.deepEqual(eve.changes, ["+ann", "+bob", "+cyd", "-cyd"]);
  const lastedMs = eve.heard.at(-1)!.at - killedAt;
  assert.ok(lastedMs > leaseMs - 2 * nodeTickMs, `he left after ${lastedMs} ms, before the lease was over`);
  await until(() => eve.cursors.size === 0);
  // Those who came back heard of nobody but him either.
  for (const tab of [ann, bob]) {
    await until(() => tab.changes.includes("-cyd"));
    assert.deepEqual(
      tab.heard.filter(({ mount }) => mount === 2).map(({ change }) => change),
      ["-cyd"],
    );
  }
  await cluster.replace(0);
  await checkInvariants(cluster, room, { left: ["cyd"] });
  await checkRest(cluster);
});

test("a node that was stopped for two leases comes back: once each, and its late leaves take nobody along", async () => {
  const room = cluster.room();
  const own = await cluster.door(0);
  const eve = await cluster.open(1, { user: "eve", room, watches: true });
  // Her browser is slow to miss the server: her socket lives through it.
  const ann = await cluster.open(0, { user: "ann", room, haste: 0.1 });
  const bob = await cluster.open(own, { user: "bob", room });
  await until(() => eve.changes.length === 2);
  const [one] = cluster.nodes;
  one!.pause();
  cluster.lead(own, 1);
  cluster.doors[own]!.reset();
  await until(() => bob.mounts === 2);
  await until(() => eve.changes.includes("-ann"));
  const since = performance.now();
  await until(() => performance.now() - since > leaseMs);
  assert.deepEqual(eve.changes, ["+ann", "+bob", "-ann"]);
  one!.goOn();
  await until(() => eve.changes.length === 4);
  // The grace of the connection that bob left there is over: its page has ended.
  await until(async () => (await one!.ask("stats")).pages === 1);
  assert.deepEqual(eve.changes, ["+ann", "+bob", "-ann", "+ann"]);
  assert.deepEqual([ann.opens, ann.mounts], [1, 1]);
  assert.deepEqual(
    bob.heard.filter(({ mount }) => mount === 2).map(({ change }) => change),
    ["-ann", "+ann"],
  );
  await checkInvariants(cluster, room, { left: ["ann"] });
  await checkRest(cluster);
});
