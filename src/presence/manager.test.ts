import assert from "node:assert/strict";
import { test } from "node:test";
import { PresenceCluster } from "../testing/presence-cluster.js";
import { silentLogger } from "../testing/silent-logger.js";
import { FakeConnection } from "../testing/fake-connection.js";
import { PresenceManager as Manager, type JoinOptions, type PresenceManager } from "./manager.js";

const KEY = "doc:1";

test("who joins is listed, counted and returned; who leaves is returned and gone", async () => {
  const { cluster, presence } = begin();
  const ann = await cluster.until(presence.joinPresence(KEY, "ann", { name: "Ann" }));
  assert.deepEqual([ann.id, ann.name, ann.connections, ann.status], ["ann", "Ann", 1, "active"]);
  assert.deepEqual(await presence.listPresences(KEY), [ann]);
  assert.equal(await presence.presenceCount(KEY), 1);
  assert.deepEqual(await cluster.until(presence.leavePresence(KEY, "ann")), ann);
  assert.deepEqual([...(await presence.listPresences(KEY))], []);
  assert.equal(await cluster.until(presence.leavePresence(KEY, "ann")), null);
});

test("joining twice is one person with the newer meta", async () => {
  const { cluster, presence, told } = begin();
  const first = await cluster.until(presence.joinPresence(KEY, "ann", { name: "Ann" }));
  const second = await cluster.until(presence.joinPresence(KEY, "ann", { name: "Anna" }));
  assert.deepEqual([second.connections, second.name, second.joinedAt], [1, "Anna", first.joinedAt]);
  assert.deepEqual(told, ["+ann", "~ann"]);
});

test("devices are connections of their own; the last one to go is the leave", async () => {
  const { cluster, presence, told } = begin();
  await cluster.until(presence.joinPresence(KEY, "ann", {}, { connectionId: "phone" }));
  const both = await cluster.until(presence.joinPresence(KEY, "ann", {}, { connectionId: "desk" }));
  assert.equal(both.connections, 2);
  assert.equal(await cluster.until(presence.leavePresence(KEY, "ann", "phone")), null);
  const gone = await cluster.until(presence.leavePresence(KEY, "ann", "desk"));
  assert.equal(gone?.id, "ann");
  assert.deepEqual(told, ["+ann", "-ann"]);
});

test("who joined without a socket stays while heartbeats come, and leaves when they stop, though nobody lists the room", async () => {
  const { cluster, presence, told } = begin();
  await cluster.until(presence.joinPresence(KEY, "ann", {}));
  for (let i = 0; i < 8; i += 1) {
    await cluster.advance(30_000);
    assert.equal(await presence.updateHeartbeat(KEY, "ann"), true);
  }
  assert.deepEqual(told, ["+ann"]);
  await cluster.advance(59_000);
  assert.deepEqual(told, ["+ann"]);
  await cluster.advance(2_000);
  assert.deepEqual(told, ["+ann", "-ann"]);
});

test("a heartbeat from another node counts as well", async () => {
  const { cluster, presence } = begin();
  const other = cluster.start().presence;
  await cluster.until(presence.joinPresence(KEY, "ann", {}));
  for (let i = 0; i < 5; i += 1) {
    await cluster.advance(30_000);
    assert.equal(await other.updateHeartbeat(KEY, "ann"), true);
  }
  assert.equal(await presence.presenceCount(KEY), 1);
  await cluster.advance(80_000);
  assert.deepEqual([await presence.presenceCount(KEY), await other.presenceCount(KEY)], [0, 0]);
});

test("a heartbeat of who never joined makes nobody", async () => {
  const { presence } = begin();
  assert.equal(await presence.updateHeartbeat(KEY, "ghost"), false);
  assert.deepEqual([await presence.presenceCount(KEY), (await presence.listPresences(KEY)).length], [0, 0]);
});

test("who joined on a node that died leaves when the time is over", async () => {
  const cluster = new PresenceCluster();
  const [dead, alive] = [cluster.start(), cluster.start()];
  await alive.node.host("", "elsewhere");
  await cluster.until(dead.presence.joinPresence(KEY, "ann", {}));
  cluster.kill(dead);
  await cluster.advance(50_000);
  assert.equal(await alive.presence.presenceCount(KEY), 1);
  await cluster.advance(80_000);
  assert.equal(await alive.presence.presenceCount(KEY), 0);
});

