import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveView } from "../live-view.js";
import { FakeConnection } from "../testing/fake-connection.js";
import { FakePage, servicesOf } from "../testing/fake-page.js";
import { PresenceCluster, type ClusterNode } from "../testing/presence-cluster.js";
import { PresenceManager } from "./manager.js";
import { PresenceMixin } from "./mixin.js";
import { defineShared } from "./shared.js";

const KEY = "doc:1";

class DocumentView extends PresenceMixin(LiveView<{ docId: string }>)<object> {
  static override template = "document";
  static override presenceKey = "doc:{docId}";
  override async mount() {
    await this.trackPresence({});
  }
}

test("one key in two tenants is two rooms: lists, counts and events never meet", async () => {
  const { cluster, acme, other, plain, told } = begin();
  await cluster.until(acme.joinPresence(KEY, "ann", {}));
  await cluster.until(other.joinPresence(KEY, "ann", {}));
  await cluster.until(other.addBot(KEY, "bot", {}));
  await cluster.until(plain.joinPresence(KEY, "eve", {}));
  assert.deepEqual(await listed(acme, other, plain), [["ann"], ["ann", "bot"], ["eve"]]);
  assert.deepEqual(await counted(acme, other, plain), [1, 2, 1]);
  const rooms = [];
  for await (const room of other.rooms()) rooms.push(room);
  assert.deepEqual(rooms, [{ key: KEY, people: 2, connections: 2 }]);
  assert.equal(await acme.updateHeartbeat(KEY, "bot"), false);
  assert.equal((await cluster.until(acme.leavePresence(KEY, "ann")))?.id, "ann");
  assert.equal(await cluster.until(acme.leavePresence(KEY, "bot")), null);
  assert.deepEqual(await counted(acme, other, plain), [0, 2, 1]);
  assert.deepEqual(told, ["acme +ann", "other +ann", "other +bot", "plain +eve", "acme -ann"]);
});

test("a shared value of one key in two tenants is two values, each loaded for its tenant", async () => {
  const board = defineShared({
    key: "doc:{docId}",
    load: ({ docId }, { tenant }) => [`${tenant} ${docId}`],
    on: { add: (texts, text: string) => [...texts, text] },
  });
  class BoardView extends LiveView<{ docId: string }> {
    static override template = "board";
    texts = this.share(board);
  }
  const cluster = new PresenceCluster();
  const services = servicesOf(cluster.start());
  const open = (tenant: string) => {
    const options = { params: { docId: "1" }, userId: "ann", tenant };
    return FakePage.open(cluster, services, BoardView as never, options) as Promise<FakePage<BoardView>>;
  };
  const [acme, other] = [await open("acme"), await open("other")];
  acme.view.texts.send("add", "hello");
  await cluster.advance(100);
  assert.deepEqual([acme.view.texts.value, other.view.texts.value], [["acme 1", "hello"], ["other 1"]]);
  const glimpse = services.shared.glance(board as never, "acme", KEY);
  assert.deepEqual(await glimpse, ["acme 1", "hello"]);
  assert.deepEqual(await services.shared.glance(board as never, "else", KEY), ["else 1"]);
});

test("a user of one name in two tenants is disconnected from one of them only, on every node", async () => {
  const { cluster, acme, other, plain } = begin();
  const far = cluster.start();
  const [pageThere, pageElsewhere] = [await open(far, "acme"), await open(far, "other")];
  const [inAcme, inOther] = [new FakeConnection(), new FakeConnection()];
  await cluster.until(acme.room(KEY).add(inAcme, { user: "ann" }));
  await cluster.until(other.room(KEY).add(inOther, { user: "ann" }));
  const orders: string[] = [];
  far.node.onDisconnect(({ tenant, userId }) => orders.push(`${tenant} ${userId}`));
  await acme.disconnectUser("ann");
  await plain.disconnectUser("ann", { key: KEY });
  await cluster.advance(1_100);
  assert.deepEqual(orders, ["acme ann", " ann"]);
  assert.deepEqual([inAcme.closedWith, inOther.closedWith], [[4401, "disconnected"], null]);
  assert.deepEqual(await listed(acme, other), [[], ["ann"]]);
  assert.deepEqual([pageThere.view.presenceCount(), pageElsewhere.view.presenceCount()], [0, 1]);

  async function open(started: ClusterNode, tenant: string) {
    const options = { params: { docId: "1" }, userId: "ann", tenant };
    return FakePage.open(cluster, servicesOf(started), DocumentView as never, options) as Promise<
      FakePage<DocumentView>
    >;
  }
});

test("what is broadcast in a tenant's room stays in it, for sockets and for views", async () => {
  const { cluster, acme, other, plain } = begin();
  const services = servicesOf(cluster.nodes[0]!);
  const pages = [];
  for (const tenant of ["acme", "other", ""]) {
    const options = { params: { docId: "1" }, userId: "page", tenant };
    pages.push(await FakePage.open(cluster, services, DocumentView as never, options));
  }
  const far = cluster.start().presence;
  const rooms = [acme, other, plain, ...["acme", "other", ""].map((tenant) => far.forTenant(tenant))];
  const sockets = rooms.map((presence) => ({ presence, socket: new FakeConnection() }));
  for (const { presence, socket } of sockets) await cluster.until(presence.room(KEY).add(socket));
  await acme.room(KEY).broadcast("for acme");
  await acme.broadcast(KEY, "note", { to: "acme" });
  await plain.room(KEY).broadcast("for nobody's");
  await cluster.advance(10);
  assert.deepEqual(
    sockets.map(({ socket }) => socket.sent),
    [["for acme"], [], ["for nobody's"], ["for acme"], [], ["for nobody's"]],
  );
  assert.deepEqual(
    pages.map((page) => page.told("presence_event").length),
    [1, 0, 0],
  );
});

