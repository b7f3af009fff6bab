import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { leastSquares } from "./fit.js";

const cost = fc.double({ min: 0.01, max: 1_000, noNaN: true });

describe("the fit", () => {
  test("finds the costs that made the measurements", () => {
    fc.assert(
      fc.property(cost, cost, (once, each) => {
        const seen = [100, 1_000, 5_000].map((count) => ({ causes: [1, count], value: once + count * each }));
        const [foundOnce, foundEach] = leastSquares(seen) as [number, number];
        assert.ok(Math.abs(foundEach / each - 1) < 1e-6);
        assert.ok(Math.abs(foundOnce - once) < 1e-6 * (once + 100 * each));
      }),
    );
  });

  test("counts a relative error alike at every size", () => {
    const seen = [
      { causes: [1], value: 90 },
      { causes: [1_000], value: 110_000 },
    ];
    const [each] = leastSquares(seen) as [number];
    assert.ok(each > 90 && each < 110, String(each));
  });

  test("leaves out a cause that would give time back", () => {
    const seen = [100, 1_000, 5_000].map((count) => ({ causes: [1, count], value: 2 * count - 50 }));
    const [once, each] = leastSquares(seen) as [number, number];
    assert.equal(once, 0);
    assert.ok(each > 1.4 && each < 2, String(each));
  });

  test("refuses fewer measurements than causes, and causes that cannot be told apart", () => {
    assert.throws(() => leastSquares([{ causes: [1, 2], value: 3 }]), RangeError);
    assert.throws(() => leastSquares([]), RangeError);
    assert.throws(() => leastSquares([1, 2].map((value) => ({ causes: [value, 2 * value], value }))), RangeError);
  });
});
