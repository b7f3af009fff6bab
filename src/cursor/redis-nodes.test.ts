import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { LiveView } from "../live-view.js";
import type { Limits } from "../options.js";
import type { CursorsPayload } from "../protocol.js";
import type { RedisPlace } from "../redis/clients.js";
import { startCursorNode, type CursorNode } from "../testing/cursor-node.js";
import { endWithUs } from "../testing/end-with-us.js";
import { FakePage, type PageOptions } from "../testing/fake-page.js";
import { QUICK_LIMITS } from "../testing/redis-node.js";
import { startRedis, type RedisServerProcess } from "../testing/redis-server.js";
import { startRedisCluster } from "../testing/redis-topology.js";
import { until } from "../testing/until.js";
import { LiveCursorMixin } from "./mixin.js";
import { RedisCache } from "./redis.js";

const NODE_PROCESS = join(import.meta.dirname, "../testing/cursor-process.ts");
const TICK_MS = QUICK_LIMITS.cursorTickMs;
/** Pointers without a connection expire soon. */
const HASTY: Limits = { ...QUICK_LIMITS, cursorTimeoutMs: 500 };
const PATIENT: Limits = { ...QUICK_LIMITS, cursorTimeoutMs: 600_000 };

class BoardView extends LiveCursorMixin(LiveView<{ boardId: string }>)<{ name: string }> {
  static override template = "board";
  static override presenceKey = "board:{boardId}";
  override async mount() {
    await this.trackPresence({ name: this.getPresenceUserId() });
  }
}

type Page = FakePage<BoardView>;

let server: RedisServerProcess;
before(async () => {
  server = await startRedis();
});
after(() => server?.stop());

type Ending = (end: () => unknown) => void;

/** What a test started, ended in the reverse order. */
function endingOf(t: TestContext): Ending {
  const ends: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  return (end) => ends.push(end);
}

async function startNodes(
  ending: Ending,
  places: readonly RedisPlace[] = [server.url, server.url],
  limits = QUICK_LIMITS,
): Promise<readonly CursorNode[]> {
  const nodes: CursorNode[] = [];
  for (const place of places) {
    const node = await startCursorNode(place, limits);
    ending(() => node.close());
    nodes.push(node);
  }
  return nodes;
}

/** Each test has a board of its own. */
function boardOf(t: TestContext): { readonly key: string; readonly options: PageOptions } {
  const boardId = t.name.replaceAll(/[^a-z]+/gi, "-");
  return { key: `board:${boardId}`, options: { params: { boardId } } };
}

function open(t: TestContext, { services }: CursorNode, userId: string, more: PageOptions = {}): Promise<Page> {
  const clock = { until: <T>(work: Promise<T>) => work };
  return FakePage.open(clock, services, BoardView, { ...boardOf(t).options, userId, ...more });
}

type Places = Readonly<Record<string, readonly [x: number, y: number]>>;

function placesOf(cursors: Readonly<Record<string, { readonly x: number; readonly y: number }>>): Places {
  const sorted = Object.entries(cursors).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([id, { x, y }]) => [id, [x, y] as const]));
}

function untilShown(page: Page, places: Places): Promise<void> {
  const shown = () => placesOf(page.view.getCursors());
  return until(() => JSON.stringify(shown()) === JSON.stringify(places), shown);
}

async function untilRead({ tracker }: CursorNode, key: string, places: Places): Promise<void> {
  let read: Places = {};
  await until(
    async () => JSON.stringify((read = placesOf(await tracker.getCursors(key)))) === JSON.stringify(places),
    () => read,
  );
}

/** What the page was told of pointers, by connection: where it is last, null when it left. */
function toldOf(page: Page): Map<string, readonly [number, number] | null> {
  const told = new Map<string, readonly [number, number] | null>();
  for (const { c, l = [] } of page.told("cursors") as CursorsPayload[]) {
    for (const [id, x, y] of c) told.set(id, [x, y]);
    for (const id of l) told.set(id, null);
  }
  return told;
}

test("who comes late on another node is shown where the pointers rest, and hears them move", async (t) => {
  const [one, two] = await startNodes(endingOf(t));
  const [ann, bob] = [await open(t, one!, "ann"), await open(t, one!, "bob")];
  ann.cursor(1, 2);
  bob.cursor(3, 4);
  ann.cursor(5, 6);
  const cyd = await open(t, two!, "cyd");
  await untilShown(cyd, { ann: [5, 6], bob: [3, 4] });
  await until(() => toldOf(cyd).size === 2);
  ann.cursor(7, 8);
  cyd.cursor(9, 9);
  await untilShown(cyd, { ann: [7, 8], bob: [3, 4], cyd: [9, 9] });
  await untilShown(bob, { ann: [7, 8], bob: [3, 4], cyd: [9, 9] });
});

