import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeConnection } from "../testing/fake-connection.js";
import { PresenceCluster, type ClusterNode } from "../testing/presence-cluster.js";
import type { Connection } from "./connection.js";
import { PresenceManager } from "./manager.js";
import { PlainRooms } from "./plain-rooms.js";

const KEY = "lobby";

test("adding makes the room and the presence, tells it once, and resolves with it", async () => {
  const { cluster, presence, room, told } = begin();
  const ada = await cluster.until(room.add(new FakeConnection(), { user: "ada", meta: { name: "Ada" } }));
  assert.deepEqual([ada.id, ada.name, ada.connections], ["ada", "Ada", 1]);
  assert.deepEqual(room.presences(), [ada]);
  assert.deepEqual([room.key, `${room}`, presence.room(KEY).presences()], [KEY, KEY, [ada]]);
  assert.deepEqual(told, ["+ada"]);
});

test("adding again tells nothing, and is a sign of life", async () => {
  const { cluster, room, told } = begin();
  const socket = new FakeConnection();
  await cluster.until(room.add(socket, { user: "ada", meta: { name: "Ada" } }));
  await cluster.advance(50_000);
  const again = await cluster.until(room.add(socket));
  assert.deepEqual([again.id, again.name, again.connections], ["ada", "Ada", 1]);
  await cluster.advance(50_000);
  assert.deepEqual(told, ["+ada"]);
  assert.deepEqual(room.users(), ["ada"]);
});

test("adding again with another meta is an update, which the list shows", async () => {
  const { cluster, room, told, people } = begin();
  const socket = new FakeConnection();
  await cluster.until(room.add(socket, { user: "ada", meta: { name: "Ada" } }));
  assert.equal((await cluster.until(room.add(socket, { meta: { name: "Countess" } }))).name, "Countess");
  assert.deepEqual([told, people], [["+ada"], ["join ada", "update ada"]]);
});

test("known and anonymous people are told apart: users once each, anonymous connections counted", async () => {
  const { cluster, room } = begin();
  for (const user of ["ada", "ada", "bob"]) await cluster.until(room.add(new FakeConnection(), { user }));
  for (const user of [null, undefined]) await cluster.until(room.add(new FakeConnection(), { user }));
  assert.deepEqual(room.users(), ["ada", "bob"]);
  assert.equal(room.anonymousCount(), 2);
  assert.equal(room.presences().length, 4);
});

test("who was anonymous becomes known in place: an update, the same place in the list, no leave and no join", async () => {
  const { cluster, room, told, people } = begin();
  const socket = new FakeConnection();
  const guest = await cluster.until(room.add(socket, { meta: { name: "Guest" } }));
  await cluster.advance(100);
  await cluster.until(room.add(new FakeConnection(), { user: "bob" }));
  const ada = await cluster.until(room.add(socket, { user: "ada" }));
  assert.deepEqual([ada.id, ada.name, ada.joinedAt], ["ada", "Guest", guest.joinedAt]);
  assert.deepEqual([room.users(), room.anonymousCount()], [["ada", "bob"], 0]);
  assert.deepEqual(told, [`+${guest.id}`, "+bob", "bulk"]);
  assert.deepEqual(people, [`join ${guest.id}`, "join bob", "update ada"]);
  await cluster.until(room.remove(socket));
  assert.equal(told.at(-1), "-ada");
});

test("who becomes known and is here already is one person; the anonymous one is gone", async () => {
  const { cluster, room, told } = begin();
  const socket = new FakeConnection();
  await cluster.until(room.add(new FakeConnection(), { user: "ada" }));
  const guest = await cluster.until(room.add(socket));
  const ada = await cluster.until(room.add(socket, { user: "ada" }));
  assert.equal(ada.connections, 2);
  assert.deepEqual(told, ["+ada", `+${guest.id}`, `-${guest.id}`]);
});

test("removing tells it, and who leaves hears neither that nor anything later", async () => {
  const { cluster, presence, room, told } = begin();
  const [ada, bob] = [new FakeConnection(), new FakeConnection()];
  await cluster.until(room.add(ada, { user: "ada" }));
  await cluster.until(room.add(bob, { user: "bob" }));
  presence.on("change", (change) => change.room.broadcast({ users: change.room.users() }));
  assert.equal((await cluster.until(room.remove(ada)))?.id, "ada");
  assert.deepEqual([ada.sent, bob.sent], [[], ['{"users":["bob"]}']]);
  assert.deepEqual(told, ["+ada", "+bob", "-ada"]);
});

