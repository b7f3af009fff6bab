import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { entries, patch, toHtml, type Ops, type Script, type Statics, type WireRendered } from "./rendered.js";

/*
 * <ul>
 * <% for (…) { %><li><%= 0 %><% if (…) { %><b><%= 0 %></b><% } %></li><% } %>
 * </ul><%~ include %>
 */
const statics: Statics = {
  list: [
    [["<ul>"], ["<li>", ""], ["<b>", "</b>"], ["</li>"], ["</ul>", ""]],
    [0, 1, 2, 1, 0],
    [-1, 0, 1],
    ["t", "tt", "tt", "t", "th"],
  ],
  foot: [[["<p>", "</p>"]], [0], [-1], ["tt"]],
};
const foot = (text: string): WireRendered => ({ t: "foot", o: [0, text] });
const row = (name: string, bold?: string): Ops => (bold === undefined ? [1, name, 3] : [1, name, 2, bold, 3]);
const list = (rows: Ops[], end = foot("end")): WireRendered => ({ t: "list", o: [0, ...rows.flat(), 4, end] });
const edited = (before: WireRendered, script: Script) => patch(before, JSON.parse(JSON.stringify(script)), statics);

describe("entries", () => {
  test("groups one pass through a block to an item, own segments stand alone", () => {
    const rendered = list([row("a"), row("b", "!"), row("c")]);
    assert.deepEqual(entries(statics["list"]!, rendered.o), [
      { block: 0, from: 0, to: 1 },
      { block: 1, from: 1, to: 4 },
      { block: 1, from: 4, to: 9 },
      { block: 1, from: 9, to: 12 },
      { block: 0, from: 12, to: 14 },
    ]);
  });

  test("groups the inside of an item by the blocks right below it", () => {
    assert.deepEqual(entries(statics["list"]!, list([row("b", "!")]).o, 1, 1, 6), [
      { block: 1, from: 1, to: 3 },
      { block: 2, from: 3, to: 5 },
      { block: 1, from: 5, to: 6 },
    ]);
  });

  test("begins a new pass where a block without text at its start goes backwards", () => {
    // <% for (…) { if (…) { %>A<% } %>tail<% } %>
    const template = [
      [["A"], ["tail"]],
      [2, 1],
      [-1, 0, 1],
      ["t", "t"],
    ] as const;
    const cut = entries(template, [0, 1, 0, 1, 1, 1, 0, 1]).map(({ from, to }) => [from, to]);
    assert.deepEqual(cut, [
      [0, 2],
      [2, 4],
      [4, 5],
      [5, 6],
      [6, 8],
    ]);
  });

  test("keeps the passes of a loop inside a loop in their own pass", () => {
    // <% for (…) { for (…) { %>A<% } %>tail<% } %>
    const template = [
      [["A"], ["tail"]],
      [2, 1],
      [-1, 0, 1],
      ["t", "t"],
    ] as const;
    assert.deepEqual(
      entries(template, [0, 0, 1, 0, 0, 0, 1]).map(({ from, to }) => [from, to]),
      [
        [0, 3],
        [3, 7],
      ],
    );
  });
});

describe("patch", () => {
  const rows = ["a", "b", "c", "d"].map((name) => row(name));
  const before = list(rows);
  const [a, b, c, d] = rows as [Ops, Ops, Ops, Ops];

  test("changes a value in an item", () => {
    assert.deepEqual(edited(before, [2, [[{ 0: "B" }]]]), list([a, row("B"), c, d]));
  });
  test("inserts and takes out items, and keeps what is left over", () => {
    assert.deepEqual(edited(before, [1, ["+", 1, "x", 3], 1, -1]), list([row("x"), a, c, d]));
  });
  test("opens a block inside an item", () => {
    assert.deepEqual(edited(before, [3, [[1, ["+", 2, "!"]]]]), list([a, b, row("c", "!"), d]));
  });
  test("moves single items and runs, changed ones too", () => {
    assert.deepEqual(edited(before, [1, ["<", 4], -1, 2, ["<", 1], -1]), list([d, b, c, a]));
    assert.deepEqual(edited(before, [1, ["<", [3, 2]], 2, -2]), list([c, d, a, b]));
    assert.deepEqual(edited(before, [1, ["=", 4, [[{ 0: "D" }]]], 3, -1]), list([row("D"), a, b, c]));
  });
  test("goes into a nested rendering or replaces it", () => {
    assert.deepEqual(edited(before, [5, { 0: [{ 0: "END" }] }]), list(rows, foot("END")));
    assert.deepEqual(edited(before, [5, { 0: foot("new") }]), list(rows, foot("new")));
    assert.deepEqual(patch(before, foot("other"), statics), foot("other"));
  });
  test("leaves the old rendering as it was", () => {
    const copy = structuredClone(before);
    edited(before, [1, -2, ["+", 1, "x", 3], 5, { 0: [{ 0: "END" }] }].slice(0, 3) as Script);
    assert.deepEqual(before, copy);
  });
});

describe("toHtml", () => {
  test("joins statics and values, nested ones too", () => {
    assert.equal(toHtml(list([row("a"), row("b", "!")]), statics), "<ul><li>a</li><li>b<b>!</b></li></ul><p>end</p>");
  });
  test("names a template whose statics are not there", () => {
    assert.throws(() => toHtml({ t: "gone", o: [0] }, statics), /No statics of template gone/);
  });
});
