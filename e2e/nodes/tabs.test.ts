import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../../src/testing/until.js";
import { AppCluster } from "./cluster.js";
import { checkInvariants, checkRest } from "./invariants.js";
import type { Tab } from "./tab.js";

/** A grace in which a loaded machine has a page reloaded. */
const GRACE_MS = 3_000;

let cluster: AppCluster;
before(async () => {
  const limits = { graceUnloadMs: GRACE_MS, graceBrokenMs: GRACE_MS, pingMs: 500, pongDeadlineMs: 2_000 };
  cluster = await AppCluster.start({ limits });
});
after(() => cluster.stop());

const connectionsOf = (tab: Tab, user: string) => tab.badges().find(({ id }) => id === user)?.connections;

async function threeTabs(doors: readonly number[]): Promise<void> {
  const room = cluster.room();
  const onlookers = [
    await cluster.open(0, { user: "eve", room, watches: true }),
    await cluster.open(1, { user: "eva", room, watches: true }),
  ];
  const tabs: Tab[] = [];
  for (const door of doors) tabs.push(await cluster.open(door, { user: "ann", room }));
  for (const [i, tab] of tabs.entries()) tab.point(i, i);
  const see = (connections: number) =>
    until(
      () => onlookers.every((each) => connectionsOf(each, "ann") === connections && each.cursors.size === connections),
      () => [connections, onlookers.map((each) => [each.badges(), [...each.cursors]])],
    );
  await see(3);
  await checkInvariants(cluster, room);
  tabs[0]!.close();
  await see(2);
  for (const each of onlookers) assert.equal(each.cursors.has(tabs[0]!.connectionId), false);
  tabs[1]!.terminate();
  await see(1);
  for (const each of onlookers) assert.deepEqual([...each.cursors], [tabs[2]!.connectionId]);
  for (const { changes } of onlookers) assert.deepEqual(changes, ["+ann"]);
  const closedAt = performance.now();
  tabs[2]!.close();
  await until(() => onlookers.every(({ changes }) => changes.length === 2));
  for (const { heard } of onlookers) {
    assert.equal(heard[1]!.change, "-ann");
    assert.ok(heard[1]!.at - closedAt > GRACE_MS / 2, "she left before her grace was over");
  }
  await checkInvariants(cluster, room, { left: ["ann"] });
  await checkRest(cluster);
}

test("three tabs on one node are one person, who leaves with the last of them, after its grace", () =>
  threeTabs([0, 0, 0]));

test("three tabs on two nodes are one person, who leaves with the last of them, after its grace", () =>
  threeTabs([0, 1, 0]));

test("a page that is reloaded again and again, now here, now there, is no event for the others", async () => {
  const room = cluster.room();
  const onlookers = [
    await cluster.open(0, { user: "eve", room, watches: true }),
    await cluster.open(1, { user: "eva", room, watches: true }),
  ];
  let ann = await cluster.open(0, { user: "ann", room });
  await until(() => onlookers.every((each) => each.count() === 1));
  for (let i = 0; i < 16; i += 1) {
    ann.point(i, i);
    ann.close();
    // A browser that loads a page is away for so long.
    await new Promise((resolve) => setTimeout(resolve, i % 4 === 3 ? 250 : 50));
    ann = await cluster.open(i % 2, { user: "ann", room });
  }
  // What the reloads left to end has ended.
  await until(async () =>
    (await Promise.all(cluster.nodes.map((node) => node.ask("stats")))).every(
      ({ pages }, i) => pages === (i === 1 ? 2 : 1),
    ),
  );
  for (const { changes, counts, cursors } of onlookers) {
    assert.deepEqual(changes, ["+ann"]);
    assert.deepEqual(counts, [0, 1]);
    assert.deepEqual([...cursors], []);
  }
  for (const node of cluster.nodes) assert.deepEqual(await node.ask("cursors", `room:${room}`), []);
  await checkInvariants(cluster, room);
  await checkRest(cluster);
});

test("a link that swallows everything is given up by both ends, and who finds a way within the grace never left", async () => {
  const room = cluster.room();
  const eve = await cluster.open(1, { user: "eve", room, watches: true });
  const own = await cluster.door(0);
  const ann = await cluster.open(own, { user: "ann", room, haste: 20 });
  await until(() => eve.count() === 1);
  const [one] = cluster.nodes;
  const { sockets } = await one!.ask("stats");
  assert.equal(sockets, 1);
  cluster.doors[own]!.blackhole();
  await until(() => !ann.isJoined);
  await until(async () => (await one!.ask("stats")).sockets === 0);
  assert.equal(connectionsOf(eve, "ann") ?? 0, 0);
  cluster.doors[own]!.forward();
  await until(() => ann.isJoined);
  assert.deepEqual(eve.changes, ["+ann"]);
  assert.deepEqual([ann.opens, ann.mounts], [2, 1]);
  await checkInvariants(cluster, room);
  await checkRest(cluster);
});
