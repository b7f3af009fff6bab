import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeConnection } from "../testing/fake-connection.js";
import { PresenceCluster } from "../testing/presence-cluster.js";

const KEY = "lobby";

test("who is silent for more than a minute is gone by itself, and who was heard stays", async () => {
  const { cluster, presence, room, told, add } = begin();
  const heard = await add("heard");
  await add("silent");
  await cluster.advance(40_000);
  await presence.touch(heard);
  await cluster.advance(19_900);
  assert.deepEqual(room.users(), ["heard", "silent"]);
  await cluster.advance(1_500);
  assert.deepEqual(room.users(), ["heard"]);
  await cluster.advance(60_000);
  assert.deepEqual(room.users(), []);
  assert.deepEqual(told, ["+heard", "+silent", "bulk", "bulk"]);
});

test("the many that a prune ends are one change of the room, and each is a leave", async () => {
  const { cluster, presence, room, told, add } = begin();
  const leaves: string[] = [];
  for (const user of ["ada", "bob", null]) await add(user);
  presence.on("leave", ({ person }) => leaves.push(person.id));
  told.length = 0;
  await cluster.advance(10);
  const gone = await cluster.until(room.prune({ maxAgeMs: 5 }));
  assert.deepEqual(told, ["bulk"]);
  assert.equal(leaves.length, 3);
  assert.deepEqual(gone.map(({ id }) => id).toSorted(), leaves.toSorted());
});

test("the age must be exceeded: who is as old as allowed stays", async () => {
  const { cluster, room, told, add } = begin();
  await add("ada");
  await cluster.advance(5_000);
  const age = cluster.clock.now();
  assert.deepEqual(await cluster.until(room.prune({ maxAgeMs: age })), []);
  assert.deepEqual(told, ["+ada"]);
  assert.equal((await cluster.until(room.prune({ maxAgeMs: age - 1 }))).length, 1);
});

test("an age of zero ends everybody who was not heard right now", async () => {
  const { cluster, presence, room, add } = begin();
  const now = await add("now");
  await add("before");
  await cluster.advance(1);
  await presence.touch(now);
  await cluster.until(room.prune({ maxAgeMs: 0 }));
  assert.deepEqual(room.users(), ["now"]);
});

test("a prune that finds nobody tells nothing, nor does one of a room that is not there", async () => {
  const { cluster, presence, room, told, add } = begin();
  await add("ada");
  assert.deepEqual(await cluster.until(room.prune()), []);
  assert.deepEqual(await presence.room("elsewhere").prune({ maxAgeMs: 0 }), []);
  assert.deepEqual(told, ["+ada"]);
});

test("a prune of one room leaves the others as they are", async () => {
  const { cluster, presence, room, add } = begin();
  const socket = await add("ada");
  const other = presence.room("other");
  await cluster.until(other.add(socket, { user: "ada" }));
  await cluster.advance(10);
  await cluster.until(room.prune({ maxAgeMs: 5 }));
  assert.deepEqual([room.users(), other.users()], [[], ["ada"]]);
});

test("a touch counts for all rooms of the connection and for no other connection", async () => {
  const { cluster, presence, room, add } = begin();
  const [ada] = [await add("ada"), await add("bob")];
  const other = presence.room("other");
  await cluster.until(other.add(ada, { user: "ada" }));
  await cluster.advance(50_000);
  await presence.touch(ada);
  await cluster.advance(20_000);
  assert.deepEqual([room.users(), other.users()], [["ada"], ["ada"]]);
});

test("a prune and a touch at the same time keep the presence", async () => {
  const { cluster, presence, room, told, add } = begin();
  const socket = await add(null);
  const [before] = room.presences();
  await cluster.advance(100);
  await cluster.until(Promise.all([room.prune({ maxAgeMs: 50 }), presence.touch(socket)]));
  await cluster.until(Promise.all([presence.touch(socket), room.prune({ maxAgeMs: 50 })]));
  await cluster.advance(100);
  assert.deepEqual(
    room.presences().map(({ id }) => id),
    [before!.id],
  );
  assert.deepEqual(told, [`+${before!.id}`]);
});

