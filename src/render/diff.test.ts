import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { Eta } from "eta";
import fc from "fast-check";
import { diff } from "./diff.js";
import { freeze } from "./freeze.js";
import type { InlineTemplate } from "./inline.js";
import { patch, toHtml, type Edit, type Rendered, type WireRendered } from "./rendered.js";
import { Templates } from "./template.js";

const directory = mkdtempSync(join(tmpdir(), "convive-diff-"));
const files = {
  row: `<li id="<%= it.row.id %>"><%= it.row.name %><% if (it.row.on) { %><b>on</b><% } %></li>`,
  foot: `<p><%= it.title %></p>`,
};
for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, `${name}.eta`), text);
const templates = new Templates({ directories: [directory] });
const eta = new Eta({
  views: directory,
  cache: true,
  autoFilter: true,
  filterFunction: (value) => String((value as string) ?? ""),
});
after(() => rmSync(directory, { recursive: true }));

interface Row {
  readonly id: string;
  readonly name: string;
  readonly on: boolean;
  readonly kids: readonly Row[];
}
interface Data {
  readonly title: string;
  readonly on: boolean;
  readonly rows: readonly Row[];
}

const overWire = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Checks the law on the way a browser goes: everything through JSON. */
function assertLaw(before: Rendered, next: Rendered): Edit | null {
  const edit = diff(before, next);
  const statics = overWire({ ...templates.staticsOf(before), ...templates.staticsOf(next) });
  const shown: WireRendered = overWire(before);
  const patched = edit === null ? shown : patch(shown, overWire(edit), statics);
  assert.deepEqual(patched, overWire(next));
  assert.equal(toHtml(patched, statics), String(next));
  return edit;
}

// ── random templates ──

const word = fc.constantFrom("", "a", "b", "c", "<&>", "Ada", "é😀");
const smallId = fc.constantFrom("1", "2", "3", "4", "5", "6");
const row: fc.Arbitrary<Row> = fc.record({
  id: smallId,
  name: word,
  on: fc.boolean(),
  kids: fc.array(fc.record({ id: smallId, name: word, on: fc.boolean(), kids: fc.constant([]) }), { maxLength: 3 }),
});
const data: fc.Arbitrary<Data> = fc.record({ title: word, on: fc.boolean(), rows: fc.array(row, { maxLength: 7 }) });

/** Template text that may read `row`, one of the rows that `list` names, and loop over `row.kids`. */
const { body } = fc.letrec<{ body: string; piece: string }>((tie) => ({
  body: fc.array(tie("piece"), { maxLength: 4 }).map((pieces) => pieces.join("")),
  piece: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(
      "<i>x</i>",
      " ",
      "<%= row.id %>",
      "<p title='<%= row.name %>'></p>",
      "<%~ row.name.length %>",
      "<br>",
    ),
    fc.constantFrom(
      `<%~ include("row", { row }) %>`,
      `<%~ include("foot") %>`,
      `<%~ include(row.on ? "foot" : "row", { row }) %>`,
    ),
    fc.constant("<% output(row.name.length) %>"),
    tie("body").map((inner) => `<% if (row.on) { %>${inner}<% } %>`),
    fc.tuple(tie("body"), tie("body")).map(([yes, no]) => `<% if (row.on) { %>${yes}<% } else { %>${no}<% } %>`),
    tie("body").map((inner) => `<% for (const kid of row.kids) { const row = kid; %>${inner}<% } %>`),
    tie("body").map((inner) => `<% row.kids.forEach((row) => { if (row.on) { %>${inner}<% } }); %>`),
    tie("body").map((inner) => `<% switch (row.id) { case "1": %>${inner}<% break; case "2": case "3": %>two<% } %>`),
    // a regular expression after a bracket: its brace is counted, so the template is flat
    tie("body").map((inner) => `<% if (row.on) /{/.test(row.name); %>${inner}`),
    tie("body").map(
      (inner) =>
        `<% { const f = (row, n) => { %>${inner}<u><% if (n > 0) row.kids.forEach((kid) => f(kid, n - 1)); %></u><% }; f(row, 2); } %>`,
    ),
  ),
}));
const source = fc.tuple(body, body, body).map(([head, item, foot]) => {
  const top = (text: string) =>
    `<% { const row = { id: it.title, name: it.title, on: it.on, kids: it.rows }; %>${text}<% } %>`;
  return `${top(head)}<ul><% for (const row of it.rows) { %><li>${item}</li><% } %></ul>${top(foot)}`;
});

