import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.js";
import { PresenceCluster } from "../testing/presence-cluster.js";
import { CONNECTION_KEPT_MS, CursorKeeper } from "./keeper.js";
import { Pointers } from "./pointers.js";

/** A keeper of pointers without connections, whose writes may fail. */
async function begin() {
  const cluster = new PresenceCluster();
  const { room } = await cluster.until(cluster.start().node.host("", "board:1"));
  const clock = new FakeClock();
  const pointers = new Pointers(room, clock);
  const writes: { readonly kept: Record<string, number>; readonly gone: readonly string[] }[] = [];
  const store = { isAway: false };
  const keeper = new CursorKeeper({
    clock,
    pointers,
    async keep(cursors, gone) {
      writes.push({ kept: Object.fromEntries([...cursors].map(([id, { x }]) => [id, x])), gone });
      return !store.isAway;
    },
  });
  const move = (id: string, x: number) => {
    pointers.put(id, [x, 0]);
    keeper.note([id], []);
  };
  const remove = (id: string) => {
    pointers.remove(id, true);
    keeper.note([], [id]);
  };
  return { clock, keeper, writes, store, move, remove };
}

test("positions are written at once, then once a second at most, and the last always", async () => {
  const { clock, writes, move } = await begin();
  for (let x = 0; x < 25; x += 1) {
    move("@ann", x);
    if (x === 24) move("@bob", 1);
    await clock.advance(100);
  }
  await clock.advance(5_000);
  assert.deepEqual(
    writes.map(({ kept }) => kept),
    [{ "@ann": 0 }, { "@ann": 9 }, { "@ann": 19 }, { "@ann": 24, "@bob": 1 }],
  );
});

test("what could not be written is written as it is then, once a second, and what is gone with it", async () => {
  const { clock, writes, store, move, remove } = await begin();
  store.isAway = true;
  move("@ann", 1);
  await clock.advance(500);
  move("@ann", 2);
  move("@bob", 1);
  remove("@bob");
  await clock.advance(10_000);
  assert.ok(writes.length >= 10 && writes.length <= 12, String(writes.length));
  store.isAway = false;
  await clock.advance(2_000);
  const before = writes.length;
  assert.deepEqual(writes.at(-1), { kept: { "@ann": 2 }, gone: ["@bob"] });
  await clock.advance(60_000);
  assert.equal(writes.length, before);
});

test("who rests is written anew before it would be forgotten, until the keeper ends", async () => {
  const { clock, keeper, writes, move } = await begin();
  move("@ann", 1);
  await clock.advance(2 * CONNECTION_KEPT_MS);
  assert.equal(writes.length, 5);
  move("@ann", 2);
  move("@ann", 3);
  await clock.advance(0);
  move("@ann", 4);
  await keeper.stop();
  await keeper.stop();
  assert.deepEqual([writes.at(-1)!.kept, clock.timers], [{ "@ann": 4 }, 0]);
});
