import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveView } from "../live-view.js";
import type { CursorsMessage } from "../presence/room-message.js";
import type { CursorsPayload } from "../protocol.js";
import { FakePage, servicesOf } from "../testing/fake-page.js";
import { PresenceCluster, type ClusterNode } from "../testing/presence-cluster.js";
import { LiveCursorMixin } from "./mixin.js";
import { trackerOf } from "./tracker.js";

const KEY = "board:1";
const TICK_MS = 33;

class BoardView extends LiveCursorMixin(LiveView<{ boardId: string }>)<{ name: string }> {
  static override template = "board";
  static override presenceKey = "board:{boardId}";
  override async mount() {
    await this.trackPresence({ name: this.getPresenceUserId() });
  }
}

type Page = FakePage<BoardView>;

function begin(count = 2) {
  const cluster = new PresenceCluster();
  const nodes = Array.from({ length: count }, () => cluster.start());
  const services = nodes.map(servicesOf);
  const open = (userId: string, node: number, tenant = ""): Promise<Page> =>
    FakePage.open(cluster, services[node]!, BoardView, { params: { boardId: "1" }, userId, tenant });
  const trackers = services.map(({ cursors }) => trackerOf(cursors));
  return { cluster, nodes, services, trackers, open };
}

/** What a node sends of cursors from now on; `fate` may fail it, hold it up, or say how many heard. */
function sentBy({ link }: ClusterNode, fate: (heard: number) => Promise<number | null> | number | null = (n) => n) {
  const sent: CursorsMessage[] = [];
  const publish = link.publish.bind(link);
  link.publish = async (room, text) => {
    const { message } = JSON.parse(text) as { message: CursorsMessage };
    if (message.kind === "cursors") sent.push(message);
    return (await fate(await publish(room, text))) as number;
  };
  return sent;
}

/** The link of a node to its store breaks for what it sends and writes; presence goes on. */
function cut({ link }: ClusterNode): () => void {
  const publish = link.publish.bind(link);
  link.publish = () => Promise.reject(new Error("away"));
  return () => void (link.publish = publish);
}

function frames(page: Page): CursorsPayload[] {
  return page.told("cursors") as CursorsPayload[];
}

function where(page: Page): Record<string, readonly [number, number]> {
  return Object.fromEntries(Object.entries(page.view.getCursors()).map(([id, { x, y }]) => [id, [x, y] as const]));
}

test("however many move, a node sends one message per room and tick", async () => {
  const { cluster, nodes, open } = begin();
  const pages = await Promise.all(Array.from({ length: 10 }, (_, i) => open(`u${i}`, i % 2)));
  await cluster.advance(1_000);
  const sent = nodes.map((node) => sentBy(node));
  const ms = 3_300;
  for (let at = 0; at < ms; at += 10) {
    for (const [i, page] of pages.entries()) page.cursor(at, i);
    await cluster.advance(10);
  }
  for (const messages of sent) {
    assert.ok(messages.length > 50 && messages.length <= ms / TICK_MS + 1, String(messages.length));
  }
  await cluster.advance(100);
  assert.equal(Object.keys(where(pages[0]!)).length, 10);
  assert.deepEqual(where(pages[0]!), where(pages[1]!));
});

test("of several rooms each is sent for itself", async () => {
  const { cluster, nodes, open } = begin();
  const [ann, bob] = [await open("ann", 0), await open("bob", 0, "acme")];
  const others = [await open("cyd", 1), await open("dan", 1, "acme")];
  await cluster.advance(1_000);
  const sent = sentBy(nodes[0]!);
  ann.cursor(1, 1);
  bob.cursor(2, 2);
  await cluster.advance(100);
  assert.equal(sent.length, 2);
  assert.deepEqual(others.map(where), [{ ann: [1, 1] }, { bob: [2, 2] }]);
});

test("a store that cannot tell who hears is asked nothing: who shows cursors says so, and when no more", async () => {
  const { cluster, nodes, open } = begin();
  const sent = nodes.map((node) => sentBy(node, () => null));
  const ann = await open("ann", 0);
  await cluster.advance(1_000);
  const move = async (): Promise<number> => {
    const before = sent[0]!.length;
    for (let i = 0; i < 20; i += 1) {
      ann.cursor(Math.random(), i);
      await cluster.advance(TICK_MS);
    }
    return sent[0]!.length - before;
  };
  assert.equal(await move(), 0);
  const bob = await open("bob", 1);
  await cluster.advance(100);
  assert.equal(await move(), 20);
  await bob.end("closed");
  await cluster.advance(10_000);
  assert.ok((await move()) <= 1);
});

test("another node that was killed is told nothing any more, after questions without an answer", async () => {
  const { cluster, nodes, open } = begin();
  const sent = sentBy(nodes[0]!, () => null);
  const [ann] = [await open("ann", 0), await open("bob", 1)];
  await cluster.advance(1_000);
  cluster.kill(nodes[1]!);
  for (let second = 0; second < 60; second += 1) {
    ann.cursor(second, 1);
    await cluster.advance(1_000);
  }
  const before = sent.length;
  for (let second = 0; second < 30; second += 1) {
    ann.cursor(second, 2);
    await cluster.advance(1_000);
  }
  assert.ok(sent.length - before <= 4, String(sent.length - before));
});