test("the time to live can be chosen, and null is as long as the process", async () => {
  const { cluster, presence } = begin();
  const join = (user: string, options: JoinOptions) => cluster.until(presence.joinPresence(KEY, user, {}, options));
  await join("short", { ttlMs: 5_000 });
  await join("long", { ttlMs: null });
  await cluster.advance(6_000);
  assert.deepEqual(await ids(presence), ["long"]);
  await cluster.advance(600_000);
  assert.deepEqual(await ids(presence), ["long"]);
  assert.equal(await presence.updateHeartbeat(KEY, "long"), true);
  assert.equal((await cluster.until(presence.leavePresence(KEY, "long")))?.id, "long");
});

test("a bot stays until it leaves, and can change its meta", async () => {
  const { cluster, presence, told } = begin();
  const bot = await cluster.until(presence.addBot(KEY, "helper", { name: "Helper", busy: false }));
  await cluster.until(bot.update({ busy: true }));
  assert.deepEqual([bot.presence.name, bot.presence.busy], ["Helper", true]);
  await cluster.advance(600_000);
  assert.deepEqual(await ids(presence), ["helper"]);
  await cluster.until(bot.leave());
  assert.deepEqual(told, ["+helper", "~helper", "-helper"]);
  assert.equal(bot.presence.id, "helper");
});

test("the order is who came first, and a heartbeat does not change it", async () => {
  const { cluster, presence } = begin();
  for (const id of ["zoe", "ann", "bob"]) {
    await cluster.until(presence.joinPresence(KEY, id, {}));
    await cluster.advance(10);
  }
  await presence.updateHeartbeat(KEY, "zoe");
  assert.deepEqual(await ids(presence), ["zoe", "ann", "bob"]);
  assert.deepEqual(
    (await presence.listPresences(KEY, { limit: 2 })).map(({ id }) => id),
    ["zoe", "ann"],
  );
});

test("rooms are apart, also those whose keys look alike", async () => {
  const { cluster, presence } = begin();
  const keys = ["a:b_c", "a_b:c", "a:b:c", "A:b_c", "a%3Ab_c", "a:b_c ", "__proto__", "é", "e\u0301"];
  for (const [i, key] of keys.entries()) await cluster.until(presence.joinPresence(key, `user${i}`, {}));
  for (const [i, key] of keys.entries()) {
    assert.deepEqual(
      (await presence.listPresences(key)).map(({ id }) => id),
      [`user${i}`],
    );
  }
  assert.equal(new Set(keys.map((key) => presence.presenceGroupName(key))).size, keys.length);
  assert.match(presence.presenceGroupName("a:b {c}"), /^[\w%]+$/);
});

test("the count is the length of the list, on every node, hosted or not", async () => {
  const { cluster, presence } = begin();
  const other = cluster.start().presence;
  for (let i = 0; i < 25; i += 1) {
    void presence.joinPresence(KEY, `user${i % 20}`, {}, { connectionId: `c${i}` });
  }
  await cluster.advance(1_000);
  for (const each of [presence, other]) {
    assert.equal(await each.presenceCount(KEY), 20);
    assert.equal((await each.listPresences(KEY)).length, 20);
  }
});

test("what callers get cannot change the store", async () => {
  const { cluster, presence } = begin();
  const meta = { name: "Ann", at: { line: 1 } };
  const ann = await cluster.until(presence.joinPresence(KEY, "ann", meta));
  meta.at.line = 99;
  assert.throws(() => ((ann as { name: string }).name = "Eve"), TypeError);
  assert.throws(() => ((ann.meta.at as { line: number }).line = 2), TypeError);
  assert.throws(() => (ann.metas as unknown[]).pop(), TypeError);
  const [listed] = await presence.listPresences<typeof meta>(KEY);
  assert.equal(listed!.at.line, 1);
});

