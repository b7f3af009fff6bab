import assert from "node:assert/strict";
import { test } from "node:test";
import { refuseLooseShare } from "../refusal.js";
import { flatnessOf } from "./flatness.js";
import { Governor } from "./governor.js";

test("a line that climbs is told by its slope and by its last third", () => {
  const looks = Array.from({ length: 9 }, (_, minute) => ({ minute, value: 100 + 2 * minute }));
  assert.deepEqual(flatnessOf(looks), { mean: 108, slope: 2, growth: 114 / 102 });
  const flat = flatnessOf(looks.map(({ minute }) => ({ minute, value: 50 })));
  assert.deepEqual(flat, { mean: 50, slope: 0, growth: 1 });
  assert.throws(() => flatnessOf(looks.slice(0, 2)), RangeError);
});

test("the rate follows the share of a core, a step at a time, and rises no further than what is done", () => {
  const governor = new Governor(100, 0.8);
  governor.heed({ cpuMs: 0, atMs: 0 });
  assert.equal(governor.rate, 100);
  governor.heed({ cpuMs: 100, atMs: 1_000 });
  assert.equal(Math.round(governor.rate), 130);
  governor.heed({ cpuMs: 1_100, atMs: 2_000 });
  assert.equal(Math.round(governor.rate), 116);
  governor.heed({ cpuMs: 1_100, atMs: 3_000 }, true);
  assert.equal(Math.round(governor.rate), 116);
  governor.forget();
  governor.heed({ cpuMs: 99_000, atMs: 100_000 });
  assert.equal(Math.round(governor.rate), 116);
  governor.heed({ cpuMs: 99_800, atMs: 101_000 });
  assert.equal(Math.round(governor.rate), 116);
});

test("a share of a core that was not held is refused, and says what it was", () => {
  const bounds = { from: 75, to: 85 };
  const nine = Array.from({ length: 9 }, () => 80);
  refuseLooseShare("ours", [...nine, 60], bounds);
  const refusal = { code: "BENCH_SHARE_NOT_HELD", message: /9 of 11 times .*60, 90\)/ };
  assert.throws(() => refuseLooseShare("ours", [...nine, 60, 90], bounds), refusal);
  assert.throws(() => refuseLooseShare("ours", [], bounds), { code: "BENCH_SHARE_NOT_HELD" });
});