test("one message is on its way at a time, and what came meanwhile goes with the next, as it is then", async () => {
  const { cluster, nodes, open } = begin();
  const [ann, bob] = [await open("ann", 0), await open("bob", 1)];
  await cluster.advance(1_000);
  let answer = () => {};
  const sent = sentBy(nodes[0]!, (heard) => new Promise((resolve) => (answer = () => resolve(heard))));
  for (let i = 1; i <= 20; i += 1) {
    ann.cursor(i, i);
    await cluster.advance(TICK_MS);
  }
  assert.equal(sent.length, 1);
  answer();
  await cluster.advance(100);
  assert.deepEqual(
    sent.map(({ moves }) => moves),
    [[[ann.connectionId, 1, 1]], [[ann.connectionId, 20, 20]]],
  );
  assert.deepEqual(where(bob), { ann: [20, 20] });
});

test("while the store is away local cursors go on and nothing queues; when it is back both nodes are right again", async () => {
  const { cluster, nodes, open } = begin();
  const [ann, eve, bob] = [await open("ann", 0), await open("eve", 0), await open("bob", 1)];
  await cluster.advance(1_000);
  for (const page of [ann, eve, bob]) page.cursor(1, 1);
  await cluster.advance(100);
  const sent = sentBy(nodes[0]!);
  const heal = nodes.map(cut);
  for (let i = 0; i < 300; i += 1) {
    ann.cursor(i, 2);
    await cluster.advance(10);
  }
  eve.cursorLeft();
  bob.cursor(8, 8);
  await cluster.advance(100);
  assert.deepEqual(
    [where(eve), where(bob)],
    [
      { ann: [299, 2], bob: [1, 1] },
      { ann: [1, 1], eve: [1, 1], bob: [8, 8] },
    ],
  );
  for (const end of heal) end();
  const before = sent.length;
  await cluster.advance(2_000);
  assert.deepEqual(where(ann), { ann: [299, 2], bob: [8, 8] });
  assert.deepEqual(where(bob), where(ann));
  assert.ok(sent.length - before <= 4, String(sent.length - before));
});

test("what was sent before this node knew of the connection is asked for when it does", async () => {
  const { cluster, nodes, open } = begin();
  const bob = await open("bob", 1);
  await cluster.advance(1_000);
  // Changes of the room reach the second node late, its messages at once.
  const { room } = await nodes[1]!.node.host("", KEY);
  const changed = room.changed.bind(room);
  const late: Parameters<typeof room.changed>[0][] = [];
  room.changed = (event) => void late.push(event);
  const ann = await open("ann", 0);
  await cluster.advance(100);
  ann.cursor(4, 5);
  await cluster.advance(100);
  assert.deepEqual(where(bob), {});
  for (const event of late) changed(event);
  await cluster.advance(200);
  assert.deepEqual(where(bob), { ann: [4, 5] });
});

test("who rests where it was known to be is told to no page again, and since when it rests is kept", async () => {
  const { cluster, open } = begin(3);
  const [ann, bob] = [await open("ann", 0), await open("bob", 1)];
  await cluster.advance(1_000);
  ann.cursor(1, 1);
  await cluster.advance(60_000);
  const before = frames(bob).length;
  const cyd = await open("cyd", 2);
  await cluster.advance(200);
  assert.equal(frames(bob).length, before);
  assert.equal(cyd.view.getCursors()["ann"]!.timestamp, ann.view.getCursors()["ann"]!.timestamp);
});

test("a pointer that comes back at once is not taken away by an echo", async () => {
  const { cluster, open } = begin();
  const [ann, bob] = [await open("ann", 0), await open("bob", 1)];
  await cluster.advance(1_000);
  ann.cursor(1, 1);
  await cluster.advance(100);
  ann.cursorLeft();
  ann.cursor(2, 2);
  await cluster.advance(1_000);
  assert.deepEqual([where(ann), where(bob)], [{ ann: [2, 2] }, { ann: [2, 2] }]);
});

test("a name that changes on one node is seen on the other", async () => {
  const { cluster, open } = begin();
  const [ann, bob] = [await open("ann", 0), await open("bob", 1)];
  await cluster.advance(1_000);
  ann.cursor(1, 1);
  await cluster.advance(100);
  await cluster.until(ann.view.updatePresence({ name: "Anna" }));
  await cluster.advance(100);
  assert.deepEqual(frames(bob).at(-1)!.p, { [ann.connectionId]: { user: "ann", name: "Anna" } });
  assert.equal(bob.view.getCursors()["ann"]!.meta.name, "Anna");
});

test("many who only pass by make no page load anything anew", async () => {
  const { cluster, nodes, trackers, open } = begin(3);
  const [ann, bob] = [await open("ann", 0), await open("bob", 1)];
  await cluster.advance(1_000);
  ann.cursor(1, 1);
  await cluster.advance(100);
  let missed = 0;
  const { room } = await nodes[1]!.node.host("", KEY);
  room.watch({ missed: () => (missed += 1) });
  for (let i = 0; i < 1_200; i += 1) {
    await trackers[2]!.updateCursor(KEY, "robot", i, i);
    if (i % 100 === 0) ann.cursor(i, i);
    if (i % 10 === 0) await cluster.advance(TICK_MS);
  }
  await cluster.advance(100);
  assert.deepEqual([missed, where(bob)["robot"]], [0, [1_199, 1_199]]);
});
