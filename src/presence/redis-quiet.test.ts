import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { systemClock, type Clock, type Timer } from "../clock.js";
import { resolveLimits } from "../options.js";
import type { RedisPlace } from "../redis/clients.js";
import { RedisMonitor, UNCOUNTED } from "../testing/redis-monitor.js";
import { startRedisNode, type RedisNode } from "../testing/redis-node.js";
import { startRedis } from "../testing/redis-server.js";
import { startRedisCluster } from "../testing/redis-topology.js";

/** Everything as it is by default, but that a loaded machine has time to answer. */
const LIMITS = resolveLimits({ redisCommandMs: 20_000 });
const MINUTE_S = 60;
/** Per second, of both nodes together. */
const MAX_SENT = 20;
const MAX_INSIDE = 60;
/** Each node tries every 5 s, by the machine's clock, whether it is heard: that is not in the minutes counted here. */
const PROBES = (2 * MINUTE_S) / 5;
const AT_ONCE = 100;

/** The machine's clock, but for what is done again and again: that runs when the test lets seconds pass. */
class SteppedClock implements Clock {
  readonly #repeated = new Set<{ readonly ms: number; readonly work: () => void; due: number }>();
  #passed = 0;

  now = () => systemClock.now();
  wallTime = () => systemClock.wallTime();
  after = (ms: number, work: () => void) => systemClock.after(ms, work);

  every(ms: number, work: () => void): Timer {
    const repeated = { ms, work, due: this.#passed + ms };
    this.#repeated.add(repeated);
    return { clear: () => void this.#repeated.delete(repeated) };
  }

  passSecond(): void {
    this.#passed += 1_000;
    for (const each of this.#repeated) {
      if (each.due > this.#passed) continue;
      each.due += each.ms;
      each.work();
    }
  }
}

type Ending = (end: () => unknown) => void;

/** What a test started, ended in the reverse order. */
function endingOf(t: TestContext): Ending {
  const ends: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  return (end) => ends.push(end);
}

/** Two nodes that share rooms, each with a connection in each. */
async function twoNodes(ending: Ending, place: RedisPlace, rooms: number, clock: Clock): Promise<RedisNode[]> {
  const nodes: RedisNode[] = [];
  for (const userId of ["ann", "bob"]) {
    const node = await startRedisNode(place, { limits: LIMITS, clock });
    ending(() => node.presence.close());
    nodes.push(node);
    await enterRooms(node, rooms, userId);
  }
  for (const { node } of nodes) await untilSeen(node.rooms);
  return nodes;
}

async function untilSeen(rooms: readonly { readonly count: number }[]): Promise<void> {
  while (rooms.some(({ count }) => count < 2)) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function enterRooms({ node }: RedisNode, rooms: number, userId: string): Promise<void> {
  let next = 0;
  const enterSome = async () => {
    while (next < rooms) {
      const number = next++;
      const { room } = await node.host("", `room:${number}`);
      await room.track({ connectionId: `${userId}-${number}`, userId, meta: { name: userId } });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, enterSome));
}

async function sentBy(monitors: readonly RedisMonitor[]): Promise<{ sent: number; inside: number; what: string }> {
  const counts = await Promise.all(monitors.map((monitor) => monitor.count()));
  const sum = (what: "sent" | "inside") => counts.reduce((total, count) => total + count[what], 0);
  const what = JSON.stringify(counts.map(({ byName }) => Object.fromEntries(byName)));
  return { sent: sum("sent"), inside: sum("inside"), what };
}

/** Resolves when the nodes have nothing more to ask: what follows an answer is asked at once. */
async function untilSilent(nodes: readonly RedisNode[], monitors: readonly RedisMonitor[]): Promise<void> {
  for (let before = -1; ;) {
    await Promise.all(nodes.map(({ backend }) => backend.count(UNCOUNTED)));
    const { sent } = await sentBy(monitors);
    if (sent === before) return;
    before = sent;
  }
}

/** A minute in which nobody comes or goes, its pruning included; says what was asked in it. */
async function quietMinute(
  nodes: readonly RedisNode[],
  monitors: readonly RedisMonitor[],
  clock: SteppedClock,
): Promise<Awaited<ReturnType<typeof sentBy>>> {
  await untilSilent(nodes, monitors);
  for (const monitor of monitors) monitor.reset();
  for (let second = 0; second < MINUTE_S; second += 1) {
    clock.passSecond();
    await untilSilent(nodes, monitors);
  }
  return sentBy(monitors);
}

function checkQuiet({ sent, inside, what }: Awaited<ReturnType<typeof sentBy>>): void {
  assert.ok(sent >= 2 * MINUTE_S, `each node ticks once a second: ${what}`);
  assert.ok(sent + PROBES <= MAX_SENT * MINUTE_S, `${sent} commands were sent in a minute: ${what}`);
  assert.ok(inside <= MAX_INSIDE * MINUTE_S, `${inside} calls were made inside scripts in a minute: ${what}`);
}

test("10 000 connections in 5 000 rooms on two nodes cost at most 20 commands a second when nobody comes or goes", async (t) => {
  const ending = endingOf(t);
  const server = await startRedis();
  ending(() => server.stop());
  const clock = new SteppedClock();
  const nodes = await twoNodes(ending, server.url, 5_000, clock);
  const monitor = await RedisMonitor.start(server.port);
  ending(() => monitor.stop());
  checkQuiet(await quietMinute(nodes, [monitor], clock));
});

test("on a Cluster, where heads are read bucket by bucket, the bound is the same", async (t) => {
  const ending = endingOf(t);
  const cluster = await startRedisCluster();
  ending(() => cluster.stop());
  const clock = new SteppedClock();
  const nodes = await twoNodes(ending, { cluster: cluster.servers }, 500, clock);
  const monitors = await Promise.all(cluster.masters.map(({ port }) => RedisMonitor.start(port)));
  ending(() => monitors.forEach((monitor) => monitor.stop()));
  checkQuiet(await quietMinute(nodes, monitors, clock));
});
