import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveCursorMixin } from "../cursor/mixin.js";
import { LiveView } from "../live-view.js";
import { isFrozen } from "../render/freeze.js";
import { FakePage, servicesOf, type PageOptions } from "../testing/fake-page.js";
import { PresenceCluster } from "../testing/presence-cluster.js";
import { PresenceMixin } from "./mixin.js";
import type { PresenceNode } from "./node.js";
import type { LeaveReason, Presence, PresenceChange, PresenceEvent } from "./presence.js";

interface Person {
  name: string;
  color?: string;
}
interface Events {
  wave: { to: string };
  ping: null;
}

class DocumentView extends PresenceMixin(LiveView<{ docId: string }>)<Person, Events> {
  static override template = "document";
  static override presenceKey: string | undefined = "document:{docId}";
  _told: string[] = [];

  override async mount() {
    await this.trackPresence({ name: this.getPresenceUserId() });
  }
  override handlePresenceJoin(person: Presence<Person>, { self }: PresenceChange) {
    this._told.push(`+${person.name}${self ? " self" : ""}`);
  }
  override handlePresenceUpdate(
    person: Presence<Person>,
    { previous, self }: PresenceChange & { previous: Readonly<Person> },
  ) {
    this._told.push(`~${previous.name} ${person.name}${self ? " self" : ""}`);
  }
  override handlePresenceLeave(person: Presence<Person>, { reason }: PresenceChange & { reason: LeaveReason }) {
    this._told.push(`-${person.name} ${reason}`);
  }
}

class QuietView extends PresenceMixin(LiveView<{ docId: string }>)<Person, Events> {
  static override template = "quiet";
  static override presenceKey = "document:{docId}";
  override async mount() {
    await this.trackPresence({ name: this.getPresenceUserId() });
  }
}

test("everybody in the room hears a join and a leave once, the joiner too, on every node", async () => {
  const { cluster, open } = begin(2);
  const ann = await open(DocumentView, { userId: "ann" }, 0);
  const bob = await open(DocumentView, { userId: "bob" }, 1);
  await cluster.advance(100);
  assert.deepEqual(ann.view._told, ["+ann self", "+bob"]);
  assert.deepEqual(bob.view._told, ["+bob self"]);
  await bob.end("closed");
  await cluster.advance(100);
  assert.deepEqual(ann.view._told, ["+ann self", "+bob", "-bob closed"]);
});

test("the list is in the context by itself, the same frozen object for all views", async () => {
  const { cluster, open } = begin();
  const ann = await open(QuietView, { userId: "ann", reads: ["presences"] });
  const bob = await open(QuietView, { userId: "bob", reads: ["presences"] });
  await cluster.advance(100);
  assert.equal(ann.it["presences"], bob.it["presences"]);
  assert.ok(isFrozen(ann.it["presences"]));
  assert.equal(ann.it["presenceCount"], 2);
  assert.deepEqual(
    ann.view.listPresences().map(({ name }) => name),
    ["ann", "bob"],
  );
  assert.equal(ann.view.presenceCount(), 2);
});

test("a view is rendered when the list that it shows changes, and left alone when it shows none", async () => {
  const { cluster, open } = begin();
  const reader = await open(QuietView, { userId: "ann", reads: ["presenceCount"] });
  const other = await open(QuietView, { userId: "bob" });
  await cluster.advance(100);
  const [before, otherBefore] = [reader.renders, other.renders];
  await open(QuietView, { userId: "cyd" });
  await cluster.advance(100);
  assert.deepEqual([reader.renders - before, other.renders - otherBefore], [1, 0]);
  other.view.listPresences();
  await open(QuietView, { userId: "dan" });
  await cluster.advance(100);
  assert.equal(other.renders - otherBefore, 1);
});

