import assert from "node:assert/strict";
import { test } from "node:test";
import { ConviveError } from "../errors.js";
import { LiveView } from "../live-view.js";
import { FakeConnection } from "../testing/fake-connection.js";
import { FakePage, servicesOf, type PageOptions } from "../testing/fake-page.js";
import { Observer, PresenceCluster } from "../testing/presence-cluster.js";
import { startRedisNode } from "../testing/redis-node.js";
import { startRedis } from "../testing/redis-server.js";
import type { PresenceManager } from "./manager.js";
import { PresenceMixin } from "./mixin.js";

const KEY = "table:1";
const FULL = { code: "PRESENCE_ROOM_FULL", status: 409, details: { key: KEY, maxMembers: 2 } };

class TableView extends PresenceMixin(LiveView<{ tableId: string }>)<object> {
  static override template = "table";
  static override presenceKey = "table:{tableId}";
  static override maxMembers: number | undefined = 2;
  override async mount() {
    await this.trackPresence({});
  }
}

class OpenTableView extends TableView {
  isFull = false;
  override async mount() {
    try {
      await this.trackPresence({});
    } catch (error) {
      this.isFull = error instanceof ConviveError && error.code === "PRESENCE_ROOM_FULL";
      if (!this.isFull) throw error;
    }
  }
}

test("a view's room takes so many people; who comes later is refused, on every node, and may look on", async () => {
  const { cluster, open } = begin(2);
  const ann = await open(TableView, "ann", 0);
  await open(TableView, "bob", 1);
  await assert.rejects(open(TableView, "cyd", 0), FULL);
  const dan = await open(OpenTableView, "dan", 1);
  await cluster.advance(100);
  assert.deepEqual([dan.view.isFull, idsOf(dan.view), idsOf(ann.view)], [true, ["ann", "bob"], ["ann", "bob"]]);
  await assert.rejects(dan.view.updatePresence({}), { code: "PRESENCE_NOT_TRACKED" });
  const secondTab = await open(TableView, "ann", 1);
  await cluster.advance(100);
  assert.deepEqual([secondTab.view.presenceCount(), secondTab.view.listPresences()[0]?.connections], [2, 2]);
});

test("who may come back holds the seat; when the grace is over, or at once after a leave, it is another's", async () => {
  const { cluster, open } = begin(2);
  const [ann, bob] = [await open(TableView, "ann", 0), await open(TableView, "bob", 1)];
  const dan = await open(OpenTableView, "dan", 0);
  ann.park(15_000);
  await cluster.advance(10_000);
  await assert.rejects(cluster.until(dan.view.trackPresence({})), FULL);
  await cluster.until(ann.resume());
  await cluster.until(bob.view.untrackPresence());
  await cluster.until(dan.view.trackPresence({}));
  await assert.rejects(cluster.until(bob.view.trackPresence({})), FULL);
  ann.park(15_000);
  await cluster.advance(15_500);
  await cluster.until(bob.view.trackPresence({}));
  assert.deepEqual(idsOf(dan.view), ["dan", "bob"]);
});

test("a page that its socket would refuse is refused on HTTP, one of somebody inside is not", async () => {
  const { cluster, open } = begin();
  for (const userId of ["ann", "bob"]) await open(TableView, userId);
  await cluster.advance(100);
  const http = { connected: false };
  await assert.rejects(open(TableView, "cyd", 0, http), FULL);
  assert.equal((await open(OpenTableView, "cyd", 0, http)).view.isFull, true);
  assert.equal((await open(OpenTableView, "ann", 0, http)).view.isFull, false);
});

test("a second room has a limit of its own", async () => {
  const { cluster, open } = begin();
  class HallView extends PresenceMixin(LiveView<{ tableId: string }>)<object> {
    static override presenceKey = "hall";
    table = this.presenceRoom("table:{tableId}", { maxMembers: 2 });
    override async mount() {
      await this.trackPresence({});
    }
  }
  const pages = [];
  for (const userId of ["ann", "bob", "cyd"]) pages.push(await open(HallView, userId));
  for (const { view } of pages.slice(0, 2)) await cluster.until(view.table.track({}));
  await assert.rejects(cluster.until(pages[2]!.view.table.track({})), FULL);
  assert.deepEqual([pages[2]!.view.table.presenceCount, pages[2]!.view.presenceCount()], [2, 3]);
});

