import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "./manual-clock.js";
import { type Status, watchStatus } from "./status.js";

function setUp(random = 0.5) {
  const clock = new ManualClock(() => random);
  const told: Status[] = [];
  let isHidden = false;
  const watch = watchStatus(
    clock,
    (status) => told.push(status),
    () => isHidden,
  );
  const show = (isShown: boolean) => {
    isHidden = !isShown;
    watch.stirred();
  };
  return { clock, told, watch, show };
}

describe("the status of a page", () => {
  it("is active and not told of as long as somebody does something", () => {
    const { clock, told, watch } = setUp();
    for (let minute = 0; minute < 10; minute++) {
      clock.advance(59_000);
      watch.stirred();
    }
    assert.deepEqual(told, []);
    assert.equal(watch.current(), "active");
  });

  it("is idle after a minute, give or take a tenth, and active again at once", () => {
    for (const [random, ms] of [
      [0, 54_000],
      [0.5, 60_000],
      [1, 66_000],
    ] as const) {
      const { clock, told, watch } = setUp(random);
      clock.advance(ms);
      assert.deepEqual(told, []);
      clock.advance(1_000);
      assert.deepEqual(told, ["idle"]);
      clock.advance(10_000);
      watch.stirred();
      assert.deepEqual(told, ["idle", "active"]);
    }
  });

  it("is away when the page was hidden for five seconds, not sooner", () => {
    const { clock, told, show } = setUp();
    clock.advance(20_000);
    show(false);
    clock.advance(4_000);
    show(true);
    clock.advance(4_000);
    assert.deepEqual(told, []);
    show(false);
    clock.advance(5_000);
    assert.deepEqual(told, ["away"]);
    clock.advance(100_000);
    show(true);
    assert.deepEqual(told, ["away", "active"]);
  });

  it("flips once in five seconds at most and ends in the truth", () => {
    const { clock, told, show } = setUp();
    clock.advance(20_000);
    show(false);
    clock.advance(5_000);
    show(true);
    assert.deepEqual(told, ["away"]);
    clock.advance(5_000);
    assert.deepEqual(told, ["away", "active"]);
  });

  it("stops", () => {
    const { clock, watch } = setUp();
    watch.stop();
    assert.equal(clock.pending, 0);
  });
});