test("joins of one tick are one callback batch and one render", async () => {
  const { cluster, open } = begin();
  const batches: number[] = [];
  class BatchView extends QuietView {
    override handlePresenceChange({ joins }: { joins: readonly Presence<Person>[] }) {
      batches.push(joins.length);
    }
  }
  const ann = await open(BatchView, { userId: "ann" });
  await cluster.advance(100);
  const before = ann.renders;
  await Promise.all(Array.from({ length: 20 }, (_, i) => open(QuietView, { userId: `u${i}` })));
  await cluster.advance(100);
  assert.equal(
    batches.slice(1).reduce((sum, n) => sum + n, 0),
    20,
  );
  assert.ok(batches.length <= 4 && ann.renders - before <= 3, `${batches.join()} ${ann.renders - before}`);
});

test("an update is told as an update, with what was before, and to all tabs", async () => {
  const { cluster, open } = begin();
  const ann = await open(DocumentView, { userId: "ann" });
  const tab = await open(DocumentView, { userId: "ann" });
  const bob = await open(DocumentView, { userId: "bob" });
  await cluster.advance(100);
  for (const page of [ann, tab, bob]) page.view._told.length = 0;
  await cluster.until(tab.view.updatePresence({ name: "Anna" }));
  await cluster.advance(100);
  for (const page of [ann, tab]) assert.deepEqual(page.view._told, ["~ann Anna self"]);
  assert.deepEqual(bob.view._told, ["~ann Anna"]);
  await cluster.until(ann.view.updatePresence((meta) => ({ color: `${meta.name}-blue` })));
  assert.equal(bob.view.listPresences()[0]!.color, "ann-blue");
});

test("of a user nothing is told to the others but the id and what was given", async () => {
  const { cluster, open } = begin();
  const user = { id: "ann", name: "Ann", username: "ann@example.com" };
  const ann = await open(QuietView, { userId: "ann", user });
  await cluster.until(ann.view.trackPresence({ name: "A." }));
  const [person] = ann.view.listPresences();
  assert.deepEqual(person!.metas, [{ name: "A." }]);
  assert.doesNotMatch(JSON.stringify(person), /example|Ann/);
});

test("tracking again merges the meta; the caller's object stays as it was", async () => {
  const { cluster, open } = begin();
  const ann = await open(QuietView, { userId: "ann" });
  const meta = { name: "Ann", color: "red" };
  await cluster.until(ann.view.trackPresence(meta));
  assert.deepEqual(
    ann.view.listPresences().map(({ name, color, connections }) => [name, color, connections]),
    [["Ann", "red", 1]],
  );
  await cluster.until(ann.view.trackPresence({ name: "Anna" }));
  assert.equal(ann.view.listPresences()[0]!.color, "red");
  assert.deepEqual(meta, { name: "Ann", color: "red" });
});

test("a meta can be chosen from who is there", async () => {
  const { cluster, open } = begin();
  class SeatView extends PresenceMixin(LiveView<{ docId: string }>)<{ seat: number }> {
    static override presenceKey = "document:{docId}";
    override async mount() {
      await this.trackPresence((others) => ({ seat: others.length }));
    }
  }
  for (const userId of ["ann", "bob", "cyd"]) {
    await open(SeatView, { userId });
    await cluster.advance(100);
  }
  const last = await open(SeatView, { userId: "dan" });
  assert.deepEqual(
    last.view.listPresences().map(({ seat }) => seat),
    [0, 1, 2, 3],
  );
});

test("untracking leaves at once, twice is harmless, and the room is seen still", async () => {
  const { cluster, open } = begin();
  const ann = await open(DocumentView, { userId: "ann" });
  const bob = await open(DocumentView, { userId: "bob" });
  await cluster.advance(100);
  await cluster.until(ann.view.untrackPresence());
  await cluster.until(ann.view.untrackPresence());
  await cluster.advance(100);
  assert.deepEqual(bob.view._told.at(-1), "-ann left");
  assert.deepEqual(
    ann.view.listPresences().map(({ id }) => id),
    ["bob"],
  );
  await assert.rejects(cluster.until(ann.view.updatePresence({ name: "x" })), { code: "PRESENCE_NOT_TRACKED" });
  await cluster.until(ann.view.trackPresence({ name: "again" }));
  assert.equal(bob.view._told.at(-1), "+again");
});

