import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "./fake-clock.js";

test("timers run in the order they are due, not in the order they were made", async () => {
  const clock = new FakeClock();
  const ran: string[] = [];
  clock.after(20, () => ran.push(`b at ${clock.now()}`));
  clock.after(10, () => ran.push(`a at ${clock.now()}`));
  await clock.advance(15);
  assert.deepEqual(ran, ["a at 10"]);
  await clock.advance(15);
  assert.deepEqual(ran, ["a at 10", "b at 20"]);
  assert.equal(clock.now(), 30);
});

test("what a timer sets off is done before the next timer runs", async () => {
  const clock = new FakeClock();
  const ran: string[] = [];
  clock.after(1, () => void Promise.resolve().then(() => Promise.resolve().then(() => ran.push("promise"))));
  clock.after(2, () => ran.push("next"));
  await clock.advance(5);
  assert.deepEqual(ran, ["promise", "next"]);
});

test("a timer made by a timer runs within the same advance when it is due", async () => {
  const clock = new FakeClock();
  const ran: number[] = [];
  clock.after(5, () => clock.after(5, () => ran.push(clock.now())));
  await clock.advance(10);
  assert.deepEqual(ran, [10]);
});

test("repeating timers repeat until they are cleared, and none is left over", async () => {
  const clock = new FakeClock();
  let runs = 0;
  const timer = clock.every(10, () => (runs += 1));
  await clock.advance(35);
  timer.clear();
  timer.clear();
  await clock.advance(100);
  assert.equal(runs, 3);
  assert.equal(clock.timers, 0);
});

test("the wall clock can be skewed while monotonic time goes on", async () => {
  const clock = new FakeClock();
  const before = clock.wallTime();
  clock.skew(-90_000);
  await clock.advance(1_000);
  assert.equal(clock.wallTime() - before, -89_000);
  assert.equal(clock.now(), 1_000);
});
