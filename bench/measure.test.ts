import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { median, quantile, spread, timeInterleaved, timeInterleavedAsync } from "./measure.js";
import { table } from "./report.js";
import { resultOf } from "./result.js";
import { findBenches, runBench } from "./run.js";

test("the median is the middle, whatever the order and the outliers", () => {
  assert.equal(median([9, 1, 1000]), 9);
  assert.equal(median([4, 2, 1, 3]), 2.5);
  assert.equal(quantile([0, 10], 0.75), 7.5);
  assert.equal(spread([1, 2, 3, 4, 5]), 2 / 3);
  assert.throws(() => median([]), RangeError);
});

test("candidates are timed turn by turn, every second round backwards", () => {
  let clock = 0;
  const order: string[] = [];
  const work = (name: string, ms: number) => () => {
    order.push(name);
    clock += ms;
  };
  const found = timeInterleaved({ a: work("a", 4), b: work("b", 12) }, { rounds: 2, turnMs: 10, now: () => clock });
  assert.deepEqual(found, { a: { ms: 4, spread: 0 }, b: { ms: 12, spread: 0 } });
  assert.equal(order.slice(8).join(""), "aaaabbaaaa");
});

test("awaited work is timed turn by turn after a first call of each", async () => {
  let clock = 0;
  const order: string[] = [];
  const work = (name: string, ms: number) => async () => {
    order.push(name);
    await Promise.resolve();
    clock += ms;
  };
  const found = await timeInterleavedAsync({ a: work("a", 3), b: work("b", 5) }, { rounds: 2, now: () => clock });
  assert.deepEqual([found.a.ms, found.b.ms], [3, 5]);
  assert.equal(order.join(""), "ababba");
});

test("a result is met when its value, or its ratio to the baseline, is at most the target", () => {
  const baseline = { name: "plain", value: 2 };
  assert.equal(resultOf("x", { case: "c", value: 50, unit: "bytes", target: { value: 60 } }).met, true);
  assert.equal(resultOf("x", { case: "c", value: 61, unit: "bytes", target: { value: 60 } }).met, false);
  assert.equal(resultOf("x", { case: "c", value: 2.2, unit: "ms", baseline, target: { ratio: 1.1 } }).met, true);
  assert.equal(resultOf("x", { case: "c", value: 2.4, unit: "ms", baseline, target: { ratio: 1.1 } }).met, false);
  assert.equal(resultOf("x", { case: "c", value: 2.4, unit: "ms" }).met, null);
  assert.throws(() => resultOf("x", { case: "c", value: 1, unit: "ms", target: { ratio: 1 } }), /needs a baseline/);
});

test("the table shows value, baseline, ratio, target and whether it was met", () => {
  const baseline = { name: "plain", value: 0.25 };
  const text = table([resultOf("render", { case: "rows", value: 0.5, unit: "ms", baseline, target: { ratio: 1.1 } })]);
  assert.match(text, /^2 × {4}≤ 1\.1 × {2}NO {3}render {2}rows {2}0\.5 ms {10}plain 0\.25 ms$/m);
});

test("a bench is a file that exports one, and runs in a process of its own", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "convive-bench-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const report = JSON.stringify(import.meta.resolve("./report.js"));
  const one = JSON.stringify({ bench: "one", case: "c", value: 1, unit: "ms" });
  writeFileSync(
    join(folder, "one.ts"),
    `import { runAlone } from ${report};\nexport const bench = { name: "one", run: () => Promise.resolve([${one}]) };\nvoid runAlone(import.meta.url, bench);\n`,
  );
  writeFileSync(join(folder, "broken.ts"), "export const bench = 1;\nprocess.exit(1);\n");
  writeFileSync(join(folder, "measure.ts"), "export const median = 1;\n");
  writeFileSync(join(folder, "long.ts"), "export const longBench = 1;\n");
  assert.deepEqual(findBenches(folder, []), ["broken", "one"]);
  assert.deepEqual(findBenches(folder, ["on"]), ["one"]);
  assert.deepEqual(findBenches(folder, ["long", "broken"]), ["broken", "long"]);
  assert.equal(JSON.stringify(await runBench(join(folder, "one.ts"))), `{"results":[${one}],"isWhole":true}`);
  assert.deepEqual(await runBench(join(folder, "broken.ts")), { results: [], isWhole: false });
});