test("cursors of several tabs vanish one by one on the other node: left, closed, broken, untracked", async (t) => {
  const [one, two] = await startNodes(endingOf(t));
  const tabs: Page[] = [];
  for (let i = 0; i < 4; i += 1) tabs.push(await open(t, one!, "ann"));
  const bob = await open(t, two!, "bob");
  for (const [i, tab] of tabs.entries()) tab.cursor(i, i);
  const shown = () => [...toldOf(bob)].filter(([, at]) => at).map(([id]) => id);
  await until(() => shown().length === 4);
  const left = new Set(tabs.map(({ connectionId }) => connectionId));
  const ends: ((tab: Page) => unknown)[] = [
    (tab) => tab.cursorLeft(),
    (tab) => tab.end("closed"),
    (tab) => tab.park(60_000),
    (tab) => tab.view.untrackPresence(),
  ];
  for (const [i, end] of ends.entries()) {
    await end(tabs[i]!);
    left.delete(tabs[i]!.connectionId);
    await until(() => shown().length === left.size, shown);
    assert.deepEqual(new Set(shown()), left);
  }
  await untilShown(bob, {});
});

test("when the mover's process is killed its cursor goes with the sweep, here and for who reads from outside", async (t) => {
  const ending = endingOf(t);
  const [here, outside] = await startNodes(ending);
  const { key } = boardOf(t);
  const bob = await open(t, here!, "bob");
  const words = ["--import", "tsx", NODE_PROCESS, server.url, key, "ann", "3", "4"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const forget = endWithUs(child);
  ending(() => (child.kill("SIGKILL"), forget()));
  await once(child.stdout, "data");
  await untilShown(bob, { ann: [3, 4] });
  await untilRead(outside!, key, { ann: [3, 4] });
  child.kill("SIGKILL");
  await untilShown(bob, {});
  await untilRead(outside!, key, {});
  assert.deepEqual([...toldOf(bob).values()], [null]);
  // Also from Redis, by whoever still is in the room.
  const cache = new RedisCache(here!.link);
  await until(async () => (await cache.get(here!.node.nameOf("", key))).size === 0);
});

test("a node without the room reads the last positions, as long as their connections live, with the names of now", async (t) => {
  const [one, outside] = await startNodes(endingOf(t), undefined, HASTY);
  const { key } = boardOf(t);
  const ann = await open(t, one!, "ann");
  for (let i = 1; i <= 20; i += 1) {
    ann.cursor(i, i);
    await pause(5);
  }
  await untilRead(outside!, key, { ann: [20, 20] });
  // Longer than what has no connection is kept.
  await outside!.tracker.updateCursor(key, "robot", 1, 1);
  await untilRead(outside!, key, { ann: [20, 20] });
  await ann.view.updatePresence({ name: "Anna" });
  const metaRead = async () => (await outside!.tracker.getCursors<{ name: string }>(key))["ann"]?.meta.name;
  await until(async () => (await metaRead()) === "Anna");
  await ann.end("closed");
  await untilRead(outside!, key, {});
});

test("a pointer without a connection is shown on every node, to who comes later as well, and expires", async (t) => {
  const [one, two, outside] = await startNodes(endingOf(t), [server.url, server.url, server.url], PATIENT);
  const { key } = boardOf(t);
  await outside!.tracker.updateCursor(key, "robot", 1, 2, { name: "Robot" });
  const ann = await open(t, one!, "ann");
  await untilShown(ann, { robot: [1, 2] });
  await outside!.tracker.updateCursor(key, "robot", 3, 4, { name: "Robot" });
  await one!.tracker.updateCursor(key, "drone", 5, 6);
  const bob = await open(t, two!, "bob");
  for (const page of [ann, bob]) await untilShown(page, { drone: [5, 6], robot: [3, 4] });
  assert.equal(bob.view.getCursors()["robot"]!.meta.name, "Robot");
  await untilRead(outside!, key, { drone: [5, 6], robot: [3, 4] });
  await two!.tracker.removeCursor(key, "drone");
  await outside!.tracker.removeCursor(key, "robot");
  for (const page of [ann, bob]) await untilShown(page, {});
  await untilRead(outside!, key, {});
});

test("a pointer without a connection that rests is gone on every node", async (t) => {
  const [one, two] = await startNodes(endingOf(t), undefined, HASTY);
  const { key } = boardOf(t);
  const [ann, bob] = [await open(t, one!, "ann"), await open(t, two!, "bob")];
  ann.cursor(1, 1);
  await one!.tracker.updateCursor(key, "robot", 2, 2);
  const told = (page: Page) => toldOf(page).get("@robot");
  await until(() => told(ann) !== undefined && told(bob) !== undefined);
  await until(() => told(ann) === null && told(bob) === null);
  for (const page of [ann, bob]) await untilShown(page, { ann: [1, 1] });
});

test("a name that changes is seen on the other node, at the pointer that rests", async (t) => {
  const [one, two] = await startNodes(endingOf(t));
  const [ann, bob] = [await open(t, one!, "ann"), await open(t, two!, "bob")];
  ann.cursor(1, 1);
  await until(() => toldOf(bob).has(ann.connectionId));
  await ann.view.updatePresence({ name: "Anna" });
  const names = () => (bob.told("cursors") as CursorsPayload[]).map(({ p }) => p?.[ann.connectionId]?.name);
  await until(() => names().at(-1) === "Anna", names);
  assert.equal(bob.view.getCursors()["ann"]!.meta.name, "Anna");
});

test("with Redis away cursors go on where they are; back again, though empty, all nodes are right", async (t) => {
  const ending = endingOf(t);
  const first = await startRedis();
  ending(() => first.stop());
  const [one, two, outside] = await startNodes(ending, [first.url, first.url, first.url]);
  const [ann, eve, bob] = [await open(t, one!, "ann"), await open(t, one!, "eve"), await open(t, two!, "bob")];
  for (const page of [ann, eve, bob]) page.cursor(1, 1);
  for (const page of [ann, bob]) await untilShown(page, { ann: [1, 1], bob: [1, 1], eve: [1, 1] });
  await first.stop();
  await until(() => {
    ann.cursor(Math.random() * 100, 0);
    return one!.node.isDegraded && two!.node.isDegraded;
  });
  ann.cursor(7, 7);
  eve.cursorLeft();
  bob.cursor(8, 8);
  await untilShown(ann, { ann: [7, 7], bob: [1, 1] });
  assert.deepEqual([ann.errors, eve.errors], [[], []]);
  const second = await startRedis([], first.port);
  t.after(() => second.stop());
  for (const page of [ann, eve, bob]) await untilShown(page, { ann: [7, 7], bob: [8, 8] });
  await until(async () => (await outside!.tracker.getCursors(boardOf(t).key).catch(() => null)) !== null);
  await untilRead(outside!, boardOf(t).key, { ann: [7, 7], bob: [8, 8] });
});

/** Counts what the node has sent in rooms, when it was answered. */
function answersOf({ backend }: CursorNode): () => number {
  let answers = 0;
  const publish = backend.publish.bind(backend);
  backend.publish = async (room, text) => {
    const heard = await publish(room, text);
    answers += 1;
    return heard;
  };
  return () => answers;
}

test("a node that lost its connection asks for what it missed, though nobody moves any more", async (t) => {
  const [one, two] = await startNodes(endingOf(t));
  const asked = answersOf(two!);
  const [ann, bob] = [await open(t, one!, "ann"), await open(t, two!, "bob")];
  ann.cursor(1, 1);
  await untilShown(bob, { ann: [1, 1] });
  // Once as it comes, once since it cannot know what the other said before.
  await until(() => asked() >= 2);
  const room = two!.node.find("", boardOf(t).key)!;
  const published = room.published.bind(room);
  let lost = 0;
  room.published = () => (lost += 1);
  ann.cursor(2, 2);
  await until(() => lost > 0);
  room.published = published;
  const connection = Number(await two!.link.call("CLIENT", "ID"));
  await one!.link.call("CLIENT", "KILL", "ID", connection);
  await untilShown(bob, { ann: [2, 2] });
});

test("tenants share no pointer, though their keys are the same", async (t) => {
  const [one, two] = await startNodes(endingOf(t));
  const { key } = boardOf(t);
  const ann = await open(t, one!, "ann", { tenant: "acme" });
  ann.cursor(1, 1);
  const [acme, other] = [two!.tracker.forTenant("acme"), two!.tracker.forTenant("other")];
  await until(async () => JSON.stringify(placesOf(await acme.getCursors(key))) === '{"ann":[1,1]}');
  await acme.updateCursor(key, "robot", 2, 2);
  await untilShown(ann, { ann: [1, 1], robot: [2, 2] });
  for (const tracker of [two!.tracker, other]) assert.deepEqual(await tracker.getCursors(key), {});
  await other.removeCursor(key, "ann");
  await acme.removeCursor(key, "robot");
  await untilShown(ann, { ann: [1, 1] });
});

// ── what it costs ──

interface Asked {
  readonly publish: number;
  readonly scripts: number;
  readonly pubsub: number;
  readonly ms: number;
}

/** What servers were asked so far, calls inside scripts included. */
async function askedOf(admins: readonly Redis[]): Promise<Asked> {
  const infos = await Promise.all(admins.map((admin) => admin.info("commandstats")));
  const calls = (pattern: RegExp) =>
    infos
      .flatMap((info) => [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)])
      .filter(([, name]) => pattern.test(name!))
      .reduce((sum, [, , count]) => sum + Number(count), 0);
  const [publish, scripts, pubsub] = [calls(/^publish$/), calls(/^eval(sha)?$/), calls(/^pubsub/)];
  return { publish, scripts, pubsub, ms: performance.now() };
}

