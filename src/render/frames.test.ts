import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { changeBetween } from "./frames.js";
import { freeze } from "./freeze.js";
import { patch, toHtml, type Rendered, type Statics, type WireRendered } from "./rendered.js";
import { Templates } from "./template.js";

const directory = mkdtempSync(join(tmpdir(), "convive-frames-"));
after(() => rmSync(directory, { recursive: true }));
const files = {
  bar: `<ul><% for (const p of it.people) { %><li id="<%= p.id %>"><%= p.name %></li><% } %></ul>`,
  page: `<h1><%= it.mine.x %></h1><% if (it.mine) { %><div><%~ include("bar") %></div><% } %>`,
  deep: `<main><%~ include("page") %></main>`,
  one: `<b><%= it.n %></b>`,
  two: `<i><%~ include("one") %></i>`,
  choice: `<p><%~ include(it.name) %></p>`,
};
for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, `${name}.eta`), text);

let templates: Templates;
beforeEach(() => (templates = new Templates({ directories: [directory] })));

const crowd = (count: number, name = "Ada") => freeze(Array.from({ length: count }, (_, id) => ({ id, name })));

/** What a page shows after a frame, read as a browser would. */
function receive(shown: Rendered, frame: Buffer): string {
  const known = templates.staticsOf(shown);
  const [joinRef, ref, topic, event, payload] = JSON.parse(frame.toString()) as [
    null,
    null,
    string,
    string,
    { d: []; s?: Statics },
  ];
  assert.deepEqual([joinRef, ref, topic, event], [null, null, "lv:main", "diff"]);
  const statics = { ...known, ...payload.s };
  return toHtml(patch(JSON.parse(JSON.stringify(shown)) as WireRendered, payload.d, statics), statics);
}

describe("changeBetween", () => {
  test("is null when nothing changed, also between renderings made anew", () => {
    const it = { people: [{ id: 1, name: "Ada" }] };
    const a = templates.render("bar", it);
    assert.equal(changeBetween(a, a), null);
    assert.equal(changeBetween(a, templates.render("bar", structuredClone(it))), null);
  });

  test("costs one render, one diff and one encoding per change for a thousand who see the same", () => {
    const viewers = 1000;
    const changes = 20;
    const nobody = crowd(0);
    let shown = Array.from({ length: viewers }, () => templates.render("bar", { people: nobody }));
    const before = { ...templates.counts };
    const frames = new Set<Buffer>();
    for (let change = 1; change <= changes; change++) {
      const people = crowd(change);
      shown = shown.map((previous) => {
        const next = templates.render("bar", { people, own: {} });
        frames.add(changeBetween(previous, next)!.frame("lv:main"));
        return next;
      });
    }
    const { renders, diffs, encodes, shared } = templates.stats();
    assert.equal(renders - before.renders, changes);
    assert.equal(diffs - before.diffs, changes);
    assert.equal(encodes - before.encodes, changes);
    assert.equal(shared - before.shared, changes * (viewers - 1));
    assert.equal(frames.size, changes);
  });

  test("costs one diff and one encoding of a shared part in pages of their own, at any depth", () => {
    for (const name of ["page", "deep"]) {
      const viewers = 1000;
      const [few, more] = [crowd(3), crowd(4)];
      const shown = Array.from({ length: viewers }, (_, x) => templates.render(name, { mine: { x }, people: few }));
      const before = { ...templates.counts };
      const frames = new Set<Buffer>();
      shown.forEach((previous, x) => {
        const next = templates.render(name, { mine: { x }, people: more });
        const frame = changeBetween(previous, next)!.frame("lv:main");
        frames.add(frame);
        if (x % 100 === 0) assert.equal(receive(previous, frame), String(next));
      });
      const { diffs, encodes } = templates.counts;
      assert.deepEqual([diffs - before.diffs, encodes - before.encodes, frames.size], [1, 1, 1]);
    }
  });

  test("gives pages whose own part changed too a frame of their own", () => {
    const a = templates.render("page", { mine: { x: 1 }, people: crowd(1) });
    const b = templates.render("page", { mine: { x: 2 }, people: crowd(2) });
    assert.equal(receive(a, changeBetween(a, b)!.frame("lv:main")), String(b));
  });

  test("tells one place of the same part from another", () => {
    const twice = { source: `<%~ include("bar") %><%= it.own.x %><%~ include("bar", { people: it.others }) %>` };
    const [few, more] = [crowd(1), crowd(2)];
    const render = (people: object, others: object) => templates.render(twice, { people, others, own: { x: 1 } });
    const shown = render(few, few);
    for (const next of [render(more, few), render(few, more), render(more, more)]) {
      assert.equal(receive(shown, changeBetween(shown, next)!.frame("lv:main")), String(next));
    }
  });

  test("makes one frame per topic", () => {
    const [a, b] = [crowd(1), crowd(2)].map((people) => templates.render("bar", { people })) as [Rendered, Rendered];
    const change = changeBetween(a, b)!;
    assert.notEqual(change.frame("lv:main"), change.frame("lv:aside"));
    assert.equal(change.frame("lv:main"), changeBetween(a, b)!.frame("lv:main"));
  });

  test("carries the statics that a page cannot have: of templates included by computed names, with their includes", () => {
    const render = (name: string) => templates.render("choice", { name, n: 1, people: [] });
    const [one, two] = [render("one"), render("two")];
    const change = changeBetween(one, two)!;
    assert.equal(Object.keys(change.statics!).length, 2);
    assert.equal(receive(one, change.frame("lv:main")), String(two));
    const page = templates.render("bar", { people: [{ id: 1 }] });
    assert.equal(changeBetween(templates.render("bar", { people: [] }), page)!.statics, null);
  });

  test("sends another template whole, shared or not", () => {
    for (const people of [[], freeze([])]) {
      const [bar, one] = [templates.render("bar", { people }), templates.render("one", { n: { toString: () => "1" } })];
      assert.equal(receive(bar, changeBetween(bar, one)!.frame("lv:main")), String(one));
    }
    const [bar, one] = [templates.render("bar", { people: freeze([]) }), templates.render("one", { n: 1 })];
    assert.equal(receive(bar, changeBetween(bar, one)!.frame("lv:main")), String(one));
  });
});