test("who was pruned hears nothing, and is back as the same with the next sign of life, in every room", async () => {
  const { cluster, presence, room, told, add } = begin();
  const socket = await add(null);
  const other = presence.room("other");
  await cluster.until(other.add(socket, { user: "ada", meta: { name: "Ada" } }));
  const [before] = room.presences();
  await cluster.advance(62_000);
  await room.broadcast("while away");
  assert.deepEqual([room.presences(), other.users(), socket.sent], [[], [], []]);
  await cluster.until(presence.touch(socket));
  assert.equal(room.presences()[0]?.id, before!.id);
  assert.deepEqual(other.presences()[0]?.meta, { name: "Ada" });
  await room.broadcast("back");
  assert.deepEqual(socket.sent, ["back"]);
  assert.deepEqual(told.slice(-2), [`+${before!.id}`, "+ada"]);
});

test("who was pruned and then left, or removed, does not come back", async () => {
  const { cluster, presence, room, add } = begin();
  const [left, removed] = [await add("left"), await add("removed")];
  await cluster.advance(62_000);
  await presence.leaveAll(left);
  await room.remove(removed);
  await cluster.until(Promise.all([presence.touch(left), presence.touch(removed)]));
  assert.deepEqual(room.users(), []);
});

test("who was disconnected by order while he was pruned does not come back with a sign of life", async () => {
  const { cluster, presence, room, add } = begin();
  const [everywhere, here, other] = [await add("everywhere"), await add("here"), await add("other")];
  await presence.disconnectUser("other");
  await cluster.until(room.add(other, { user: "other" }));
  await cluster.advance(62_000);
  await presence.disconnectUser("everywhere");
  await presence.disconnectUser("here", { key: KEY });
  await presence.disconnectUser("other", { key: "elsewhere" });
  await cluster.until(Promise.all([everywhere, here, other].map((socket) => presence.touch(socket))));
  assert.deepEqual(room.users(), ["other"]);
  assert.deepEqual([everywhere.closedWith, here.closedWith], [[4401, "disconnected"], null]);
});

test("a silent connection is closed where that was asked for, and does not come back", async () => {
  const { cluster, presence, room, add } = begin();
  const [closed, kept] = [new FakeConnection(), await add("kept")];
  await cluster.until(room.add(closed, { user: "closed", whenSilent: "close" }));
  await cluster.until(room.add({ send: () => {} }, { user: "bare", whenSilent: "close" }));
  await cluster.advance(62_000);
  assert.deepEqual([closed.closedWith, kept.closedWith], [[4408, "silent"], null]);
  await cluster.until(presence.touch(closed));
  assert.deepEqual(room.users(), []);
});

test("one of two tabs that is pruned is no change of who is here", async () => {
  const { cluster, presence, room, told, add } = begin();
  const socket = await add("ada");
  await add("ada");
  await cluster.advance(40_000);
  await presence.touch(socket);
  await cluster.advance(30_000);
  assert.deepEqual([told, room.presences()[0]?.connections], [["+ada"], 1]);
});

test("a process that was stopped reads what waits before it takes anybody for silent", async () => {
  const { cluster, member, presence, room, add } = begin();
  const socket = await add("ada");
  await add("silent");
  await cluster.advance(1_000);
  member.freeze();
  await cluster.advance(300_000);
  member.thaw();
  assert.deepEqual(room.users(), ["ada", "silent"]);
  await presence.touch(socket);
  await cluster.advance(5_000);
  assert.deepEqual(room.users(), ["ada"]);
});

test("nothing runs for connections when nobody is there, and nothing after the end", async () => {
  const { cluster, member, presence, room, add } = begin();
  await member.node.start();
  const idle = cluster.clock.timers;
  const socket = await add("ada");
  assert.ok(cluster.clock.timers > idle);
  await cluster.until(presence.leaveAll(socket));
  await cluster.advance(61_000);
  assert.equal(cluster.clock.timers, idle);
  await cluster.until(room.add(socket));
  await presence.close();
  await cluster.advance(120_000);
  await presence.touch(socket);
  assert.equal(socket.closedWith, null);
  assert.equal(cluster.clock.timers, 0);
});

function begin() {
  const cluster = new PresenceCluster();
  const member = cluster.start();
  const { presence } = member;
  const told: string[] = [];
  presence.on("change", ({ added, removed, bulk }) => {
    told.push(bulk ? "bulk" : added ? `+${added.id}` : `-${removed!.id}`);
  });
  const room = presence.room(KEY);
  const add = async (user: string | null) => {
    const socket = new FakeConnection();
    await cluster.until(room.add(socket, { user }));
    return socket;
  };
  return { cluster, member, presence, told, room, add };
}
