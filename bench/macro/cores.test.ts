import assert from "node:assert/strict";
import { test } from "node:test";
import { busyMs, processMs } from "./cores.js";

test("a core's time is what programs took, without idling and interrupts", () => {
  const stat = "cpu  9 9 9 9\ncpu0 100 20 3 4000 5 6 7 8\ncpu1 1 1 1 9 9 9 9 9\nintr 1\n";
  assert.deepEqual(busyMs(stat), [1_230, 30]);
  assert.equal(busyMs(""), null);
});

test("a process' time is read past its name, whatever that is", () => {
  const fields = ["S", ...Array.from({ length: 10 }, () => "0"), "7", "5", "99"];
  assert.equal(processMs(`12 (a) b (c) ${fields.join(" ")}`), 120);
});
