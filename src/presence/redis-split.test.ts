import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { systemClock, type Clock } from "../clock.js";
import { FaultProxy } from "../testing/fault-proxy.js";
import { Observer } from "../testing/presence-cluster.js";
import { QUICK_LIMITS, startRedisNode, type RedisNode } from "../testing/redis-node.js";
import { startRedis } from "../testing/redis-server.js";
import { until } from "../testing/until.js";

const KEY = "doc:1";
const ROOM = "doc%3A1";
const LIMITS = { ...QUICK_LIMITS, leaseMs: 2_000, redisCommandMs: 1_000 };

interface Story {
  /** on the way of the first node */
  readonly proxy: FaultProxy;
  readonly nodes: readonly [RedisNode, RedisNode];
  readonly observers: readonly [Observer, Observer];
}

/** Two nodes on one Redis, with ann on the one and bob on the other. */
async function begin(t: TestContext, { limits = LIMITS, clocks = [systemClock, systemClock] } = {}): Promise<Story> {
  const ends: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const server = await startRedis();
  ends.push(() => server.stop());
  const proxy = await FaultProxy.start(server.port);
  ends.push(() => proxy.stop());
  const start = async (url: string, clock: Clock) => {
    const started = await startRedisNode(url, { limits, clock });
    ends.push(() => started.presence.close());
    return started;
  };
  const nodes = [await start(proxy.url, clocks[0]!), await start(server.url, clocks[1]!)] as const;
  const observers = [await Observer.of(nodes[0], KEY), await Observer.of(nodes[1], KEY)] as const;
  await nodes[0].presence.addBot(KEY, "ann", {});
  await nodes[1].presence.addBot(KEY, "bob", {});
  await until(() => observers.every(({ list }) => list.join() === "ann,bob"));
  return { proxy, nodes, observers };
}

async function connectionsOf(node: RedisNode): Promise<string[]> {
  return (await node.backend.snapshot(ROOM)).connections.map(({ userId }) => userId).toSorted();
}

/** What was told of each user: `+` came, `-` went, `~` changed. */
function toldOf({ told }: Observer): Record<string, string> {
  const signs: Record<string, string> = {};
  for (const line of told) {
    const [user = ""] = line.slice(1).split(" ");
    signs[user] = (signs[user] ?? "") + line[0];
  }
  return signs;
}

describe("a node cut off from Redis", { concurrency: true }, () => {
  for (const [how, cut] of [
    ["both ways", (proxy: FaultProxy) => proxy.blackhole()],
    ["on the way up", (proxy: FaultProxy) => proxy.half("up")],
    ["on the way down", (proxy: FaultProxy) => proxy.half("down")],
  ] as const) {
    test(`${how} goes on with its own; the others see them leave at the end of its lease, and come again`, async (t) => {
      const { proxy, nodes, observers } = await begin(t);
      const [cutOff, other] = observers;
      cut(proxy);
      await until(() => nodes[0].node.isDegraded);
      await nodes[0].presence.addBot(KEY, "cyd", {});
      assert.deepEqual(cutOff.list, ["ann", "bob", "cyd"]);
      await until(() => other.list.join() === "bob");
      proxy.forward();
      await until(() => observers.every(({ list }) => list.join() === "ann,bob,cyd"));
      await until(async () => (await connectionsOf(nodes[1])).join() === "ann,bob,cyd");
      await until(() => !nodes[0].node.isDegraded);
      assert.deepEqual(toldOf(cutOff), { ann: "+", bob: "+", cyd: "+" });
      // Whether the new one was written before the way was cut down is not known.
      const { cyd, ...others } = toldOf(other);
      assert.match(cyd ?? "", /^\+(-\+)?$/);
      assert.deepEqual(others, { ann: "+-+", bob: "+" });
      assert.deepEqual([cutOff.faults, other.faults], [[], []]);
    });
  }

  test("only by a slow and uneven way is nobody's loss", async (t) => {
    const { proxy, nodes, observers } = await begin(t, { limits: QUICK_LIMITS });
    proxy.delay(150, 300);
    const bots = [];
    for (const user of ["cyd", "dan"]) bots.push(await nodes[0].presence.addBot(KEY, user, {}));
    await until(() => observers.every(({ list }) => list.join() === "ann,bob,cyd,dan"));
    for (const bot of bots) await bot.leave();
    await until(() => observers.every(({ list }) => list.join() === "ann,bob"));
    // Why somebody left may be lost on such a way; that he left is not.
    const told = ["+ann", "+bob", "+cyd", "+dan", "-cyd", "-dan"];
    for (const { told: heard, faults } of observers) {
      const signs = heard.map((line) => line.split(" ")[0]!);
      assert.deepEqual([signs.toSorted(), faults], [told, []]);
    }
    assert.deepEqual(await connectionsOf(nodes[1]), ["ann", "bob"]);
  });

  test("no node's own idea of the date matters to anybody, nor that it jumps", async (t) => {
    const skews = [-90_000, 90_000];
    const clocks = skews.map((_, i): Clock => ({ ...systemClock, wallTime: () => Date.now() + skews[i]! }));
    const began = Date.now();
    const { nodes, observers } = await begin(t, { limits: LIMITS, clocks });
    const hour = 3_600_000;
    for (const [i, jump] of [hour, -hour].entries()) skews[i]! += jump;
    const lease = nodes[1].node.storeTime + 1.5 * LIMITS.leaseMs;
    await until(() => nodes[1].node.storeTime > lease);
    await nodes[0].presence.addBot(KEY, "cyd", {});
    await until(() => observers.every(({ list }) => list.join() === "ann,bob,cyd"));
    for (const each of observers) assert.deepEqual(toldOf(each), { ann: "+", bob: "+", cyd: "+" });
    for (const node of nodes) {
      for (const { joinedAt } of (await node.backend.snapshot(ROOM)).connections) {
        assert.ok(joinedAt >= began && joinedAt <= Date.now(), String(joinedAt - began));
      }
      for (const { joinedAt } of observers[0].hold.room.everybody)
        assert.ok(joinedAt >= began && joinedAt <= Date.now());
    }
  });
});

test("an update that changes nothing is no event, and leaves the head", async (t) => {
  const { nodes, observers } = await begin(t);
  const bot = await nodes[0].presence.addBot(KEY, "cyd", { a: 1, b: { c: [2] } });
  await until(() => observers[1].list.length === 3);
  const [before] = await nodes[1].backend.heads([ROOM]);
  await bot.update({ a: 1 });
  await bot.update({ b: { c: [2] }, a: 1 });
  assert.deepEqual(await nodes[1].backend.heads([ROOM]), [before]);
  await bot.update({ a: 2 });
  await until(() => observers[1].told.includes("~cyd"));
  for (const each of observers) assert.deepEqual(toldOf(each), { ann: "+", bob: "+", cyd: "+~" });
});