test("reading the list before it is watched is an error that says what to do", async () => {
  const { cluster, open } = begin();
  let caught: unknown;
  class EarlyView extends QuietView {
    override async mount() {
      try {
        this.listPresences();
      } catch (error) {
        caught = error;
      }
      await this.watchPresence();
      this.listPresences();
    }
  }
  const page = await open(EarlyView, { userId: "ann" });
  assert.match(String(caught), /watchPresence\(\).*PRESENCE_NOT_WATCHED/);
  await cluster.advance(100);
  assert.equal(page.view.presenceCount(), 0);
});

test("a view watches its room from the end of mount, without a line of code", async () => {
  const { cluster, open } = begin();
  class WatchingView extends PresenceMixin(LiveView<{ docId: string }>)<Person> {
    static override presenceKey = "document:{docId}";
  }
  const watcher = await open(WatchingView, { userId: "bob" });
  await open(QuietView, { userId: "ann" });
  await cluster.advance(100);
  assert.deepEqual(
    watcher.view.listPresences().map(({ id }) => id),
    ["ann"],
  );
  assert.deepEqual(watcher.reply.rooms, ["room:document:1"]);
});

// ── keys ──

test("a key is filled from own fields and getters, else from the route", async () => {
  const { open } = begin();
  class FieldView extends PresenceMixin(LiveView<{ docId: string }>) {
    static override presenceKey = "{kind}:{docId}:{page}";
    kind = "doc";
    get page() {
      return 7;
    }
  }
  const page = await open(FieldView, { params: { docId: "a:b", kind: "route" } });
  assert.equal(page.view.getPresenceKey(), "doc:a%3Ab:7");
});

test("a missing variable ends the mount with what there is, instead of one room for all", async () => {
  const { open } = begin();
  class MissingView extends PresenceMixin(LiveView) {
    static override presenceKey = "document:{docID}";
    other = 1;
  }
  for (const params of [{ docId: "1" }, { docID: "" }, { docID: undefined }]) {
    await assert.rejects(open(MissingView, { params }), (error: Error) => {
      return /PRESENCE_KEY_VARIABLE/.test(error.message) && /other/.test(error.message);
    });
  }
  class MethodView extends PresenceMixin(LiveView) {
    static override presenceKey = "document:{mount}";
  }
  await assert.rejects(open(MethodView), { code: "PRESENCE_KEY_VARIABLE" });
});

test("without a key the room is the view's name, never the class's", async () => {
  const { open } = begin();
  class Whatever extends PresenceMixin(LiveView) {}
  const page = await open(Whatever, { viewName: "lobby" });
  assert.equal(page.view.getPresenceKey(), "lobby");
});

test("the key is frozen at first use: a field that changes later moves nobody", async () => {
  const { cluster, open } = begin();
  class MovingView extends PresenceMixin(LiveView)<Person> {
    static override presenceKey: string | undefined = "document:{docId}";
    docId = "1";
    override async mount() {
      await this.trackPresence({ name: "x" });
    }
  }
  class OverridingView extends MovingView {
    override getPresenceKey() {
      return `document:${this.docId}`;
    }
  }
  for (const View of [MovingView, OverridingView]) {
    const watcher = await open(DocumentView, { userId: "watcher" });
    const page = await open(View, { userId: "ann" });
    page.view.docId = "2";
    assert.deepEqual(page.join().rooms, ["room:document:1"]);
    await cluster.until(page.view.updatePresence({ name: "y" }));
    await cluster.until(page.view.untrackPresence());
    await cluster.advance(100);
    assert.deepEqual(watcher.view._told.slice(1), ["+x", "~x y", "-y left"]);
    await watcher.end("left");
    await page.end("left");
    await cluster.advance(1_000);
  }
});