describe("diff", () => {
  test("patch(a, diff(a, b)) equals b, for random templates and data, and HTML equals plain Eta's", () => {
    fc.assert(
      fc.property(source, fc.array(data, { minLength: 2, maxLength: 4 }), fc.boolean(), (text, states, isFrozen) => {
        const template: InlineTemplate = { source: text };
        let before: Rendered | null = null;
        for (const state of states) {
          const it = (isFrozen ? freeze(state) : state) as unknown as Record<string, unknown>;
          const next = templates.render(template, it);
          assert.equal(String(next), eta.renderString(text, it));
          if (before) assertLaw(before, next);
          before = next;
        }
      }),
      { numRuns: 600, seed: 11 },
    );
  });

  const list: InlineTemplate = {
    source: `<ul><% for (const row of it.rows) { %><li id="<%= row.id %>"><%= row.name %><% if (row.on) { %><b>on</b><% } %></li><% } %></ul>`,
  };
  const item = (id: number, name = `name ${id}`, on = false) => ({ id: String(id), name, on });
  const show = (rows: readonly object[]) => templates.render(list, { rows });
  const between = (a: readonly object[], b: readonly object[]) => JSON.stringify(assertLaw(show(a), show(b)));
  const rows = Array.from({ length: 1000 }, (_, index) => item(index));

  test("writes one changed value and nothing else", () => {
    assert.equal(between(rows, rows.with(500, item(500, "new"))), `[501,[[{"1":"new"}]]]`);
    assert.equal(between(rows, rows), "null");
  });
  test("inserts, appends and takes out items without touching others", () => {
    assert.equal(between(rows, [item(5000, "x"), ...rows]), `[1,["+",1,"5000","x",3]]`);
    assert.equal(between(rows, [...rows, item(5000, "x")]), `[1001,["+",1,"5000","x",3]]`);
    assert.equal(between(rows, rows.toSpliced(300, 2)), `[301,-2]`);
  });
  test("takes the first out of a log and appends one", () => {
    assert.equal(between(rows, [...rows.slice(1), item(5000, "x")]), `[1,-1,999,["+",1,"5000","x",3]]`);
  });
  test("moves items instead of sending them anew", () => {
    const swapped = rows.with(1, rows[998]!).with(998, rows[1]!);
    assert.equal(between(rows, swapped), `[2,["<",999],-1,996,["<",2],-1]`);
    assert.equal(between(rows.slice(0, 9), [...rows.slice(6, 9), ...rows.slice(0, 6)]), `[1,["<",[7,3]],6,-3]`);
  });
  test("moves and changes an item at once", () => {
    const [a, b, c, d] = rows as [object, object, object, object];
    assert.equal(between([a, b, c, d], [item(3, "new"), a, b, c]), `[1,["=",4,[[{"1":"new"}]]],3,-1]`);
  });
  test("keeps items that only opened or closed a block", () => {
    assert.equal(between(rows, rows.with(7, item(7, "name 7", true))), `[8,[[1,["+",2]]]]`);
    assert.equal(between(rows.with(7, item(7, "name 7", true)), rows), `[8,[[1,-1]]]`);
  });
  test("takes an item whose identity changed for another one, unless half of it stayed", () => {
    assert.equal(between([item(1, "a")], [item(2, "b")]), `[1,["+",1,"2","b",3],-1]`);
    assert.equal(between([item(1, "a")], [item(2, "a")]), `[1,[[{"0":"2"}]]]`);
  });
  test("writes the changed value of a block that is open once, whatever it was", () => {
    const counter: InlineTemplate = { source: `<% if (it.n) { %><b><%= it.n %></b><% } %><i><%= it.m %></i>` };
    const a = templates.render(counter, { n: 1, m: 1 });
    assert.equal(JSON.stringify(assertLaw(a, templates.render(counter, { n: 2, m: 1 }))), `[[[{"0":"2"}]]]`);
  });
  test("matches many items of one identity by their content", () => {
    const same = Array.from({ length: 50 }, (_, index) => item(1, `name ${index}`));
    assert.equal(between(same, same.toSpliced(20, 1)), `[21,-1]`);
    assert.equal(between(same, [same[30]!, ...same.toSpliced(30, 1)]), `[1,["<",31],30,-1]`);
  });
  test("sends a level anew when too much of it changed to compare", () => {
    const many = Array.from({ length: 10_002 }, (_, index) => item(index));
    const script = assertLaw(show(many), show(many.toReversed())) as unknown[];
    assert.deepEqual([script.length, script[0], (script[1] as unknown[])[0], script[2]], [3, 1, "+", -10_002]);
  });
  test("replaces the whole when the template is another one", () => {
    const other = templates.render("foot", { title: "x" });
    assert.equal(assertLaw(show(rows.slice(0, 1)), other), other);
  });
  test("goes into includes, and compares those that were rendered anew by what they hold", () => {
    const outer: InlineTemplate = { source: `<% for (const row of it.rows) { %><%~ include("row", { row }) %><% } %>` };
    const a = templates.render(outer, { rows });
    const b = templates.render(outer, { rows: rows.map((each) => ({ ...each })).with(3, item(3, "new")) });
    assert.equal(JSON.stringify(assertLaw(a, b)), `[3,[[{"0":[{"1":"new"}]}]]]`);
  });
});