test("who joins hears that he joined", async () => {
  const { cluster, presence, room } = begin();
  const socket = new FakeConnection();
  presence.on("change", ({ added, room: where }) => where.broadcast(`${added!.id} came`));
  await cluster.until(room.add(socket, { user: "ada" }));
  assert.deepEqual(socket.sent, ["ada came"]);
});

test("of two tabs the first to go is no leave", async () => {
  const { cluster, room, told } = begin();
  const [one, two] = [new FakeConnection(), new FakeConnection()];
  for (const socket of [one, two]) await cluster.until(room.add(socket, { user: "ada" }));
  assert.equal(await cluster.until(room.remove(one)), null);
  assert.equal((await cluster.until(room.remove(two)))?.id, "ada");
  assert.deepEqual(told, ["+ada", "-ada"]);
});

test("removing who is not there, from a room that is not there, is nothing", async () => {
  const { cluster, presence, room, told } = begin();
  await cluster.until(room.add(new FakeConnection(), { user: "ada" }));
  assert.equal(await room.remove(new FakeConnection()), null);
  assert.equal(await presence.room("elsewhere").remove(new FakeConnection()), null);
  await presence.leaveAll(new FakeConnection());
  await presence.touch(new FakeConnection());
  assert.deepEqual(told, ["+ada"]);
});

test("removing twice at once is one leave", async () => {
  const { cluster, room, told } = begin();
  const socket = new FakeConnection();
  await cluster.until(room.add(socket, { user: "ada" }));
  const both = await cluster.until(Promise.all([room.remove(socket), room.remove(socket)]));
  assert.deepEqual(
    both.map((person) => person?.id ?? null),
    ["ada", null],
  );
  assert.deepEqual(told, ["+ada", "-ada"]);
});

test("what is asked at once happens in its order, whatever the order", async () => {
  const { cluster, room, node } = begin();
  const [stays, goes] = [new FakeConnection(), new FakeConnection()];
  const ada = { user: "ada" };
  await cluster.until(Promise.all([room.add(stays, ada), room.remove(stays), room.add(stays, ada)]));
  await cluster.until(Promise.all([room.add(goes, { user: "bob" }), room.add(goes), room.remove(goes)]));
  assert.deepEqual(room.users(), ["ada"]);
  await cluster.until(room.remove(stays));
  await cluster.advance(1_100);
  assert.equal(node.rooms.length, 0);
});

test("a connection that ends while it is being added is in no room", async () => {
  const { cluster, presence, room } = begin();
  const socket = new FakeConnection();
  const adding = room.add(socket, { user: "ada" });
  await cluster.until(Promise.all([adding, presence.leaveAll(socket)]));
  assert.deepEqual(room.presences(), []);
});

test("leaving all rooms tells each of them once", async () => {
  const { cluster, presence, told } = begin();
  const socket = new FakeConnection();
  for (const key of ["a", "b", "c"]) await cluster.until(presence.room(key).add(socket, { user: "ada" }));
  told.length = 0;
  const heard: string[] = [];
  presence.on("change", ({ room, removed }) => heard.push(`${room.key} ${removed?.id}`));
  await cluster.until(presence.leaveAll(socket));
  assert.deepEqual(heard.toSorted(), ["a ada", "b ada", "c ada"]);
});

test("an empty room is let go of by node and store, one with people is kept", async () => {
  const { cluster, presence, node } = begin();
  const socket = new FakeConnection();
  for (const key of ["a", "b"]) await cluster.until(presence.room(key).add(socket));
  await cluster.until(presence.room("a").remove(socket));
  await cluster.advance(50_000);
  await presence.touch(socket);
  await cluster.advance(5_000);
  assert.deepEqual(
    node.rooms.map(({ key }) => key),
    ["b"],
  );
  assert.deepEqual([...cluster.store.rooms.keys()], ["b"]);
});