test("bad input is refused before anything is stored", async () => {
  const { cluster, presence } = begin();
  await assert.rejects(presence.joinPresence("", "ann", {}), { code: "PRESENCE_KEY_INVALID" });
  await assert.rejects(presence.joinPresence("\ud800", "ann", {}), { code: "PRESENCE_KEY_INVALID" });
  await assert.rejects(presence.joinPresence(KEY, "", {}), { code: "PRESENCE_USER_INVALID" });
  await assert.rejects(presence.joinPresence(KEY, 1 as never, {}), { code: "PRESENCE_USER_INVALID" });
  await assert.rejects(presence.joinPresence(KEY, "ann", { at: new Date() }), { code: "PRESENCE_META_INVALID" });
  await assert.rejects(presence.joinPresence(KEY, "ann", { id: 1 }), { code: "PRESENCE_META_INVALID" });
  for (const connectionId of ["", "\ud800", "x".repeat(1_025), 1 as never]) {
    await assert.rejects(presence.joinPresence(KEY, "ann", {}, { connectionId }), { code: "OPTION_INVALID" });
  }
  for (const ttlMs of [0, -1, NaN, Infinity, "60" as never]) {
    await assert.rejects(presence.joinPresence(KEY, "ann", {}, { ttlMs }), { code: "OPTION_INVALID" });
  }
  const bot = await cluster.until(presence.addBot(KEY, "bot", { name: "b" }));
  await assert.rejects(async () => bot.update({ name: 1n as never }), { code: "PRESENCE_META_INVALID" });
  assert.deepEqual(await ids(presence), ["bot"]);
});

test("users named like parts of objects join, show and leave", async () => {
  const { cluster, presence } = begin();
  for (const id of ["__proto__", "constructor", "toString"])
    await cluster.until(presence.joinPresence(KEY, id, { name: id }));
  assert.deepEqual((await ids(presence)).toSorted(), ["__proto__", "constructor", "toString"]);
  assert.equal((await cluster.until(presence.leavePresence(KEY, "__proto__")))?.id, "__proto__");
  assert.equal(await presence.presenceCount(KEY), 2);
});

test("a listener that throws or rejects disturbs neither the join nor other listeners", async () => {
  const { cluster, presence } = begin();
  presence.on("join", () => {
    throw new Error("bad listener");
  });
  presence.on("join", () => Promise.reject(new Error("bad promise")));
  const heard: string[] = [];
  const stop = presence.on("join", ({ key, person }) => heard.push(`${key} ${person.id}`));
  await cluster.until(presence.joinPresence(KEY, "ann", {}));
  stop();
  await cluster.until(presence.joinPresence(KEY, "bob", {}));
  assert.deepEqual(heard, [`${KEY} ann`]);
});

test("disconnecting ends what every node carries of a user, and tells who holds sockets, once", async () => {
  const { cluster, presence, node } = begin();
  const other = cluster.start();
  const orders: string[] = [];
  for (const each of [node, other.node]) each.onDisconnect(({ userId, key }) => orders.push(`${userId} ${key}`));
  const [here, there] = [await node.host("", KEY), await other.node.host("", "doc:2")];
  await cluster.until(here.room.track({ connectionId: "c1", userId: "ann", meta: {} }));
  await cluster.until(there.room.track({ connectionId: "c2", userId: "ann", meta: {} }));
  await cluster.until(there.room.track({ connectionId: "c3", userId: "bob", meta: {} }));
  await cluster.until(presence.joinPresence(KEY, "ann", {}));
  await presence.disconnectUser("ann");
  await cluster.advance(1_100);
  assert.deepEqual([await presence.presenceCount(KEY), await presence.presenceCount("doc:2")], [0, 1]);
  assert.deepEqual(orders, ["ann null", "ann null"]);
});

test("disconnecting ends a member without a process also in a room that nobody hosts any more", async () => {
  const { cluster, presence } = begin();
  const dead = cluster.start();
  for (const [key, id] of [
    [KEY, "ann"],
    [KEY, "bob"],
    ["doc:2", "ann"],
  ] as const) {
    await cluster.until(dead.presence.joinPresence(key, id, {}, { ttlMs: 600_000 }));
  }
  cluster.kill(dead);
  await presence.disconnectUser("ann", { key: "doc:2" });
  assert.deepEqual([await presence.presenceCount(KEY), await presence.presenceCount("doc:2")], [2, 0]);
  await presence.forTenant("acme").disconnectUser("ann");
  assert.equal(await presence.presenceCount(KEY), 2);
  await presence.disconnectUser("ann");
  assert.equal(await presence.presenceCount(KEY), 1);
});