test("rooms of other keys hear and render nothing", async () => {
  const { cluster, open } = begin();
  const other = await open(DocumentView, { userId: "bob", params: { docId: "2" }, reads: ["presences"] });
  await cluster.advance(100);
  const before = other.renders;
  await open(DocumentView, { userId: "ann" });
  await cluster.advance(200);
  assert.deepEqual([other.view._told, other.renders], [["+bob self"], before]);
});

test("tenants share no room", async () => {
  const { cluster, open } = begin();
  const acme = await open(DocumentView, { userId: "1", tenant: "acme" });
  const other = await open(DocumentView, { userId: "2", tenant: "other" });
  await open(DocumentView, { userId: "3" });
  await cluster.advance(100);
  assert.deepEqual([acme.view.presenceCount(), other.view.presenceCount()], [1, 1]);
});

// ── people ──

test("anonymous tabs of one browser are one person, unless each connection is to be its own", async () => {
  const { cluster, open } = begin();
  class UniqueView extends QuietView {
    static override presenceUniquePerConnection = true;
  }
  const tab = await open(QuietView, { userId: "anon_browser" });
  await open(QuietView, { userId: "anon_browser" });
  await cluster.advance(100);
  assert.deepEqual(
    tab.view.listPresences().map(({ id, connections }) => [id, connections]),
    [["anon_browser", 2]],
  );
  const own = await open(UniqueView, { userId: "anon_browser" });
  assert.match(own.view.getPresenceUserId(), /^anon_conn_/);
  await cluster.advance(100);
  assert.equal(tab.view.presenceCount(), 2);
  const user = await open(UniqueView, { user: { id: 7 } as never });
  assert.equal(user.view.getPresenceUserId(), "7");
});

// ── the page's life ──

test("a reload, twenty times over, is no event for the others, and leaves no timer behind", async () => {
  const { cluster, open } = begin();
  const bob = await open(DocumentView, { userId: "bob" });
  let ann = await open(DocumentView, { userId: "ann" });
  await cluster.advance(100);
  const timers = cluster.clock.timers;
  bob.view._told.length = 0;
  for (let i = 0; i < 20; i += 1) {
    const old = ann;
    old.park(3_000);
    await cluster.advance(i % 2 === 0 ? 50 : 250);
    ann = await open(DocumentView, { userId: "ann" });
    assert.equal(bob.view.presenceCount(), 2);
    cluster.clock.after(3_000, () => void old.end("closed"));
    await cluster.advance(200);
  }
  await cluster.advance(20_000);
  assert.deepEqual(bob.view._told, []);
  assert.equal(bob.view.listPresences().find(({ id }) => id === "ann")!.connections, 1);
  assert.equal(cluster.clock.timers, timers);
});

test("a broken link is waited for, a page that comes back was never away, one that does not leaves once", async () => {
  const { cluster, open } = begin();
  const bob = await open(DocumentView, { userId: "bob" });
  const ann = await open(DocumentView, { userId: "ann" });
  await cluster.advance(100);
  bob.view._told.length = 0;
  ann.park(15_000);
  await cluster.advance(14_000);
  await cluster.until(ann.resume());
  await cluster.advance(30_000);
  assert.deepEqual(bob.view._told, []);
  ann.park(15_000);
  await cluster.advance(16_000);
  await ann.end("timeout");
  await cluster.advance(1_000);
  assert.deepEqual(bob.view._told, ["-ann timeout"]);
});

test("the late end of an old page removes its own connection only", async () => {
  const { cluster, open } = begin();
  const bob = await open(DocumentView, { userId: "bob" });
  const old = await open(DocumentView, { userId: "ann" });
  const young = await open(DocumentView, { userId: "ann" });
  await cluster.advance(100);
  bob.view._told.length = 0;
  await old.end("closed");
  await cluster.advance(1_000);
  assert.deepEqual(bob.view._told, []);
  await young.end("closed");
  await cluster.advance(1_000);
  assert.deepEqual(bob.view._told, ["-ann closed"]);
});