test("nothing is kept of a room that everybody left, or that nobody could enter", async () => {
  const { cluster, node } = begin();
  const rooms = new PlainRooms(node);
  const [left, pruned] = [new FakeConnection(), new FakeConnection()];
  await cluster.until(rooms.add("left", left, {}));
  await cluster.until(rooms.add("pruned", pruned, {}));
  assert.equal(rooms.count, 2);
  await cluster.until(rooms.remove("left", left));
  assert.equal(rooms.count, 1);
  await cluster.advance(62_000);
  assert.equal(rooms.count, 0);
  await node.close();
  await assert.rejects(rooms.add("refused", left, {}), { code: "SERVER_CLOSED" });
  assert.equal(rooms.count, 0);
});

test("a broadcast reaches every connection of the room on every node, once, but the excepted", async () => {
  const { cluster, room, presence } = begin();
  const far = cluster.start().presence.room(KEY);
  const [ada, bob, eve, other] = [0, 1, 2, 3].map(() => new FakeConnection());
  await cluster.until(room.add(ada!));
  await cluster.until(room.add(bob!));
  await cluster.until(far.add(eve!));
  await cluster.until(presence.room("elsewhere").add(other!));
  await room.broadcast({ text: "hi" }, { except: ada! });
  await room.broadcast('"as it is"');
  await far.broadcast(null);
  await cluster.advance(10);
  assert.deepEqual(ada!.sent, ['"as it is"', "null"]);
  for (const each of [bob, eve]) assert.deepEqual(each!.sent, ['{"text":"hi"}', '"as it is"', "null"]);
  assert.deepEqual(other!.sent, []);
});

test("one who is in no room can broadcast to it", async () => {
  const { cluster, room } = begin();
  const far = cluster.start().presence.room(KEY);
  const socket = new FakeConnection();
  await cluster.until(room.add(socket));
  await far.broadcast("news");
  assert.deepEqual(socket.sent, ["news"]);
});

test("a connection that cannot be sent to keeps nothing from the others", async () => {
  const { cluster, room } = begin();
  const broken: Connection = {
    send: () => {
      throw new Error("not open");
    },
  };
  const socket = new FakeConnection();
  await cluster.until(room.add(broken));
  await cluster.until(room.add(socket));
  await room.broadcast("news");
  assert.deepEqual(socket.sent, ["news"]);
});

test("what is no JSON, no user or no key is refused before anything happens", async () => {
  const { cluster, room, presence } = begin();
  const socket = new FakeConnection();
  await cluster.until(room.add(socket, { user: "ada" }));
  for (const message of [undefined, 1n, () => {}]) {
    await assert.rejects(room.broadcast(message), { code: "EVENT_INVALID" });
  }
  assert.throws(() => presence.room(""), { code: "PRESENCE_KEY_INVALID" });
  await assert.rejects(room.add(new FakeConnection(), { user: "" }), { code: "PRESENCE_USER_INVALID" });
  await assert.rejects(room.add(new FakeConnection(), { meta: { id: 1 } as never }), { code: "PRESENCE_META_INVALID" });
  assert.deepEqual([socket.sent, room.presences().length], [[], 1]);
});

test("a listener that throws or rejects breaks neither join nor leave nor the other listeners", async () => {
  const { cluster, presence, room } = begin();
  const heard: string[] = [];
  presence.on("change", () => {
    throw new Error("bad listener");
  });
  presence.on("change", () => Promise.reject(new Error("bad promise")));
  const stop = presence.on("change", ({ added, removed }) => heard.push((added ?? removed)!.id));
  const socket = new FakeConnection();
  await cluster.until(room.add(socket, { user: "ada" }));
  await cluster.until(room.remove(socket));
  stop();
  await cluster.until(room.add(socket, { user: "ada" }));
  assert.deepEqual(heard, ["ada", "ada"]);
});

test("both nodes show the same people and tell the same changes", async () => {
  const { cluster, room, told } = begin();
  const far = watch(cluster.start());
  const socket = new FakeConnection();
  const steps = [
    () => far.room.add(new FakeConnection(), { user: "eve" }),
    () => room.add(socket),
    () => room.add(socket, { user: "ada" }),
    () => room.remove(socket),
  ];
  for (const step of steps) {
    await cluster.until<unknown>(step());
    await cluster.advance(100);
  }
  assert.deepEqual(room.users(), []);
  assert.deepEqual(far.room.users(), ["eve"]);
  assert.deepEqual(far.told.slice(-3), told.slice(-3));
});