test("nobody inside is thrown out: what a node carries is told again without asking for seats", async () => {
  const { cluster } = begin(2);
  const [one, two] = cluster.nodes;
  for (const user of ["ann", "bob"]) await cluster.until(join(one!.presence, user));
  const seen = await Observer.of(two!, KEY);
  one!.freeze();
  await cluster.advance(40_000);
  for (const user of ["cyd", "dan"]) await cluster.until(join(two!.presence, user));
  one!.thaw();
  await cluster.advance(10_000);
  assert.deepEqual(seen.list, ["ann", "bob", "cyd", "dan"]);
  await assert.rejects(cluster.until(join(one!.presence, "eve")), FULL);
  await assert.rejects(cluster.until(join(two!.presence, "eve")), FULL);
  assert.deepEqual(seen.faults, []);
});

test("while the store does not answer, a node seats people by its own list, and keeps them", async () => {
  const { cluster } = begin(2);
  const [one, two] = cluster.nodes;
  await cluster.until(join(two!.presence, "far"));
  const seen = await Observer.of(one!, KEY);
  one!.link.isCut = true;
  await cluster.until(join(one!.presence, "ann"));
  await assert.rejects(cluster.until(join(one!.presence, "bob")), FULL);
  await cluster.until(join(one!.presence, "far", "another"));
  assert.deepEqual(seen.list, ["ann", "far"]);
  one!.link.isCut = false;
  await cluster.advance(10_000);
  await assert.rejects(cluster.until(join(two!.presence, "bob")), FULL);
  assert.deepEqual([seen.told, await two!.presence.presenceCount(KEY)], [["+ann"], 2]);
});

test("a connection that finds no seat hears nothing, is in no list and told to nobody", async () => {
  const { cluster, presence, told } = begin();
  const room = presence.room(KEY, { maxMembers: 2 });
  const [ada, bob, eve] = [0, 1, 2].map(() => new FakeConnection());
  await cluster.until(room.add(ada!, { user: "ada" }));
  await cluster.until(room.add(bob!));
  const adding = assert.rejects(cluster.until(room.add(eve!)), FULL);
  for (let i = 0; i < 50; i += 1) await Promise.race([room.broadcast("while eve is on her way"), Promise.resolve()]);
  await adding;
  const before = ada!.sent.length;
  await room.broadcast("news");
  assert.deepEqual([eve!.sent, ada!.sent.length - before, told.length, room.presences().length], [[], 1, 2, 2]);
  await cluster.until(room.add(bob!, { user: "bob" }));
  await cluster.until(room.add(new FakeConnection(), { user: "ada" }));
  await cluster.until(room.remove(bob!));
  await cluster.until(room.add(eve!));
  await room.broadcast("welcome");
  assert.deepEqual([eve!.sent, room.users(), room.anonymousCount()], [["welcome"], ["ada"], 1]);
});

test("who was silent gives up the seat, and is back with a sign of life as soon as there is one", async () => {
  const { cluster, presence } = begin();
  const room = presence.room(KEY, { maxMembers: 1 });
  const [silent, other] = [new FakeConnection(), new FakeConnection()];
  await cluster.until(room.add(silent, { user: "silent", meta: {} }));
  await cluster.advance(62_000);
  await cluster.until(room.add(other, { user: "other" }));
  await cluster.until(presence.touch(silent));
  assert.deepEqual(room.users(), ["other"]);
  await cluster.until(room.remove(other));
  await cluster.until(presence.touch(silent));
  assert.deepEqual(room.users(), ["silent"]);
});

