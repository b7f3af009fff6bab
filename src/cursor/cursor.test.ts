import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveView } from "../live-view.js";
import type { CursorsPayload } from "../protocol.js";
import { isFrozen } from "../render/freeze.js";
import { FakePage, servicesOf, type PageOptions } from "../testing/fake-page.js";
import { PresenceCluster } from "../testing/presence-cluster.js";
import { LiveCursorMixin } from "./mixin.js";
import { tickMs } from "./room.js";
import { trackerOf } from "./tracker.js";

interface Person {
  name: string;
  color?: string;
}

class BoardView extends LiveCursorMixin(LiveView<{ boardId: string }>)<Person> {
  static override template = "board";
  static override presenceKey = "board:{boardId}";
  override async mount() {
    await this.trackPresence({ name: this.getPresenceUserId(), color: "#123456" });
  }
}

test("moves of a tick are one frame for all viewers, encoded once, with who they are told once", async () => {
  const { cluster, open } = begin();
  const [ann, bob, cyd] = [await open("ann"), await open("bob"), await open("cyd")];
  await cluster.advance(100);
  ann.cursor(1, 2);
  bob.cursor(3, 4);
  ann.cursor(5, 6);
  await cluster.advance(40);
  const told = frames(cyd);
  assert.deepEqual(
    told.map(({ c }) => c),
    [
      [[ann.connectionId, 1, 2]],
      [
        [bob.connectionId, 3, 4],
        [ann.connectionId, 5, 6],
      ],
    ],
  );
  assert.deepEqual(told[0]!.p, { [ann.connectionId]: { user: "ann", name: "ann", color: "#123456" } });
  assert.deepEqual(Object.keys(told[1]!.p!), [bob.connectionId]);
  assert.equal(ann.sent.at(-1), cyd.sent.at(-1));
  ann.cursor(7, 8);
  await cluster.advance(40);
  assert.deepEqual(frames(cyd).at(-1), { n: 3, c: [[ann.connectionId, 7, 8]] });
  assert.deepEqual(cyd.lossy, [false, false, true]);
});

test("the first move after a pause is told at once, the rest with the tick", async () => {
  const { cluster, open } = begin();
  const [ann, bob] = [await open("ann"), await open("bob")];
  await cluster.advance(100);
  ann.cursor(1, 1);
  assert.equal(frames(bob).length, 1);
  for (let i = 0; i < 100; i += 1) {
    ann.cursor(i, i);
    await cluster.advance(5);
  }
  assert.ok(frames(bob).length >= 14 && frames(bob).length <= 17, String(frames(bob).length));
  assert.deepEqual(
    frames(bob).map(({ n }) => n),
    frames(bob).map((_, i) => i + 1),
  );
});

test("to a room of one nothing is sent, and who comes late is told everything", async () => {
  const { cluster, open } = begin();
  const ann = await open("ann");
  await cluster.advance(100);
  ann.cursor(1, 2);
  ann.cursor(3, 4);
  await cluster.advance(100);
  assert.deepEqual(ann.frames, []);
  const bob = await open("bob");
  await cluster.advance(100);
  const person = { user: "ann", name: "ann", color: "#123456" };
  assert.deepEqual(frames(bob), [
    { n: 2, c: [[ann.connectionId, 3, 4]], p: { [ann.connectionId]: person }, all: true },
  ]);
  bob.cursor(9, 9);
  await cluster.advance(40);
  assert.equal(frames(ann).length, 1);
  assert.ok(frames(bob).at(-1)!.n > 2);
});

test("a page that joins anew is told everything anew", async () => {
  const { cluster, open } = begin();
  const [ann, bob] = [await open("ann"), await open("bob")];
  await cluster.advance(100);
  ann.cursor(1, 2);
  bob.park(15_000);
  await cluster.advance(1_000);
  ann.cursor(5, 5);
  await cluster.advance(100);
  await cluster.until(bob.resume());
  await cluster.advance(100);
  const last = frames(bob).at(-1)!;
  assert.deepEqual([last.all, last.c], [true, [[ann.connectionId, 5, 5]]]);
});