test("while the store does not answer, the people of this process come, talk and go", async () => {
  const cluster = new PresenceCluster();
  const started = cluster.start();
  const { room, told } = watch(started);
  const [ada, bob] = [new FakeConnection(), new FakeConnection()];
  await cluster.until(room.add(ada, { user: "ada" }));
  started.link.isCut = true;
  assert.equal((await cluster.until(room.add(bob, { user: "bob" }))).id, "bob");
  await room.broadcast("hello", { except: bob });
  await cluster.until(room.remove(bob));
  assert.deepEqual([ada.sent, bob.sent, room.users()], [["hello"], [], ["ada"]]);
  started.link.isCut = false;
  await cluster.advance(10_000);
  assert.deepEqual([room.users(), told], [["ada"], ["+ada", "+bob", "-bob"]]);
});

test("who has to go is out of the room at once, and its socket is closed when no room is named", async () => {
  const { cluster, presence, room } = begin();
  const [ada, bob] = [new FakeConnection(), new FakeConnection()];
  await cluster.until(room.add(ada, { user: "ada" }));
  await cluster.until(room.add(bob, { user: "bob" }));
  await presence.disconnectUser("bob", { key: KEY });
  await presence.disconnectUser("ada");
  await cluster.advance(1_100);
  await room.broadcast("news");
  assert.deepEqual([ada.sent, bob.sent, room.users()], [[], [], []]);
  assert.deepEqual([ada.closedWith, bob.closedWith], [[4401, "disconnected"], null]);
});

test("an order that comes while a connection is on its way into a room keeps it out", async () => {
  const { cluster, presence, room, told } = begin();
  const [everywhere, here, elsewhere, later] = [0, 1, 2, 3].map(() => new FakeConnection());
  const refused = { code: "PRESENCE_FORBIDDEN", status: 403 };
  const adding = [everywhere!, here!].map((socket, i) => assert.rejects(room.add(socket, { user: `u${i}` }), refused));
  const kept = room.add(elsewhere!, { user: "u2" });
  await Promise.all([
    presence.disconnectUser("u0"),
    presence.disconnectUser("u1", { key: KEY }),
    presence.disconnectUser("u2", { key: "elsewhere" }),
  ]);
  const back = room.add(later!, { user: "u0" });
  await cluster.until(Promise.all([...adding, kept, back]));
  assert.deepEqual([everywhere!.closedWith, here!.closedWith], [[4401, "disconnected"], null]);
  assert.deepEqual(
    [room.users(), told],
    [
      ["u0", "u2"],
      ["+u0", "+u2"],
    ],
  );
  await room.broadcast("news");
  assert.deepEqual([everywhere!.sent, here!.sent], [[], []]);
});

test("an order that comes while a connection's name is being written takes it out again", async () => {
  const { cluster, presence, room } = begin();
  await cluster.until(room.add(new FakeConnection(), { user: "bob" }));
  const socket = new FakeConnection();
  const adding = room.add(socket, { user: "ada" });
  for (let i = 0; i < 20 && !room.users().includes("ada"); i += 1) await Promise.resolve();
  await presence.disconnectUser("ada");
  await cluster.until(adding);
  await cluster.advance(100);
  assert.deepEqual([room.users(), socket.closedWith], [["bob"], [4401, "disconnected"]]);
});

test("a manager of its own serves rooms without any view, and refuses when it is closed", async () => {
  const presence = new PresenceManager();
  const room = presence.room(KEY);
  const socket = new FakeConnection();
  assert.equal((await room.add(socket, { user: "ada" })).id, "ada");
  await room.broadcast("hello");
  assert.deepEqual(socket.sent, ["hello"]);
  await presence.close();
  await assert.rejects(room.add(new FakeConnection()), { code: "SERVER_CLOSED" });
});

function begin() {
  const cluster = new PresenceCluster();
  return { cluster, ...watch(cluster.start()) };
}

function watch({ node, presence }: ClusterNode) {
  const told: string[] = [];
  const people: string[] = [];
  presence.on("change", ({ added, removed, bulk }) => {
    assert.equal([added, removed, bulk || null].filter((each) => each !== null).length, 1);
    told.push(bulk ? "bulk" : added ? `+${added.id}` : `-${removed!.id}`);
  });
  for (const event of ["join", "update", "leave"] as const) {
    presence.on(event, ({ person }) => people.push(`${event} ${person.id}`));
  }
  return { node, presence, told, people, room: presence.room<{ name?: string }>(KEY) };
}