test("who goes on to another page of the site leaves the first room at once and hears it no more", async () => {
  const { cluster, open } = begin();
  const bob = await open(DocumentView, { userId: "bob" });
  const ann = await open(DocumentView, { userId: "ann" });
  await cluster.advance(100);
  await ann.end("left");
  const next = await open(DocumentView, { userId: "ann", params: { docId: "2" } });
  await cluster.advance(100);
  assert.equal(bob.view._told.at(-1), "-ann left");
  const heard = ann.view._told.length;
  bob.view.broadcastToPresence("wave", { to: "all" });
  await bob.end("left");
  await cluster.advance(1_000);
  assert.deepEqual([ann.view._told.length, ann.frames], [heard, []]);
  assert.deepEqual(next.view._told, ["+ann self"]);
});

test("a view that is busy loses nothing: it has the last state when it is done", async () => {
  const { cluster, open } = begin();
  const ann = await open(DocumentView, { userId: "ann", reads: ["presences"] });
  await cluster.advance(100);
  let release = () => {};
  ann.enqueue(() => new Promise<void>((resolve) => (release = resolve)));
  for (let i = 0; i < 5; i += 1) {
    await open(QuietView, { userId: `u${i}` });
    await cluster.advance(500);
  }
  assert.deepEqual(ann.view._told, ["+ann self"]);
  release();
  await cluster.advance(0);
  assert.deepEqual([ann.view._told.length, ann.view.presenceCount()], [6, 6]);
});

test("a connected person stays, however long nothing is done", async () => {
  const { cluster, open } = begin(2);
  const bob = await open(DocumentView, { userId: "bob" }, 1);
  await open(DocumentView, { userId: "ann" }, 0);
  await cluster.advance(5 * 60_000);
  assert.deepEqual(bob.view._told, ["+bob self", "+ann"]);
  assert.equal(bob.view.presenceCount(), 2);
});

test("an HTTP render checks key, meta and permission, sees who is here, and leaves no trace", async () => {
  const { cluster, open, services } = begin();
  await open(DocumentView, { userId: "bob" });
  await cluster.advance(1_000);
  const traces = () => [
    cluster.clock.timers,
    cluster.store.bus.size,
    cluster.store.rooms.size,
    services[0]!.rooms.rooms.length,
  ];
  const before = traces();
  for (let i = 0; i < 100; i += 1) {
    const page = await open(DocumentView, { userId: `visitor${i}`, connected: false });
    assert.deepEqual([page.view.presenceCount(), (page.it["presences"] as unknown[]).length], [1, 1]);
  }
  await cluster.advance(1_000);
  assert.deepEqual(traces(), before);
  class BadView extends QuietView {
    override async mount() {
      await this.trackPresence({ name: 1n as never });
    }
  }
  await assert.rejects(open(BadView, { connected: false }), { code: "PRESENCE_META_INVALID" });
  await assert.rejects(open(QuietView, { connected: false, params: {} }), { code: "PRESENCE_KEY_VARIABLE" });
});

test("an HTTP render on a node that does nothing else starts nothing", async () => {
  const { cluster, open } = begin();
  for (let i = 0; i < 10; i += 1) await open(QuietView, { userId: "ann", connected: false });
  assert.deepEqual([cluster.clock.timers, cluster.store.bus.size, cluster.store.rooms.size], [0, 0, 0]);
});

// ── callbacks ──

test("a callback that throws is reported, keeps the others of its batch, and disturbs no other view", async () => {
  const { cluster, open } = begin();
  class ThrowingView extends DocumentView {
    override handlePresenceJoin(person: Presence<Person>, change: PresenceChange) {
      super.handlePresenceJoin(person, change);
      if (person.id === "u1") throw new Error("bad callback");
    }
  }
  const throwing = await open(ThrowingView, { userId: "ann" });
  const bob = await open(DocumentView, { userId: "bob" });
  await cluster.advance(100);
  await Promise.all(["u0", "u1", "u2", "u3"].map((userId) => open(QuietView, { userId })));
  await cluster.advance(200);
  assert.equal(throwing.errors.length, 1);
  for (const page of [throwing, bob])
    assert.deepEqual(page.view._told.slice(-4).toSorted(byText), ["+u0", "+u1", "+u2", "+u3"]);
});

