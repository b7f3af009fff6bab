// Pages that promise something name the tests that hold it: each named test must be there.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

const ROOT = join(import.meta.dirname, "..");
const PAGES = ["docs/guarantees.md", "docs/parity.md"].filter((page) => existsSync(join(ROOT, page)));
/** `src/a.test.ts` “title of the test” */
const NAMED = /`([\w./-]+(?:\.(?:test|spec|test-d)|-contract)\.ts)`((?:,? “[^”]+”)+)/g;
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");

/** As written in the source: a title stands in quotes there, with other quotes inside of it escaped or not. */
function holdsTest(file: string, title: string): boolean {
  return existsSync(join(ROOT, file)) && read(file).replaceAll("\\", "").includes(title);
}

function namedIn(text: string): { file: string; title: string }[] {
  return [...text.matchAll(NAMED)].flatMap(([, file = "", titles = ""]) =>
    [...titles.matchAll(/“([^”]+)”/g)].map(([, title = ""]) => ({ file, title })),
  );
}

describe("tests that the pages name", () => {
  for (const page of PAGES) {
    test(`those of ${page} are there`, () => {
      const named = namedIn(read(page));
      assert.ok(named.length > 0);
      const missing = named.filter(({ file, title }) => !holdsTest(file, title));
      assert.deepEqual(missing, []);
    });
  }

  test("every row of parity, and every defect, names one", () => {
    const rows = read("docs/parity.md")
      .split("\n")
      .filter((line) => line.startsWith("| ") && !/^\| (-|what there|defect there)/.test(line));
    assert.ok(rows.length > 0);
    const bare = rows.filter((row) => namedIn(row).length === 0);
    assert.deepEqual(bare, []);
  });
});
