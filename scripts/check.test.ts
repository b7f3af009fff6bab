import assert from "node:assert/strict";
import { test } from "node:test";
import { runChecks } from "./check.mjs";

test("a check waits for the one it comes after, two run at once, and each counts once", async () => {
  const order: string[] = [];
  let running = 0;
  let most = 0;
  const check = (name: string, ok: boolean, after?: string) => ({
    name,
    ...(after === undefined ? {} : { after }),
    run: async () => {
      most = Math.max(most, (running += 1));
      await new Promise(setImmediate);
      running -= 1;
      order.push(name);
      return { ok, code: ok ? 0 : 1, output: `what ${name} says`, ms: 1 };
    },
  });
  let printed = "";
  const checks = [check("late", true, "types"), check("types", true), check("lint", false), check("format", true)];
  const tally = await runChecks(checks, (text) => (printed += text));
  assert.deepEqual(tally, { passed: 3, failed: 1, skipped: 0, failures: ["✗ lint\nwhat lint says"] });
  assert.ok(order.indexOf("late") > order.indexOf("types"));
  assert.equal(most, 2);
  assert.match(printed, /✗ lint {2}1 ms\n\nwhat lint says\n/);
  assert.doesNotMatch(printed, /what types says/);
});
