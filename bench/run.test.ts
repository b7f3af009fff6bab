import assert from "node:assert/strict";
import { test } from "node:test";
import { resultOf } from "./result.js";
import { keptBeside } from "./run.js";

test("A run of some benches keeps what the others measured", () => {
  const of = (bench: string, value: number) => resultOf(bench, { case: "c", value, unit: "ms" });
  const earlier = [of("a", 1), of("b", 1)].map((line) => `${JSON.stringify(line)}\n`).join("");
  assert.deepEqual(keptBeside([of("b", 2)], earlier), [of("a", 1)]);
  assert.deepEqual(keptBeside([of("b", 2)], ""), []);
});
