import assert from "node:assert/strict";
import { mock, test, type TestContext } from "node:test";
import { systemClock } from "./clock.js";

const LONGEST_MS = 2 ** 31 - 1;
const DAY_MS = 86_400_000;

/** Node's timers, which fail for what the real ones do not bear; `run` ends the one that waits, and tells how long it had. */
function timersOf(t: TestContext) {
  const waiting = new Map<object, { ms: number; work: () => void }>();
  const begin = (work: () => void, ms: number) => {
    assert.ok(ms <= LONGEST_MS, `a timer was asked for ${ms} ms`);
    const handle = { unref: () => handle };
    waiting.set(handle, { ms, work });
    return handle as unknown as NodeJS.Timeout;
  };
  t.mock.method(globalThis, "setTimeout", begin);
  t.mock.method(globalThis, "clearTimeout", (handle: object) => void waiting.delete(handle));
  const run = () => {
    const [[handle, { ms, work }]] = [...waiting] as [[object, { ms: number; work: () => void }]];
    waiting.delete(handle);
    work();
    return ms;
  };
  return { run, waiting };
}

test("a timer of more days than Node's bear ends when it is due, once", (t) => {
  const { run, waiting } = timersOf(t);
  const work = mock.fn();
  systemClock.after(60 * DAY_MS, work);
  let waited = 0;
  while (work.mock.callCount() === 0) waited += run();
  assert.equal(waited, 60 * DAY_MS);
  assert.equal(waiting.size, 0);
});

test("such a timer is cleared in whichever of its steps it is", (t) => {
  const { run, waiting } = timersOf(t);
  for (const steps of [0, 1, 2]) {
    const timer = systemClock.after(60 * DAY_MS, () => assert.fail("it was cleared"));
    for (let i = 0; i < steps; i += 1) run();
    timer.clear();
    timer.clear();
    assert.equal(waiting.size, 0);
  }
});

test("what is done every so many days is done as often, until it is cleared", (t) => {
  const { run, waiting } = timersOf(t);
  const work = mock.fn();
  const timer = systemClock.every(30 * DAY_MS, work);
  let waited = 0;
  while (work.mock.callCount() < 3) waited += run();
  assert.equal(waited, 90 * DAY_MS);
  timer.clear();
  assert.equal(waiting.size, 0);
});

test("what is done every so often may clear itself", (t) => {
  const { run, waiting } = timersOf(t);
  const work = mock.fn(() => timer.clear());
  const timer = systemClock.every(30 * DAY_MS, work);
  while (waiting.size > 0) run();
  assert.equal(work.mock.callCount(), 1);
});
