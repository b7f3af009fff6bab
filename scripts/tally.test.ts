import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { runCommand } from "./run-command.mjs";
import {
  addTallies,
  closingLine,
  exitCodeOf,
  outcomeOf,
  recapOf,
  settleTally,
  tallyOfBrowserReport,
} from "./tally.mjs";

const data = { name: "adds", file: "/house/src/sum.test.ts", details: { duration_ms: 1 } };
const tally = (passed: number, failed = 0, skipped = 0) => ({ passed, failed, skipped });

test("a passed, a failed and a skipped test count as what they are", () => {
  assert.equal(outcomeOf("test:pass", data), "passed");
  assert.equal(outcomeOf("test:fail", { ...data, details: { error: { failureType: "testCodeFailure" } } }), "failed");
  assert.equal(outcomeOf("test:pass", { ...data, skip: true }), "skipped");
  assert.equal(outcomeOf("test:pass", { ...data, skip: "no Redis here" }), "skipped");
  assert.equal(outcomeOf("test:pass", { ...data, todo: true }), "skipped");
});

test("a suite counts only when it fails by itself", () => {
  assert.equal(outcomeOf("test:pass", { ...data, details: { type: "suite" } }), null);
  assert.equal(
    outcomeOf("test:fail", { ...data, details: { type: "suite", error: { failureType: "subtestsFailed" } } }),
    null,
  );
  assert.equal(
    outcomeOf("test:fail", { ...data, details: { type: "suite", error: { failureType: "hookFailed" } } }),
    "failed",
  );
});

test("a file that holds no test has failed", () => {
  assert.equal(outcomeOf("test:pass", { ...data, name: "src/sum.test.ts" }), "failed");
});

test("tallies add up and the closing line tells of skipped tests only when there are some", () => {
  assert.deepEqual(addTallies([tally(1, 2, 3), tally(10)]), tally(11, 2, 3));
  assert.equal(closingLine(tally(11, 2)), "11 passed, 2 failed");
  assert.equal(closingLine(tally(11, 2, 3)), "11 passed, 2 failed, 3 skipped");
});

test("what failed is told once more at the end, cut short", () => {
  const long = Array.from({ length: 40 }, (_, line) => `line ${line}`).join("\n");
  const sum = addTallies([tally(1), { ...tally(0, 1), failures: ["✗ a"] }, { ...tally(0, 1), failures: [long] }]);
  assert.deepEqual([sum.failed, sum.failures], [2, ["✗ a", long]]);
  assert.match(recapOf(sum), /^✗ a\n\nline 0\n[^]*line 29\n  … 10 more lines above\n$/);
  assert.equal(recapOf(tally(3)), "");
});

test("a run is green only when something passed and nothing failed", () => {
  assert.equal(exitCodeOf(tally(1)), 0);
  assert.equal(exitCodeOf(tally(1, 1)), 1);
  assert.equal(exitCodeOf(tally(0)), 1);
  assert.equal(exitCodeOf(tally(0, 0, 4)), 1);
});

test("a runner that dies, leaves no report or runs nothing has failed", () => {
  assert.deepEqual(settleTally(tally(3), { ok: true }), { tally: tally(3), problem: null });
  assert.deepEqual(settleTally(tally(3, 1), { ok: false }), { tally: tally(3, 1), problem: null });
  assert.deepEqual(settleTally(tally(3), { ok: false }).tally, tally(3, 1));
  assert.deepEqual(settleTally(null, { ok: false }).tally, tally(0, 1));
  assert.deepEqual(settleTally(null, { ok: true }).tally, tally(0, 1));
  assert.deepEqual(settleTally(tally(0), { ok: true }).tally, tally(0, 1));
});

test("a flaky browser test and an error outside of any test have failed", () => {
  const report = { stats: { expected: 5, unexpected: 1, flaky: 2, skipped: 1 }, errors: [{ message: "no browser" }] };
  assert.deepEqual(tallyOfBrowserReport(report), tally(5, 4, 1));
});

test("node:test files that pass, fail, crash, hold nothing or do not load are each counted once", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "convive-tally-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const files = {
    "passes.test.ts":
      'import test, { describe } from "node:test";\ntest("a", () => {});\ndescribe("s", () => { test("b", () => {}); });\n',
    "fails.test.ts":
      'import test, { describe } from "node:test";\ntest("a", () => {});\ndescribe("s", () => { test("b", () => { throw new Error("red"); }); });\n',
    "skips.test.ts":
      'import test from "node:test";\ntest("a", { skip: "no Redis" }, () => {});\ntest("b", () => {});\n',
    "crashes.test.ts": 'import test from "node:test";\ntest("a", () => {});\ntest("b", () => { process.exit(3); });\n',
    "empty.test.ts": "export {};\n",
    "breaks.test.ts": "export const = 1;\n",
  };
  const runner = join(import.meta.dirname, "test.mjs");
  const count = async (...names: (keyof typeof files)[]): Promise<{ output: string; counted: string | undefined }> => {
    for (const name of names) writeFileSync(join(folder, name), files[name]);
    const paths = names.map((name) => join(folder, name));
    const script = `import(${JSON.stringify(runner)}).then((m) => m.runUnitTests(${JSON.stringify(paths)})).then((t) => console.log(JSON.stringify(t)))`;
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    const { output } = await runCommand(process.execPath, ["-e", script], { env });
    return { output, counted: output.trimEnd().split("\n").at(-1) };
  };

  assert.equal((await count("passes.test.ts")).counted, JSON.stringify({ ...tally(2), failures: [] }));
  const all = await count(
    "passes.test.ts",
    "fails.test.ts",
    "skips.test.ts",
    "crashes.test.ts",
    "empty.test.ts",
    "breaks.test.ts",
  );
  assert.match(all.output, /✗ b\n +Error: red\n.*fails\.test\.ts:3:/);
  assert.match(all.output, /✗ The file itself\n.*\n +Its process ended with code 3/);
  assert.match(all.output, /empty\.test\.ts[^]*holds no test/);
  const { passed, failed, skipped, failures } = JSON.parse(all.counted ?? "");
  assert.match(failures.join(""), /fails\.test\.ts\n\n? *✗ b\n +Error: red/);
  assert.equal(skipped, 1);
  assert.equal(failed, 4, all.output);
  assert.ok(passed >= 4 && passed <= 5, all.output);
});
