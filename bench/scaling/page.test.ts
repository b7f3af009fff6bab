import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { figureOf, readRecorded, withLatest } from "./figures.js";
import { rounded, tablesFrom, withTables } from "./page.js";

const PAGE = join(import.meta.dirname, "../../docs/scaling.md");

describe("docs/scaling.md", () => {
  test("has the tables that the model makes of the recorded figures", () => {
    const page = readFileSync(PAGE, "utf8");
    // What is simulated takes too long here; `npm run bench -- scaling --record` makes that table together with these.
    const simulated = /<!-- table: plans -->\n\n([^]*?)\n\n<!-- end -->/.exec(page)?.[1] ?? "";
    assert.equal(page, withTables(page, { ...tablesFrom(readRecorded(), []), plans: simulated }));
    assert.match(simulated, /least connections/);
  });

  test("a table without a place is told", () => {
    const tables = tablesFrom(readRecorded(), []);
    assert.throws(() => withTables("# Nothing", tables), /no place for the table/);
  });

  test("numbers are parted by thousands and say no more than is known", () => {
    assert.deepEqual([7, 99.4, 1_234, 1_234_567].map(rounded), ["7", "99", "1 200", "1 200 000"]);
  });
});

describe("figures", () => {
  const recorded = {
    machine: "",
    date: "",
    lines: [{ bench: "a", case: "b", value: 1, unit: "ms", provisional: "in a hurry" }],
  };

  test("a later run takes the place of what was recorded, and of its remark", () => {
    const { lines } = withLatest(recorded, [{ bench: "a", case: "b", value: 2, unit: "ms" }]);
    assert.deepEqual(lines, [{ bench: "a", case: "b", value: 2, unit: "ms" }]);
    assert.deepEqual(withLatest(recorded, []).lines, recorded.lines);
  });

  test("one that is not there, or of another unit, is an error", () => {
    assert.equal(figureOf(recorded, "a", "b", "ms"), 1);
    assert.throws(() => figureOf(recorded, "a", "c", "ms"), RangeError);
    assert.throws(() => figureOf(recorded, "a", "b", "µs"), RangeError);
  });
});
