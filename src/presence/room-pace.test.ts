import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.js";
import { RoomPace } from "./room-pace.js";

const TICK_MS = 50;

function started({ takesMs = 0 } = {}) {
  const clock = new FakeClock();
  const told: [atMs: number, what: string][] = [];
  let next = "";
  const take = () => {
    const what = next;
    next = "";
    if (what === "") return null;
    return () => {
      told.push([clock.now(), what]);
      if (what === "again") change("after");
      spent += takesMs;
    };
  };
  let spent = 0;
  const slow = Object.assign(Object.create(clock) as FakeClock, {
    now: () => clock.now() + spent,
    wallTime: () => clock.wallTime(),
    after: (ms: number, work: () => void) => clock.after(ms, work),
  });
  const pace = new RoomPace(slow, TICK_MS, take);
  const change = (what: string) => {
    next += what;
    pace.due();
  };
  return { clock, told, pace, change };
}

test("the first change after a pause is told at once, what follows together with the tick", async () => {
  const { clock, told, change, pace } = started();
  change("a");
  change("b");
  change("c");
  assert.ok(pace.isDue);
  await clock.advance(TICK_MS);
  assert.ok(!pace.isDue);
  assert.deepEqual(told, [
    [0, "a"],
    [TICK_MS, "bc"],
  ]);
  await clock.advance(10 * TICK_MS);
  change("d");
  assert.deepEqual(told[2], [11 * TICK_MS, "d"]);
});

test("what is told to nobody begins no tick", () => {
  const { clock, told, change } = started();
  change("");
  assert.equal(clock.timers, 0);
  change("a");
  assert.deepEqual(told, [[0, "a"]]);
});

test("what changes while something is told waits for the tick", async () => {
  const { clock, told, change } = started();
  change("again");
  assert.deepEqual(told, [[0, "again"]]);
  await clock.advance(TICK_MS);
  assert.deepEqual(told[1], [TICK_MS, "after"]);
});

test("the tick counts from when the telling began, however long that takes", async () => {
  for (const [takesMs, leftMs] of [
    [20, 30],
    [70, 0],
  ] as const) {
    const { clock, told, change } = started({ takesMs });
    change("a");
    change("b");
    await clock.advance(leftMs);
    assert.deepEqual(told[1], [leftMs, "b"]);
  }
});

test("a room that has stopped tells nothing more", async () => {
  const { clock, told, change, pace } = started();
  change("a");
  change("b");
  pace.stop();
  await clock.advance(10 * TICK_MS);
  assert.deepEqual(told, [[0, "a"]]);
  assert.equal(clock.timers, 0);
});