test("a connection in rooms of two tenants leaves those of one", async () => {
  const { cluster, acme, other } = begin();
  const socket = new FakeConnection();
  for (const presence of [acme, other]) await cluster.until(presence.room(KEY).add(socket, { user: "ann" }));
  await cluster.advance(50_000);
  await acme.touch(socket);
  await cluster.advance(15_000);
  assert.deepEqual([acme.room(KEY).users(), other.room(KEY).users()], [["ann"], []]);
  await cluster.until(other.room(KEY).add(socket, { user: "ann" }));
  await cluster.until(acme.leaveAll(socket));
  assert.deepEqual([acme.room(KEY).users(), other.room(KEY).users()], [[], ["ann"]]);
});

test("the manager of a tenant is one, and a tenant is text within the length of keys", () => {
  const { acme, plain } = begin();
  assert.equal(plain.forTenant("acme"), acme);
  assert.equal(acme.forTenant("acme"), acme);
  assert.equal(acme.forTenant(""), plain);
  for (const tenant of ["\ud800", "x".repeat(2_000), 7 as never]) {
    assert.throws(() => plain.forTenant(tenant), { code: "PRESENCE_KEY_INVALID" });
  }
  const names = ["a_b", "a", "A", "é"].map((tenant) => plain.forTenant(tenant).presenceGroupName("b_c"));
  assert.equal(new Set([...names, plain.presenceGroupName("a_b_c")]).size, 5);
  for (const name of names) assert.match(name, /^[\w%]+$/);
});

test("closing a tenant's manager ends its listeners and whom it put somewhere, and nothing else", async () => {
  const { cluster, acme, other, plain, told, node } = begin();
  const socket = new FakeConnection();
  for (const presence of [acme, other]) {
    await cluster.until(presence.addBot(KEY, "bot", {}));
    await cluster.until(presence.joinPresence(KEY, "lasting", {}, { ttlMs: null }));
    await cluster.until(presence.room(KEY).add(socket, { user: "ann" }));
  }
  told.length = 0;
  await cluster.until(acme.close());
  await acme.close();
  await cluster.until(plain.forTenant("acme").joinPresence(KEY, "late", {}));
  assert.deepEqual(told, []);
  assert.deepEqual(await listed(plain.forTenant("acme"), other), [["late"], ["bot", "lasting", "ann"]]);
  assert.notEqual(plain.forTenant("acme"), acme);
  await assert.rejects(acme.joinPresence(KEY, "ann", {}), { code: "SERVER_CLOSED" });
  await assert.rejects(acme.addBot(KEY, "ann", {}), { code: "SERVER_CLOSED" });
  await assert.rejects(acme.room(KEY).add(socket), { code: "SERVER_CLOSED" });
  await plain.close();
  await assert.rejects(other.joinPresence(KEY, "ann", {}), { code: "SERVER_CLOSED" });
  assert.equal(cluster.clock.timers, 0);
  assert.equal(node.rooms.length, 0);
});

test("bots that left or were sent away are not kept count of", async () => {
  const { cluster, acme } = begin();
  for (let i = 0; i < 100; i += 1) await cluster.until((await cluster.until(acme.addBot(KEY, "bot", {}))).leave());
  const bot = await cluster.until(acme.addBot(KEY, "bot", {}));
  await cluster.until(acme.close());
  assert.deepEqual([bot.presence.id, await acme.presenceCount(KEY)], ["bot", 0]);
});

test("a manager of its own can be of a tenant from the start", async () => {
  const presence = new PresenceManager({ tenant: "acme" });
  await presence.joinPresence(KEY, "ann", {});
  assert.deepEqual(await counted(presence, presence.forTenant("acme"), presence.forTenant("")), [1, 1, 0]);
  assert.throws(() => new PresenceManager({ tenant: "\ud800" }), { code: "PRESENCE_KEY_INVALID" });
  await presence.close();
});

function begin() {
  const cluster = new PresenceCluster();
  const { node, presence: plain } = cluster.start();
  const [acme, other] = [plain.forTenant("acme"), plain.forTenant("other")];
  const told: string[] = [];
  for (const [name, presence] of Object.entries({ acme, other, plain })) {
    presence.on("join", ({ key, person }) => key === KEY && told.push(`${name} +${person.id}`));
    presence.on("leave", ({ key, person }) => key === KEY && told.push(`${name} -${person.id}`));
  }
  return { cluster, node, plain, acme, other, told };
}

function listed(...managers: PresenceManager[]): Promise<string[][]> {
  return Promise.all(managers.map(async (each) => (await each.listPresences(KEY)).map(({ id }) => id)));
}

function counted(...managers: PresenceManager[]): Promise<number[]> {
  return Promise.all(managers.map((each) => each.presenceCount(KEY)));
}