test("disconnecting from one room leaves the others", async () => {
  const { cluster, presence, told } = begin();
  await cluster.until(presence.joinPresence(KEY, "ann", {}));
  await cluster.until(presence.joinPresence("doc:2", "ann", {}));
  await presence.disconnectUser("ann", { key: KEY });
  await cluster.advance(1_100);
  assert.deepEqual([await presence.presenceCount(KEY), await presence.presenceCount("doc:2")], [0, 1]);
  assert.deepEqual(told, ["+ann", "+ann", "-ann"]);
});

test("an order that was lost on the way is obeyed with the next tick, and only once", async () => {
  const { cluster, presence } = begin();
  const other = cluster.start();
  let orders = 0;
  other.node.onDisconnect(() => (orders += 1));
  const hold = await other.node.host("", KEY);
  await cluster.until(hold.room.track({ connectionId: "c1", userId: "ann", meta: {} }));
  other.link.fate = () => "lose";
  await presence.disconnectUser("ann");
  await cluster.advance(100);
  assert.equal(orders, 0);
  await cluster.advance(1_000);
  await cluster.advance(5_000);
  assert.equal(orders, 1);
  assert.equal(hold.room.carries("c1"), false);
});

test("a standalone manager works by itself, and refuses what is no place of Redis", async () => {
  assert.throws(() => new Manager({ redis: "localhost" }), { code: "REDIS_URL_INVALID" });
  const presence = new Manager();
  const ann = await presence.joinPresence(KEY, "ann", { name: "Ann" });
  assert.equal(ann.name, "Ann");
  await presence.close();
  await presence.close();
  await assert.rejects(presence.joinPresence(KEY, "bob", {}), { code: "SERVER_CLOSED" });
});

test("a manager tells whether the store answers, and what this process takes part in", async () => {
  const { cluster, presence } = begin();
  await cluster.until(presence.addBot(KEY, "bot", {}));
  await cluster.until(presence.forTenant("acme").addBot(KEY, "bot", {}));
  const { storeMs, ...health } = presence.health();
  assert.deepEqual([health, typeof storeMs], [{ status: "ok", rooms: 2, connections: 2 }, "number"]);
  cluster.nodes[0]!.link.isCut = true;
  await cluster.advance(1_100);
  assert.equal(presence.health().status, "degraded");
  assert.ok(presence.health().code);
  cluster.nodes[0]!.link.isCut = false;
  await cluster.advance(1_100);
  assert.equal(presence.health().status, "ok");
});

test("a manager of its own takes times and a logger, and refuses what it does not know", async () => {
  assert.throws(() => new Manager({ limit: {} } as never), /no option named "limit"; did you mean "limits"/);
  assert.throws(() => new Manager({ limits: { prunePresences: 9 } } as never), /did you mean "prunePresencesMs"/);
  assert.throws(() => new Manager({ limits: { leaseMs: -1 } }), { code: "OPTION_INVALID" });
  const warned: string[] = [];
  const logger = { ...silentLogger, error: (_facts: object, message = "") => void warned.push(message) };
  const presence = new Manager({ limits: { prunePresencesMs: 30, nodeTickMs: 10, metaKeys: 1 }, logger });
  const room = presence.room(KEY);
  presence.on("leave", () => {
    throw new Error("bad listener");
  });
  await assert.rejects(room.add(new FakeConnection(), { meta: { a: 1, b: 2 } }), { code: "PRESENCE_META_INVALID" });
  await room.add(new FakeConnection(), { user: "silent" });
  while (room.users().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([room.users(), warned], [[], ["a presence listener failed"]]);
  await presence.close();
});

function begin() {
  const cluster = new PresenceCluster();
  const { node, presence } = cluster.start();
  const told: string[] = [];
  for (const [event, sign] of [
    ["join", "+"],
    ["update", "~"],
    ["leave", "-"],
  ] as const) {
    presence.on(event, ({ person }) => told.push(sign + person.id));
  }
  return { cluster, node, presence, told };
}

async function ids(presence: PresenceManager): Promise<string[]> {
  return (await presence.listPresences(KEY)).map(({ id }) => id);
}