test("a page that was alone, broke off and comes back is in the same room as who came meanwhile", async () => {
  const { cluster, open } = begin();
  const bob = await open("bob");
  await cluster.advance(100);
  bob.cursor(1, 1);
  bob.park(15_000);
  await cluster.advance(1_000);
  const ann = await open("ann");
  await cluster.advance(100);
  await cluster.until(bob.resume());
  await cluster.advance(100);
  ann.cursor(5, 5);
  bob.cursor(6, 6);
  await cluster.advance(100);
  assert.deepEqual(Object.keys(ann.view.getCursors()).toSorted(), ["ann", "bob"]);
  assert.ok(frames(bob).some(({ c }) => c.some(([id, x]) => id === ann.connectionId && x === 5)));
});

test("cursors go with their connections, one tab at a time, and while a link is broken", async () => {
  const { cluster, open } = begin();
  const [ann, tab, bob] = [await open("ann"), await open("ann"), await open("bob")];
  await cluster.advance(100);
  ann.cursor(1, 1);
  tab.cursor(2, 2);
  await cluster.advance(100);
  await tab.end("closed");
  await cluster.advance(200);
  assert.deepEqual(frames(bob).at(-1)!.l, [tab.connectionId]);
  ann.park(15_000);
  await cluster.advance(200);
  assert.deepEqual(frames(bob).at(-1)!.l, [ann.connectionId]);
  assert.deepEqual(bob.view.getCursors(), {});
});

test("a pointer that left the element, or a person who left the list, has no cursor", async () => {
  const { cluster, open } = begin();
  const [ann, bob] = [await open("ann"), await open("bob")];
  await cluster.advance(100);
  ann.cursor(1, 1);
  await cluster.advance(40);
  ann.cursorLeft();
  await cluster.advance(40);
  assert.deepEqual(frames(bob).at(-1)!.l, [ann.connectionId]);
  ann.cursor(1, 1);
  await cluster.until(ann.view.untrackPresence());
  await cluster.advance(200);
  assert.deepEqual(bob.view.getCursors(), {});
  ann.cursor(2, 2);
  await cluster.advance(100);
  assert.deepEqual(bob.view.getCursors(), {});
});

test("positions are kept by user, frozen, one object per tick, and stay while the connection lives", async () => {
  const { cluster, open } = begin();
  const [ann, bob] = [await open("ann"), await open("bob")];
  await cluster.advance(100);
  ann.cursor(1, 2);
  await cluster.advance(100);
  const cursors = bob.view.getCursors();
  assert.deepEqual(Object.keys(cursors), ["ann"]);
  const { x, y, meta, timestamp } = cursors["ann"]!;
  assert.deepEqual([x, y, meta.name], [1, 2, "ann"]);
  assert.equal(ann.view.getCursors(), cursors);
  assert.ok(isFrozen(cursors));
  await cluster.advance(5 * 60_000);
  assert.equal(bob.view.getCursors()["ann"]!.timestamp, timestamp);
  assert.ok(cluster.clock.wallTime() - timestamp > 10_000);
});

test("what is no position is dropped, what lies far out is clamped", async () => {
  const { cluster, open } = begin();
  const [ann, bob] = [await open("ann"), await open("bob")];
  await cluster.advance(100);
  for (const bad of [NaN, Infinity, -Infinity, "1", null, {}, undefined]) ann.cursor(bad as number, 1);
  await cluster.advance(100);
  assert.deepEqual(frames(bob), []);
  ann.cursor(1e300, -5e9);
  await cluster.advance(100);
  assert.deepEqual(frames(bob)[0]!.c, [[ann.connectionId, 1e6, -1e6]]);
  assert.throws(() => ann.view.updateCursorPosition(NaN, 1), { code: "CURSOR_INVALID" });
  assert.throws(() => ann.view.updateCursorPosition("1" as never, 1), { code: "CURSOR_INVALID" });
});