test("members without a socket count, are refused, and leave nothing behind", async () => {
  const { cluster, presence } = begin();
  for (const user of ["ann", "bob"]) await cluster.until(join(presence, user, undefined, 60_000));
  await assert.rejects(cluster.until(join(presence, "cyd", undefined, 60_000)), FULL);
  await assert.rejects(cluster.until(join(presence, "cyd")), FULL);
  await cluster.until(join(presence, "ann", "phone", 60_000));
  const bot = await cluster.until(presence.addBot(KEY, "bot", {}));
  assert.equal(await presence.presenceCount(KEY), 3);
  await cluster.advance(62_000);
  await cluster.until(bot.leave());
  await cluster.advance(1_100);
  assert.deepEqual(cluster.nodes[0]!.node.rooms, []);
});

test("a limit that is no number of people is refused", async () => {
  const { presence, open } = begin();
  for (const maxMembers of [0, -1, 1.5, NaN, Infinity, "3"] as number[]) {
    assert.throws(() => presence.room(KEY, { maxMembers }), { code: "OPTION_INVALID" });
    await assert.rejects(presence.joinPresence(KEY, "ann", {}, { maxMembers }), { code: "OPTION_INVALID" });
    class WrongView extends TableView {
      static override maxMembers = maxMembers;
    }
    await assert.rejects(open(WrongView, "ann"), { code: "OPTION_INVALID" });
  }
});

test("of fifty who join at once on two nodes exactly ten are in", async () => {
  const { cluster } = begin(2);
  const managers = cluster.nodes.map(({ presence }) => presence);
  await cluster.until(crowd(managers));
  for (const presence of managers) assert.equal((await presence.listPresences(KEY)).length, 10);
});

test("of fifty who join at once on two nodes with Redis exactly ten are in", async (t) => {
  const server = await startRedis();
  t.after(() => server.stop());
  const nodes = [await startRedisNode(server.url), await startRedisNode(server.url)];
  try {
    await crowd(nodes.map(({ presence }) => presence));
    assert.equal(await nodes[0]!.backend.count("table%3A1"), 10);
    for (const { node } of nodes) {
      const { room } = await node.host("", KEY);
      while (room.count !== 10) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    await Promise.all(nodes.map(({ presence }) => presence.close()));
  }
});

/** Half of them without a process, and each with a socket as well, so that people and not connections are counted. */
async function crowd(managers: readonly PresenceManager[]): Promise<void> {
  const results = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      const presence = managers[i % managers.length]!;
      const options = { maxMembers: 10, ttlMs: i % 4 < 2 ? null : 60_000 };
      const tabs = ["desk", "phone"].map((connectionId) =>
        presence.joinPresence(KEY, `user${i}`, {}, { ...options, connectionId: `${connectionId}${i}` }),
      );
      const outcomes = await Promise.allSettled(tabs);
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") assert.equal((outcome.reason as ConviveError).code, "PRESENCE_ROOM_FULL");
      }
      return outcomes.map(({ status }) => status);
    }),
  );
  assert.equal(results.filter((tabs) => tabs.includes("fulfilled")).length, 10);
}

function join(presence: PresenceManager, userId: string, connectionId?: string, ttlMs: number | null = null) {
  const own = connectionId === undefined ? {} : { connectionId };
  return presence.joinPresence(KEY, userId, {}, { maxMembers: 2, ttlMs, ...own });
}

function idsOf(view: TableView): string[] {
  return view.listPresences().map(({ id }) => id);
}

function begin(count = 1) {
  const cluster = new PresenceCluster();
  const nodes = Array.from({ length: count }, () => cluster.start());
  const services = nodes.map(servicesOf);
  const { presence } = nodes[0]!;
  const told: string[] = [];
  presence.on("change", ({ added, removed }) => told.push((added ?? removed)?.id ?? "bulk"));
  const open = <V extends LiveView<any>>(
    View: new (host: any) => V,
    userId: string,
    node = 0,
    more: PageOptions = {},
  ) => {
    const options = { params: { tableId: "1" }, userId, ...more };
    return FakePage.open(cluster, services[node]!, View, options);
  };
  return { cluster, presence, told, open };
}
