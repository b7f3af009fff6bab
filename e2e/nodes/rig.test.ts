import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../../src/testing/until.js";
import { AppCluster } from "./cluster.js";
import { checkInvariants, checkRest, checkStory } from "./invariants.js";
import { fetchPage, Tab } from "./tab.js";

let cluster: AppCluster;
before(async () => {
  cluster = await AppCluster.start();
});
after(() => cluster.stop());

test("two nodes show one room, and nothing is left behind it", async () => {
  const room = cluster.room();
  const eve = await cluster.open(1, { user: "eve", room, watches: true });
  const ann = await cluster.open(0, { user: "ann", room });
  await checkInvariants(cluster, room);
  assert.deepEqual(eve.changes, ["+ann"]);
  await ann.leave();
  await until(() => eve.changes.length === 2);
  await checkInvariants(cluster, room, { left: ["ann"] });
  await checkRest(cluster);
});

test("a tab comes back as a browser does: resumed on its node, mounted anew on another", async () => {
  const room = cluster.room();
  const ann = await cluster.open(0, { user: "ann", room });
  const { connectionId } = ann;
  ann.cut();
  await until(() => ann.opens === 2 && ann.isJoined);
  assert.deepEqual([ann.mounts, ann.connectionId === connectionId], [1, true]);
  cluster.lead(0, 1);
  ann.cut();
  await until(() => ann.opens === 3 && ann.isJoined);
  assert.deepEqual([ann.mounts, ann.connectionId === connectionId], [2, false]);
  cluster.lead(0, 0);
  await ann.leave();
  await checkRest(cluster);
});

test("the checks bite: a ghost, one who vanished, a story told twice, other HTML, something left behind", async () => {
  const room = cluster.room();
  const key = `room:${room}`;
  const ann = await cluster.open(0, { user: "ann", room });
  await checkInvariants(cluster, room);
  const soon = { deadlineMs: 300 };
  const ghost = await cluster.store.addBot(key, "ghost", { name: "ghost" });
  await assert.rejects(checkInvariants(cluster, room, soon), /did not come to be so in time.*ghost/s);
  await checkInvariants(cluster, room, { others: ["ghost"] });
  await ghost.leave();
  await assert.rejects(checkInvariants(cluster, room), /ghost vanished/);
  await checkInvariants(cluster, room, { left: ["ghost"] });
  const said = { at: 0, self: false, mount: 1 };
  const none = new Set<string>();
  const story = (...changes: string[]) =>
    Object.assign(Object.create(ann) as Tab, { heard: changes.map((change) => ({ change, ...said })) });
  checkStory(story("+ann", "+bob", "-bob"), new Set(["ann"]), new Set(["bob"]));
  assert.throws(() => checkStory(story("+ann", "+bob", "-bob"), new Set(["ann"]), none), /bob vanished/);
  assert.throws(
    () => checkStory(story("+ann", "+bob", "+bob"), new Set(["ann", "bob"]), none),
    /bob came or left twice/,
  );
  assert.throws(() => checkStory(story("+ann", "+bob"), new Set(["ann"]), none), /does not end with ann:/);
  assert.throws(() => checkStory(story("+ann"), new Set(["ann", "bob"]), none), /does not end with ann, bob:/);
  ann.html = () => `${Tab.prototype.html.call(ann)}<i></i>`;
  await assert.rejects(checkInvariants(cluster, room, { left: ["ghost"] }), /is another than a fresh one/);
  await assert.rejects(checkRest(cluster, { ...soon, keeps: [ann] }), /did not come to be so in time.*"pages":1/s);
  await checkRest(cluster);
});

test("the faults bite: a stopped node answers nobody, a killed one refuses, a rejection is noticed", async () => {
  const room = cluster.room();
  const page = { user: "ann", room, origin: cluster.origin(0) };
  const [one] = cluster.nodes;
  one!.pause();
  let isAnswered = false;
  const answer = fetchPage(page).finally(() => (isAnswered = true));
  await fetchPage({ ...page, origin: cluster.origin(1) });
  assert.equal(isAnswered, false);
  one!.goOn();
  assert.equal((await answer).status, 200);
  await one!.ask("reject", "nobody handles this");
  await until(() => one!.failures.length === 1);
  await assert.rejects(checkInvariants(cluster, room), /nobody handles this/);
  await one!.kill();
  await assert.rejects(fetchPage(page));
  await assert.rejects(one!.ask("stats"), /has ended/);
  const two = await cluster.replace(0);
  assert.equal((await fetchPage(page)).status, 200);
  process.kill(two.pid, "SIGKILL");
  await until(() => two.failures.length === 1);
  assert.match(two.failures[0]!, /ended with SIGKILL/);
});