test("overriding the handlers replaces what happens, super keeps it, and what they throw hurts nobody", async () => {
  const { cluster, open } = begin();
  const seen: string[] = [];
  class FenceView extends BoardView {
    override handleCursorMove(x: number, y: number) {
      if (x === 13) throw new Error("bad luck");
      seen.push(`${x},${y}`);
      if (x > 10) super.handleCursorMove(10, y);
    }
    override handleCursorLeave() {
      seen.push("left");
    }
  }
  const ann = await open("ann", {}, FenceView);
  const bob = await open("bob");
  await cluster.advance(100);
  ann.cursor(5, 5);
  ann.cursor(20, 5);
  ann.cursorLeft();
  ann.cursor(13, 13);
  await cluster.advance(100);
  assert.deepEqual(seen, ["5,5", "20,5", "left"]);
  assert.deepEqual([bob.view.getCursors()["ann"]!.x, ann.errors.length], [10, 1]);
});

test("only a template that shows cursors is rendered by them, at the tick", async () => {
  const { cluster, open } = begin();
  const drawing = await open("bob", { reads: ["cursors"] });
  const [ann, quiet] = [await open("ann"), await open("cyd")];
  await cluster.advance(100);
  const [before, quietBefore] = [drawing.renders, quiet.renders];
  for (let i = 0; i < 20; i += 1) {
    ann.cursor(i, i);
    await cluster.advance(5);
  }
  const renders = drawing.renders - before;
  assert.ok(renders >= 3 && renders <= 5, String(renders));
  assert.equal(quiet.renders, quietBefore);
  assert.deepEqual(Object.keys(drawing.it["cursors"] as object), ["ann"]);
});

test("a person who is called otherwise is told again, without a move", async () => {
  const { cluster, open } = begin();
  const [ann, bob] = [await open("ann"), await open("bob")];
  await cluster.advance(100);
  ann.cursor(1, 1);
  await cluster.advance(100);
  await cluster.until(ann.view.updatePresence({ name: "Anna", color: 7 as never }));
  await cluster.advance(100);
  assert.deepEqual(frames(bob).at(-1)!.p, { [ann.connectionId]: { user: "ann", name: "Anna" } });
});

test("cursors cross nodes, late ones too, and nothing is published when nobody hears", async () => {
  const { cluster, open, nodes } = begin(2);
  const ann = await open("ann", {}, BoardView, 0);
  await cluster.advance(2_000);
  let published = 0;
  const publish = nodes[0]!.link.publish.bind(nodes[0]!.link);
  nodes[0]!.link.publish = (room, text) => ((published += 1), publish(room, text));
  for (let i = 0; i < 100; i += 1) {
    ann.cursor(i, i);
    await cluster.advance(10);
  }
  assert.ok(published <= 3, String(published));
  const bob = await open("bob", {}, BoardView, 1);
  await cluster.advance(200);
  assert.deepEqual(frames(bob).at(-1)!.c, [[ann.connectionId, 99, 99]]);
  ann.cursor(5, 6);
  await cluster.advance(100);
  assert.deepEqual(bob.view.getCursors()["ann"]!.x, 5);
  await ann.end("closed");
  await cluster.advance(200);
  assert.deepEqual(bob.view.getCursors(), {});
});

test("who may not see the room is shown no cursor", async () => {
  const { cluster, open } = begin(1, (userId) => ({ see: userId !== "bob", track: true }));
  const [ann, bob] = [await open("ann"), await open("bob")];
  await cluster.advance(100);
  ann.cursor(1, 1);
  await cluster.advance(100);
  assert.deepEqual([bob.frames, bob.reply, bob.it["cursors"]], [[], {}, {}]);
});

test("a crowd that takes longer than a tick is told what moved meanwhile at once, not move by move", async () => {
  const { cluster, open } = begin();
  const [ann, bob] = [await open("ann"), await open("bob")];
  await cluster.advance(100);
  ann.cursor(0, 0);
  await cluster.advance(100);
  const send = bob.send.bind(bob);
  bob.send = (...frame) => (cluster.clock.spend(60), send(...frame));
  // All of one read: nothing else runs between them.
  for (let i = 1; i <= 50; i += 1) ann.cursor(i, i);
  assert.deepEqual(frames(bob).length, 2);
  await cluster.advance(29);
  assert.deepEqual(frames(bob).length, 2);
  await cluster.advance(2);
  assert.deepEqual(
    frames(bob).map(({ c }) => c[0]![1]),
    [0, 1, 50],
  );
});