test("in a large room the list is the first who came, the count exact, and only batches are told", async () => {
  const { cluster, open } = begin(1, { largeRoom: 3 });
  const batches: number[] = [];
  class LargeView extends DocumentView {
    override handlePresenceChange(batch: Parameters<DocumentView["handlePresenceChange"]>[0]) {
      batches.push(batch.joins.length);
      return super.handlePresenceChange(batch);
    }
  }
  const first = await open(LargeView, { userId: "u0" });
  for (let i = 1; i < 6; i += 1) {
    await open(QuietView, { userId: `u${i}` });
    await cluster.advance(100);
  }
  assert.deepEqual([first.view.presenceCount(), first.view.listPresences().length], [6, 3]);
  assert.deepEqual(
    first.view.listPresences().map(({ id }) => id),
    ["u0", "u1", "u2"],
  );
  assert.equal(first.view.listPresences({ limit: 5 }).length, 5);
  assert.deepEqual([first.view._told, batches.length], [["+u0 self", "+u1", "+u2"], 6]);
});

// ── broadcasts ──

test("a broadcast reaches every page of the room, on every node, as one frame encoded once", async () => {
  const { cluster, open } = begin(2);
  const ann = await open(QuietView, { userId: "ann" }, 0);
  const bob = await open(QuietView, { userId: "bob" }, 0);
  const cyd = await open(QuietView, { userId: "cyd" }, 1);
  const other = await open(QuietView, { userId: "dan", params: { docId: "2" } });
  ann.view.broadcastToPresence("wave", { to: "all" });
  await cluster.advance(50);
  for (const page of [ann, bob, cyd])
    assert.deepEqual(page.told("presence_event"), [{ event: "wave", payload: { to: "all" } }]);
  assert.equal(ann.sent.at(-1), bob.sent.at(-1));
  assert.deepEqual(other.frames, []);
});

test("a broadcast can leave out the own page, or go to one person", async () => {
  const { cluster, open } = begin();
  const ann = await open(QuietView, { userId: "ann" });
  const tab = await open(QuietView, { userId: "ann" });
  const bob = await open(QuietView, { userId: "bob" });
  ann.view.broadcastToPresence("wave", { to: "others" }, { exceptSelf: true });
  ann.view.broadcastToPresence("ping", null, { only: "bob" });
  await cluster.advance(50);
  const heard = (page: FakePage<QuietView>) =>
    page.told("presence_event").map((each) => (each as { event: string }).event);
  assert.deepEqual([heard(ann), heard(tab), heard(bob)], [[], ["wave"], ["wave", "ping"]]);
});

test("a view may hear broadcasts itself, and super passes them on to its page", async () => {
  const { cluster, open } = begin();
  const heard: string[] = [];
  class HearingView extends QuietView {
    override handlePresenceEvent(message: PresenceEvent<Events, Person>) {
      if (message.event === "wave") heard.push(`${message.from?.name} ${message.payload.to} ${message.self}`);
      else return super.handlePresenceEvent(message);
    }
  }
  const ann = await open(HearingView, { userId: "ann" });
  const bob = await open(QuietView, { userId: "bob" });
  await cluster.advance(100);
  bob.view.broadcastToPresence("wave", { to: "you" });
  ann.view.broadcastToPresence("wave", { to: "me" });
  bob.view.broadcastToPresence("ping");
  await cluster.advance(100);
  assert.deepEqual(heard, ["bob you false", "ann me true"]);
  assert.deepEqual([ann.told("presence_event"), ann.pushed], [[], [["ping", {}]]]);
});

test("what is not JSON is refused where it is sent", async () => {
  const { open } = begin();
  const ann = await open(QuietView, { userId: "ann" });
  assert.throws(() => ann.view.broadcastToPresence("wave", { to: 1n as never }), { code: "EVENT_INVALID" });
});