async function during(admins: readonly Redis[], work: () => Promise<void>): Promise<Asked> {
  const start = await askedOf(admins);
  await work();
  const end = await askedOf(admins);
  const since = (name: keyof Asked) => end[name] - start[name];
  return { publish: since("publish"), scripts: since("scripts"), pubsub: since("pubsub"), ms: since("ms") };
}

const MOVES = 40;

/** Timers may be a millisecond early. */
function ticksIn(ms: number): number {
  return Math.ceil(ms / (TICK_MS - 1)) + 1;
}

async function checkCost(t: TestContext, ending: Ending, place: RedisPlace, ports: readonly number[]): Promise<void> {
  const admins = ports.map((port) => new Redis(port));
  ending(() => admins.forEach((admin) => admin.disconnect()));
  const nodes = await startNodes(ending, [place, place]);
  const pages = [await open(t, nodes[0]!, "ann"), await open(t, nodes[0]!, "eve")];
  const move = async () => {
    for (let i = 0; i < MOVES; i += 1) {
      for (const [at, page] of pages.entries()) page.cursor(i, at);
      await pause(10);
    }
  };
  await move();
  const alone = await during(admins, move);
  // A question now and then is none of the moves, of which there were ten times as many.
  assert.ok(alone.publish <= 4 + alone.ms / 1_000, `nobody hears, and yet: ${JSON.stringify(alone)}`);
  pages.push(await open(t, nodes[1]!, "bob"), await open(t, nodes[1]!, "cyd"));
  const places = (x: number): Places => ({ ann: [x, 0], bob: [x, 2], cyd: [x, 3], eve: [x, 1] });
  await move();
  for (const page of pages) await untilShown(page, places(MOVES - 1));
  const both = await during(admins, move);
  for (const page of pages) await untilShown(page, places(MOVES - 1));
  const what = JSON.stringify(both);
  assert.ok(both.publish <= 2 * ticksIn(both.ms), `more than one message per node and tick: ${what}`);
  assert.ok(both.publish > 4, what);
  assert.equal(both.pubsub, 0, `nobody is asked who hears: ${what}`);
  // Beside the messages: positions kept once a second, and the nodes' own ticks.
  const perNode = both.ms / 1_000 + both.ms / QUICK_LIMITS.nodeTickMs + 3;
  assert.ok(both.scripts - both.publish <= 2 * perNode, what);
}

test("of all who move a node sends one message per tick, and none when no other node shows the room", async (t) => {
  const ending = endingOf(t);
  // In a Redis of its own nobody is swept meanwhile.
  const { url, port, stop } = await startRedis();
  ending(stop);
  await checkCost(t, ending, url, [port]);
});

test("on a Cluster, which cannot tell who hears, it is the same", async (t) => {
  const ending = endingOf(t);
  const cluster = await startRedisCluster();
  ending(() => cluster.stop());
  const ports = cluster.masters.map(({ port }) => port);
  await checkCost(t, ending, { cluster: cluster.servers }, ports);
});