test("a crowd whose frames take long to be written at the end of the turn leaves a third of the process to others", async () => {
  const { cluster, open } = begin();
  const [ann, bob] = [await open("ann"), await open("bob")];
  await cluster.advance(100);
  writeSlowly(bob, cluster, 200);
  ann.cursor(1, 1);
  await cluster.advance(0);
  ann.cursor(2, 2);
  await cluster.advance(99);
  assert.equal(frames(bob).length, 1);
  await cluster.advance(2);
  assert.equal(frames(bob).length, 2);
});

test("what moves in the same read waits for the rest of a crowd whose frames are yet to be written", async () => {
  const { cluster, open } = begin();
  const [ann, bob] = [await open("ann"), await open("bob")];
  await cluster.advance(100);
  writeSlowly(bob, cluster, 200);
  ann.cursor(1, 1);
  ann.cursor(2, 2);
  await cluster.advance(0);
  await cluster.advance(99);
  assert.equal(frames(bob).length, 1);
  await cluster.advance(2);
  assert.equal(frames(bob).length, 2);
});

test("the more move, the longer the tick", () => {
  const { limits } = new PresenceCluster();
  const at = [1, 200, 201, 300, 301, 500, 5_000].map((movers) => tickMs(movers, limits));
  assert.deepEqual(at, [33, 33, 66, 66, 99, 132, 200]);
});

test("when all are gone nothing is left of the cursors", async () => {
  const { cluster, open, services } = begin();
  const first = await open("warm");
  await first.end("closed");
  await cluster.advance(60_000);
  const timers = cluster.clock.timers;
  const pages = [await open("ann"), await open("bob")];
  for (const page of pages) page.cursor(1, 1);
  await cluster.advance(2_000);
  for (const page of pages) await page.end("closed");
  await cluster.advance(60_000);
  assert.deepEqual([services[0]!.cursors.size, services[0]!.rooms.rooms.length, cluster.clock.timers], [0, 0, timers]);
});

// ── without a view ──

test("the tracker keeps, lists and removes; positions expire after ten seconds", async () => {
  const { cluster, services } = begin();
  const tracker = trackerOf(services[0]!.cursors);
  await tracker.updateCursor("board:1", "ann", 10, 20, { name: "Ann" });
  await tracker.updateCursor("board:1", "__proto__", 1, 2);
  await tracker.updateCursor("board:2", "bob", 1, 2);
  const cursors = await tracker.getCursors<{ name: string }>("board:1");
  const { x, y, meta } = cursors["ann"]!;
  assert.deepEqual([Object.keys(cursors).toSorted(), x, y, meta.name], [["__proto__", "ann"], 10, 20, "Ann"]);
  await tracker.removeCursor("board:1", "ann");
  assert.deepEqual(Object.keys(await tracker.getCursors("board:1")), ["__proto__"]);
  await cluster.advance(10_000);
  assert.deepEqual([await tracker.getCursors("board:1"), await tracker.getCursors("board:2")], [{}, {}]);
  await cluster.advance(20_000);
  assert.equal(cluster.clock.timers, 0);
});

test("the tracker of a tenant moves and sees that tenant's cursors only", async () => {
  const { cluster, open, services } = begin();
  const tracker = trackerOf(services[0]!.cursors);
  const acme = tracker.forTenant("acme");
  const [ann, bob] = [await open("ann", { tenant: "acme" }), await open("bob")];
  await cluster.advance(100);
  ann.cursor(1, 1);
  await acme.updateCursor("board:1", "robot", 2, 2);
  await tracker.updateCursor("board:2", "robot", 3, 3);
  await cluster.advance(100);
  assert.deepEqual(
    [ann, bob].map(({ view }) => Object.keys(view.getCursors())),
    [["ann", "robot"], []],
  );
  assert.deepEqual(Object.keys(await acme.getCursors("board:1")), ["ann", "robot"]);
  assert.deepEqual([await tracker.getCursors("board:1"), await acme.getCursors("board:2")], [{}, {}]);
  await tracker.removeCursor("board:1", "ann");
  await acme.forTenant("").removeCursor("board:1", "robot");
  await cluster.advance(100);
  assert.deepEqual(Object.keys(ann.view.getCursors()), ["ann", "robot"]);
  await acme.removeCursor("board:1", "ann");
  await cluster.advance(100);
  assert.deepEqual(Object.keys(ann.view.getCursors()), ["robot"]);
  for (const bad of ["\ud800", "x".repeat(100_000)]) {
    assert.throws(() => tracker.forTenant(bad), { code: "PRESENCE_KEY_INVALID" });
  }
});

