import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ManualClock } from "./manual-clock.js";
import { createPacer, type Pace } from "./pace.js";

function setUp() {
  const clock = new ManualClock();
  const pacer = createPacer<string>(clock);
  const done: string[] = [];
  const run = (what: string, pace: Pace, owner = "field", name = "save") =>
    pacer.run(owner, name, pace, () => done.push(what));
  return { clock, pacer, done, run };
}

describe("a pacer", () => {
  it("does at once what is not held back", () => {
    const { run, done, clock } = setUp();
    run("a", {});
    assert.deepEqual(done, ["a"]);
    assert.equal(clock.pending, 0);
  });

  it("waits for quiet and then does the last thing only", () => {
    const { run, done, clock } = setUp();
    for (const what of ["a", "b", "c"]) {
      run(what, { debounce: 300 });
      clock.advance(299);
    }
    assert.deepEqual(done, []);
    clock.advance(1);
    assert.deepEqual(done, ["c"]);
    assert.equal(clock.pending, 0);
  });

  it("throttles with the first at once and the last at the end", () => {
    const { run, done, clock } = setUp();
    for (const what of ["a", "b", "c"]) run(what, { throttle: 100 });
    assert.deepEqual(done, ["a"]);
    clock.advance(100);
    assert.deepEqual(done, ["a", "c"]);
    run("d", { throttle: 100 });
    assert.deepEqual(done, ["a", "c"]);
    clock.advance(100);
    assert.deepEqual(done, ["a", "c", "d"]);
    clock.advance(100);
    run("e", { throttle: 100 });
    assert.deepEqual(done, ["a", "c", "d", "e"]);
  });

  it("keeps owners and names apart", () => {
    const { run, done } = setUp();
    run("a", { throttle: 100 }, "one");
    run("b", { throttle: 100 }, "two");
    run("c", { throttle: 100 }, "one", "other");
    assert.deepEqual(done, ["a", "b", "c"]);
  });

  it("flushes what is held back, of those meant, in order and once", () => {
    const { run, done, clock, pacer } = setUp();
    run("a", { debounce: 300 }, "one");
    run("b", { debounce: Infinity }, "two");
    run("c", { debounce: 300 }, "three");
    pacer.flush((owner) => owner !== "three");
    assert.deepEqual(done, ["a", "b"]);
    clock.advance(1_000);
    assert.deepEqual(done, ["a", "b", "c"]);
  });

  it("never loses the last of it, whatever the rhythm", () => {
    const step = fc.record({ wait: fc.nat(250), isThrottled: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), fc.boolean(), (steps, isThrottled) => {
        const { run, done, clock } = setUp();
        steps.forEach(({ wait }, index) => {
          clock.advance(wait);
          run(`${index}`, isThrottled ? { throttle: 100 } : { debounce: 100 });
        });
        clock.advance(1_000);
        assert.equal(done.at(-1), `${steps.length - 1}`);
        assert.deepEqual(
          done,
          [...done].sort((a, b) => Number(a) - Number(b)),
        );
        assert.equal(clock.pending, 0);
      }),
    );
  });
});
