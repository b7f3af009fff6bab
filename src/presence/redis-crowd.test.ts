import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { resolveLimits } from "../options.js";
import { startRedisNode, type RedisNode } from "../testing/redis-node.js";
import { startRedis } from "../testing/redis-server.js";
import type { RoomHold } from "./node.js";

/** Everything as it is by default, but that a loaded machine has time to answer. */
const LIMITS = resolveLimits({ redisCommandMs: 20_000 });
const PEOPLE = 2_000;
const KEY = "square";
/** What a room may tell beyond once per tick. */
const MORE = 5;

/** A node's part in the room, and how often it told of a change. */
class Place {
  changes = 0;
  joins = 0;
  lastAt = 0;

  private constructor(private readonly hold: RoomHold) {
    hold.room.watch({
      changed: ({ joins }) => {
        this.changes += 1;
        this.joins += joins.length;
        this.lastAt = performance.now();
      },
    });
  }

  static async at({ node }: RedisNode): Promise<Place> {
    return new Place(await node.host("", KEY));
  }

  get count(): number {
    return this.hold.room.count;
  }

  async enter(prefix: string, people: number): Promise<void> {
    const users = Array.from({ length: people }, (_, i) => `${prefix}-${i}`);
    await Promise.all(
      users.map((userId) => this.hold.room.track({ connectionId: userId, userId, meta: { name: userId } })),
    );
  }
}

async function twoPlaces(t: TestContext): Promise<[Place, Place]> {
  const server = await startRedis();
  const nodes: RedisNode[] = [];
  t.after(async () => {
    for (const { presence } of nodes) await presence.close();
    await server.stop();
  });
  for (let i = 0; i < 2; i += 1) nodes.push(await startRedisNode(server.url, { limits: LIMITS }));
  return [await Place.at(nodes[0]!), await Place.at(nodes[1]!)];
}

test("two thousand who join at once, on two nodes, are told to each viewer once per tick of the room", async (t) => {
  const places = await twoPlaces(t);
  const startedAt = performance.now();
  await Promise.all(places.map((place, i) => place.enter(`user-${i}`, PEOPLE / 2)));
  while (places.some(({ count }) => count < PEOPLE)) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const { joins, changes, lastAt } of places) {
    assert.equal(joins, PEOPLE);
    const ticks = Math.floor((lastAt - startedAt) / LIMITS.roomTickMs);
    assert.ok(changes <= ticks + MORE, `${changes} changes were told in ${ticks} ticks`);
  }
});

test("a thousand who join one after another are told together, tick by tick", async (t) => {
  const places = await twoPlaces(t);
  const startedAt = performance.now();
  const entered = Array.from({ length: 1_000 }, async (_, i) => {
    // Each in a turn of its own, as from a socket of its own.
    for (let turn = 0; turn <= i / 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await places[0].enter(`user-${i}`, 1);
  });
  await Promise.all(entered);
  while (places[1].count < 1_000) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const { changes, lastAt } of places) {
    const ticks = Math.floor((lastAt - startedAt) / LIMITS.roomTickMs);
    assert.ok(changes <= ticks + MORE, `${changes} changes were told in ${ticks} ticks`);
  }
});