test("fifty writers at once are fifty cursors", async () => {
  const { services } = begin();
  const tracker = trackerOf(services[0]!.cursors);
  await Promise.all(Array.from({ length: 50 }, (_, i) => tracker.updateCursor("board:1", `u${i}`, i, i)));
  assert.equal(Object.keys(await tracker.getCursors("board:1")).length, 50);
});

test("the tracker refuses what is no position, key, user or meta", async () => {
  const { services } = begin();
  const tracker = trackerOf(services[0]!.cursors);
  await assert.rejects(tracker.updateCursor("b", "ann", NaN, 1), { code: "CURSOR_INVALID" });
  await assert.rejects(tracker.updateCursor("b", "", 1, 1), { code: "PRESENCE_USER_INVALID" });
  await assert.rejects(tracker.updateCursor("", "ann", 1, 1), { code: "PRESENCE_KEY_INVALID" });
  await assert.rejects(tracker.updateCursor("b", "ann", 1, 1, { at: new Date() }), { code: "PRESENCE_META_INVALID" });
});

test("a cursor that the server moves is shown in the pages, on every node, and expires when it rests", async () => {
  const { cluster, open, services } = begin(2);
  const [ann, bob] = [await open("ann", {}, BoardView, 0), await open("bob", {}, BoardView, 1)];
  await cluster.advance(100);
  const tracker = trackerOf(services[0]!.cursors);
  await tracker.updateCursor("board:1", "robot", 5, 6, { name: "Robot" });
  await cluster.advance(100);
  for (const page of [ann, bob]) {
    assert.deepEqual(frames(page).at(-1)!.c, [["@robot", 5, 6]]);
    assert.deepEqual(frames(page).at(-1)!.p, { "@robot": { user: "robot", name: "Robot" } });
  }
  await cluster.advance(11_000);
  for (const page of [ann, bob]) assert.deepEqual(frames(page).at(-1)!.l, ["@robot"]);
});

test("the tracker sees the cursors of pages", async () => {
  const { cluster, open, services } = begin(2);
  const ann = await open("ann", {}, BoardView, 0);
  await cluster.advance(100);
  ann.cursor(3, 4);
  await cluster.advance(100);
  assert.equal((await trackerOf(services[0]!.cursors).getCursors("board:1"))["ann"]!.x, 3);
});

/** What it is sent takes so long to be written, at the end of the turn. */
function writeSlowly(page: FakePage<LiveView<any>>, { clock }: PresenceCluster, ms: number): void {
  const send = page.send.bind(page);
  page.send = (...frame) => (queueMicrotask(() => clock.spend(ms)), send(...frame));
}

function frames(page: FakePage<LiveView<any>>): CursorsPayload[] {
  return page.told("cursors") as CursorsPayload[];
}

function begin(count = 1, authorize: (userId: string) => boolean | { see: boolean; track: boolean } = () => true) {
  const cluster = new PresenceCluster({}, ({ userId }) => authorize(userId));
  const nodes = Array.from({ length: count }, () => cluster.start());
  const services = nodes.map(servicesOf);
  const open = (userId: string, options: PageOptions = {}, View: typeof BoardView = BoardView, node = 0) =>
    FakePage.open(cluster, services[node]!, View, { params: { boardId: "1" }, userId, ...options });
  return { cluster, nodes, services, open };
}
