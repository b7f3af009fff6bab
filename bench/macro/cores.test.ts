import assert from "node:assert/strict";
import { test } from "node:test";
import { idleMs, processMs } from "./cores.js";

test("a core has nothing to do while it idles or waits for a disk, and that is all that is read of it", () => {
  const stat = "cpu  9 9 9 9\ncpu0 100 20 3 4000 5 6 7 8\ncpu1 1 1 1 9 9 9 9 9\nintr 1\n";
  assert.deepEqual(idleMs(stat), [40_050, 180]);
  assert.equal(idleMs(""), null);
});

test("a process' time is read past its name, whatever that is", () => {
  const fields = ["S", ...Array.from({ length: 10 }, () => "0"), "7", "5", "99"];
  assert.equal(processMs(`12 (a) b (c) ${fields.join(" ")}`), 120);
});