test("the manager's broadcast comes from nobody, and is heard like any other", async () => {
  const { cluster, open, services } = begin(2);
  const ann = await open(QuietView, { userId: "ann" }, 0);
  await services[1]!.presence.broadcast("document:1", "saved", { version: 3 });
  await cluster.advance(50);
  assert.deepEqual(ann.told("presence_event"), [{ event: "saved", payload: { version: 3 } }]);
});

// ── permission ──

test("who may not be in the room is refused, who may not see it sees nothing of it", async () => {
  const permission = { ann: { see: true, track: false }, bob: { see: false, track: true } } as const;
  const { cluster, open } = begin(1, {}, ({ userId }) => permission[userId as "ann"] ?? true);
  await assert.rejects(open(QuietView, { userId: "ann" }), { code: "PRESENCE_FORBIDDEN", status: 403 });
  const cyd = await open(DocumentView, { userId: "cyd" });
  const bob = await open(DocumentView, { userId: "bob", reads: ["presences"] });
  await cluster.advance(100);
  assert.deepEqual(
    cyd.view.listPresences().map(({ id }) => id),
    ["bob", "cyd"],
  );
  cyd.view.broadcastToPresence("wave", { to: "all" });
  await cluster.advance(100);
  assert.deepEqual(
    [bob.view._told, bob.it["presences"], bob.it["presenceCount"], bob.frames, bob.reply.rooms],
    [[], [], 0, [], undefined],
  );
  await assert.rejects(bob.view.watchPresence(), { code: "PRESENCE_FORBIDDEN" });
});

test("a right that was lost is lost on return, and by order within a second on every node", async () => {
  const banned = new Set<string>();
  const { cluster, open, services } = begin(2, {}, ({ userId }) => !banned.has(userId));
  const bob = await open(DocumentView, { userId: "bob" }, 1);
  const ann = await open(QuietView, { userId: "ann", reads: ["presences"] }, 0);
  const cyd = await open(QuietView, { userId: "cyd" }, 0);
  await cluster.advance(100);
  banned.add("ann").add("cyd");
  cyd.park(15_000);
  await cluster.until(cyd.resume());
  await services[1]!.presence.disconnectUser("ann", { key: "document:1" });
  await cluster.advance(1_000);
  assert.deepEqual(bob.view._told.slice(-2).toSorted(byText), ["-ann removed", "-cyd removed"]);
  assert.deepEqual([ann.it["presences"], cyd.it["presenceCount"]], [[], 0]);
  bob.view.broadcastToPresence("wave", { to: "all" });
  await cluster.advance(100);
  assert.deepEqual([ann.frames, cyd.frames], [[], []]);
});

test("an order that comes while a view is on its way into the room asks for the right anew", async () => {
  const banned = new Set<string>();
  const asked: string[] = [];
  const { cluster, open, services } = begin(1, {}, async ({ userId }) => {
    const isWelcome = !banned.has(userId);
    asked.push(userId);
    if (userId === "ann") banned.add("ann");
    const isFirst = asked.filter((each) => each === userId).length === 1;
    if (userId !== "bob" && isFirst) await presence.disconnectUser(userId, { key: "document:1" });
    return isWelcome;
  });
  const { presence } = services[0]!;
  const bob = await open(DocumentView, { userId: "bob" });
  await assert.rejects(open(DocumentView, { userId: "ann" }), { code: "PRESENCE_FORBIDDEN" });
  asked.length = 0;
  await open(DocumentView, { userId: "cyd" });
  await cluster.advance(100);
  assert.deepEqual(
    [asked, bob.view._told],
    [
      ["cyd", "cyd"],
      ["+bob self", "+cyd"],
    ],
  );
});

// ── mixins ──

