// Where a page and the code could disagree, they are compared here.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { COMMANDS, COMMON_OPTIONS } from "../src/cli/commands.js";
import { CHECKS } from "../src/cli/doctor.js";
import { EXIT } from "../src/cli/exit.js";
import { DEFAULT_LIMITS } from "../src/options.js";
import * as protocol from "../src/protocol.js";

const ROOT = join(import.meta.dirname, "..");
const read = (page: string) => readFileSync(join(ROOT, page), "utf8");

const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(ROOT, "docs")).flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : [])),
];

describe("the pages and the code say the same", () => {
  test("the table of limits has every limit with its default and its unit", () => {
    const rows = read("docs/options.md").matchAll(/^\| `(\w+)` +\| ([\d ]+?)(?: (ms|bytes|s|min|h))? +\|/gm);
    const told = [...rows].map(([, name = "", amount = "", unit]) => ({
      name,
      unit,
      value: Number(amount.replaceAll(" ", "")),
    }));
    const inTable = Object.fromEntries(told.map(({ name, value }) => [name, value]));
    assert.deepEqual(inTable, DEFAULT_LIMITS);
    for (const { name, unit } of told) {
      if (name.endsWith("Ms")) assert.equal(unit, "ms", name);
      if (name.endsWith("Bytes")) assert.equal(unit, "bytes", name);
    }
  });

  test("the table of options has every option", () => {
    const source = read("src/options.ts");
    const [body = ""] = /interface ConviveOptions \{[^]*?^\}/m.exec(source) ?? [];
    const options = [...body.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name);
    const [table = ""] = read("docs/options.md").split("## Limits");
    const rows = [...table.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name);
    assert.deepEqual(rows, options);
  });

  test("the page of rooms names every method and option of a room", () => {
    const source = read("src/presence/connection.ts");
    const membersOf = (name: string) => {
      const [body = ""] = new RegExp(`interface ${name}[< ][^]*?^}`, "m").exec(source) ?? [];
      return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(?:]/gm)].map(([, member]) => member);
    };
    const inTables = [...read("docs/rooms.md").matchAll(/^\| `(\w+)/gm)].map(([, name]) => name);
    const expected = ["Room", "AddOptions", "RoomChange"].flatMap(membersOf).filter((name) => name !== "key");
    assert.deepEqual(inTables, expected);
  });

  test("the page of the command line names every command, option and check, and how each ends", () => {
    const page = read("docs/cli.md");
    const options = [COMMON_OPTIONS, ...COMMANDS.map((command) => command.options)].flatMap(Object.keys);
    const names = [...COMMANDS.map(({ name }) => `### ${name}\n`), ...options.map((name) => `--${name}`)];
    const checks = CHECKS.map(({ title }) => `\n| \`${title}\` `);
    const ends = Object.values(EXIT).map((code) => `\n| ${code} `);
    const missing = [...names, ...checks, ...ends].filter((name) => !page.includes(name));
    assert.deepEqual(missing, []);
    const listed = [...page.matchAll(/^\| \[`([\w-]+)/gm)].map(([, name]) => name);
    assert.deepEqual(new Set(listed), new Set(COMMANDS.map(({ name }) => name)));
  });

  test("the page of the wire names every event, topic and close code", () => {
    const page = read("docs/protocol.md");
    const names = Object.values(protocol).filter((value) => typeof value === "string");
    const codes = Object.values(protocol.CLOSE_CODES).filter((code) => typeof code === "number");
    const missing = [...names, ...codes].filter((name) => !page.includes(`${name}`));
    assert.deepEqual(missing, []);
  });

  test("the table of attributes names everything that the browser reads", () => {
    const page = read("docs/templates.md");
    const names = [...Object.values(protocol.ATTRIBUTES), ...protocol.BOUND_EVENTS.map((event) => `live-${event}`)];
    assert.deepEqual(
      names.filter((name) => !page.includes(`\`${name}`)),
      [],
    );
  });
});

describe("links of the pages", () => {
  for (const page of PAGES) {
    test(`those of ${page} lead somewhere`, () => {
      const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)];
      const broken = links.filter(
        ([, file = "", anchor]) => !leads(file === "" ? page : join(dirname(page), file), anchor),
      );
      assert.deepEqual(
        broken.map(([link]) => link),
        [],
      );
    });
  }
});

function leads(file: string, anchor: string | undefined): boolean {
  if (!existsSync(join(ROOT, file))) return false;
  return anchor === undefined || !file.endsWith(".md") || anchorsOf(read(file)).includes(anchor);
}

/** As GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-"),
  );
}