test("mixins stack in any order, add presence once, and are the same class for the same base", () => {
  assert.equal(PresenceMixin(LiveView), PresenceMixin(LiveView));
  assert.equal(LiveCursorMixin(LiveView), LiveCursorMixin(LiveView));
  class Both extends LiveCursorMixin(PresenceMixin(LiveView)<Person>) {}
  class Reverse extends PresenceMixin(LiveCursorMixin(LiveView)) {}
  const chain = (View: object) => {
    let length = 0;
    for (let c: unknown = View; typeof c === "function"; c = Object.getPrototypeOf(c)) length += 1;
    return length;
  };
  assert.equal(chain(Both), chain(Reverse));
  const other = class extends LiveView {};
  assert.notEqual(PresenceMixin(other), PresenceMixin(LiveView));
});

test("stacked mixins join once", async () => {
  const { cluster, open } = begin();
  class Stacked extends LiveCursorMixin(PresenceMixin(LiveView<{ docId: string }>)<Person>) {
    static override presenceKey = "document:{docId}";
    override async mount() {
      await this.trackPresence({ name: "x" });
    }
  }
  const page = await open(Stacked, { userId: "ann" });
  await cluster.advance(100);
  assert.equal(page.view.listPresences()[0]!.connections, 1);
});

test("the mixin's methods are not in the context", async () => {
  const { open } = begin();
  const page = await open(DocumentView, { userId: "ann" });
  assert.deepEqual(Object.keys(page.it).toSorted(byText), [
    "connected",
    "pageTitle",
    "params",
    "presenceCount",
    "presenceStale",
    "presences",
    "url",
    "user",
  ]);
});

// ── second rooms ──

test("a second room is watched by itself, has members of its own, and stands in the context as its list", async () => {
  const { cluster, open } = begin();
  const told: string[] = [];
  class TeamView extends PresenceMixin(LiveView<{ docId: string; team: string }>)<Person> {
    static override presenceKey = "document:{docId}";
    team = this.presenceRoom<{ doc: string }, { hello: string }>("team:{team}", {
      join: (person, { self }) => told.push(`+${person.id} ${person.doc}${self ? " self" : ""}`),
      leave: (person) => told.push(`-${person.id}`),
      event: ({ payload, from }) => told.push(`${from?.id}: ${payload}`),
    });
    override async mount() {
      await this.trackPresence({ name: "x" });
      await this.team.track({ doc: this.params.docId });
    }
  }
  const ann = await open(TeamView, { userId: "ann", params: { docId: "1", team: "red" } });
  const bob = await open(TeamView, { userId: "bob", params: { docId: "2", team: "red" } });
  await cluster.advance(100);
  assert.deepEqual(
    ann.view.listPresences().map(({ id }) => id),
    ["ann"],
  );
  assert.deepEqual(
    ann.view.team.presences.map(({ id, doc }) => [id, doc]),
    [
      ["ann", "1"],
      ["bob", "2"],
    ],
  );
  assert.deepEqual([ann.view.team.key, ann.view.team.presenceCount], ["team:red", 2]);
  assert.equal(ann.it["team"], ann.view.team.presences);
  bob.view.team.broadcast("hello", "hi", { exceptSelf: true });
  await cluster.until(bob.view.team.update({ doc: "3" }));
  assert.equal(ann.view.team.presences[1]!.doc, "3");
  await bob.end("closed");
  await cluster.advance(100);
  assert.deepEqual(told.toSorted(byText), ["+ann 1 self", "+bob 2", "+bob 2 self", "-bob", "bob: hi"].toSorted(byText));
  assert.deepEqual(
    ann.view.team.presences.map(({ id }) => id),
    ["ann"],
  );
});

// ── setup ──

type Permit = NonNullable<ConstructorParameters<typeof PresenceNode>[0]["authorizePresence"]>;

function begin(nodes = 1, limits: ConstructorParameters<typeof PresenceCluster>[0] = {}, authorize?: Permit) {
  const cluster = new PresenceCluster(limits, authorize);
  const services = Array.from({ length: nodes }, () => servicesOf(cluster.start()));
  const open = <V extends LiveView<any>>(View: new (host: unknown) => V, options: PageOptions = {}, node = 0) =>
    FakePage.open(cluster, services[node]!, View, { params: { docId: "1" }, ...options });
  return { cluster, services, open };
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
