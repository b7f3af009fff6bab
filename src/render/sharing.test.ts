import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { freeze } from "./freeze.js";
import { Templates } from "./template.js";

const directory = mkdtempSync(join(tmpdir(), "convive-sharing-"));
after(() => rmSync(directory, { recursive: true }));
const files = {
  bar: `<ul><% for (const p of it.people) { %><%~ include("person", { p }) %><% } %></ul><%= it.title %>`,
  person: `<li><%= it.p.name %></li>`,
  page: `<h1>page</h1><%~ include("bar") %>`,
  own: `<p><%= it.mine.x %></p><%~ include("bar") %>`,
  clock: `<i><%= Date.now() %></i>`,
  ticking: `<p><%~ include("clock") %></p>`,
  tree: `<% if (it.node) { %><%= it.node.name %><%~ include("tree", { node: it.node.next }) %><%= it.title %><% } %>`,
};
for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, `${name}.eta`), text);

let templates: Templates;
beforeEach(() => (templates = new Templates({ directories: [directory] })));
const statsOf = (name: string) => templates.stats().templates[name]!;

const people = freeze([{ name: "Ada" }, { name: "Bob" }]);

/** Whether two renderings of two equal contexts are one object, and why not. */
function share(
  source: string,
  first: Record<string, unknown>,
  second = { ...first },
): { isOne: boolean; reason: string | null } {
  const template = { source };
  const isOne = templates.render(template, first) === templates.render(template, second);
  return { isOne, reason: Object.values(templates.stats().templates)[0]!.reason };
}

describe("renderings are shared", () => {
  test("by contexts whose read values are the same frozen or primitive ones", () => {
    const a = templates.render("bar", { people, title: "x", other: {} });
    assert.equal(templates.render("bar", { people, title: "x", other: [] }), a);
    assert.notEqual(templates.render("bar", { people, title: "y" }), a);
    assert.notEqual(templates.render("bar", { people: freeze([...people]), title: "x" }), a);
    assert.deepEqual(statsOf("bar"), { renders: 3, shared: 1, reason: null });
  });

  test("with what their includes read, less what these are given", () => {
    assert.deepEqual([...templates.reads("page")!].sort(), ["people", "title"]);
    assert.deepEqual([...templates.reads("tree")!].sort(), ["node", "title"]);
    const a = templates.render("page", { people, title: "x" });
    assert.notEqual(templates.render("page", { people, title: "y" }), a);
    assert.equal(templates.render("page", { people, title: "x" }), a);
  });

  test("part by part where the page around them cannot be", () => {
    const [a, b] = [1, 2].map((x) => templates.render("own", { people, title: "t", mine: { x } }));
    assert.notEqual(a, b);
    assert.equal(a!.o[2], b!.o[2]);
    assert.equal(statsOf("bar").renders, 1);
    assert.match(statsOf("own").reason!, /it\.mine is an object that was not given to freeze\(\) \(line 1\)/);
  });

  test("no longer than the value that was frozen last, and at most sixteen for one", () => {
    const config = freeze({ theme: "dark" });
    const source = { source: `<%= it.n %><%= it.config.theme %>` };
    const first = templates.render(source, { n: 0, config });
    for (let n = 1; n <= 16; n++) templates.render(source, { n, config });
    assert.notEqual(templates.render(source, { n: 0, config }), first);
    assert.equal(templates.render(source, { n: 16, config }), templates.render(source, { n: 16, config }));
  });

  test("when primitives alone are read, also NaN and names that are not there", () => {
    assert.ok(share(`<%= it.a %><%= it.b %>`, { a: NaN }).isOne);
  });

  test("of values read once: a getter that changes between two reads cannot slip in", () => {
    let reads = 0;
    const it = Object.defineProperty({}, "n", { get: () => ++reads }) as Record<string, unknown>;
    const template = { source: `<%= it.n %>` };
    assert.equal(String(templates.render(template, it)), "1");
    assert.equal(String(templates.render(template, { n: 1 })), "1");
    assert.equal(String(templates.render(template, { n: 2 })), "2");
  });

  for (const source of [
    `<% for (const { name, ...rest } of it.people) { %><%= name %><%= Object.keys(rest).length %><% } %>`,
    `<%= it.people.map((p, i) => i + p.name).join() %>`,
    `<% const n = it.people.length, m = Math.max(n, 1); let [k] = it.people; %><%= m %><%= k.name %>`,
    `<%= new Date(it.at).toISOString() %><%= JSON.stringify(it.people) %><%= Date.UTC(2026) %>`,
    `<% function f({ name }) { return name } %><%= it.people.map(f) %><% try { f() } catch (e) { %>!<% } %>`,
    "<%= `${it.people.length} of ${Math.max(1, it.at)}` %>",
    `<%= it.people.find(p => /\\d{2}/.test(p.name))?.name ?? "none" %>`,
    `<%~ block("x", () => { %><%= it.at %><% }) %>`,
  ]) {
    test(`in spite of their own names: ${source}`, () => {
      const { isOne, reason } = share(source, { people, at: 1 });
      assert.equal(reason, null);
      assert.ok(isOne);
    });
  }
});

describe("renderings are never shared", () => {
  for (const [what, value] of Object.entries({
    "an unfrozen array": [1],
    "an unfrozen object": { a: 1 },
    "a frozen object that freeze() did not prove": Object.freeze({ a: 1 }),
    "a Map": freeze(new Map()),
    "a Date": freeze(new Date(0)),
    "an object with a Date inside": freeze({ at: new Date(0) }),
    "an accessor": freeze({ get x() { return 1; } }), // prettier-ignore
    "a function": () => 1,
    "a class instance": freeze(new (class Person {})()),
  })) {
    test(`when they read ${what}`, () => {
      const { isOne, reason } = share(`<p>\n<%= it.v %>`, { v: value });
      assert.equal(isOne, false);
      assert.match(reason!, /^it\.v is .*\(line 2\)$/);
    });
  }

  for (const source of [
    `<%= Date.now() %>`,
    `<%= new Date() %>`,
    `<%= new Date(...it.a) %>`,
    `<%= Date() %>`,
    `<% const D = Date %><%= D.now() %>`,
    `<%= Math.random() %>`,
    `<% const { random } = Math %><%= random() %>`,
    `<%= Math["random"]() %>`,
    `<%= performance.now() %>`,
    `<%= globalThis.x %>`,
    `<%= process.uptime() %>`,
    `<%= this.x %>`,
    `<%= undeclared %>`,
    `<% let x = 1\n y = 2 %><%= y %>`,
    `<% it.a.forEach(performance => 1) %><%= performance.now() %>`,
    `<%= [].constructor.constructor("return Math.random()")() %>`,
    `<%= [].map["constructor"] %>`,
    "<%= `${`${performance.now()}`}` %>",
    "<%= it.n ? `${1, performance}` : 1 %>",
    `<% if (it.n) /\\/\\//.test(""), performance.now() %>`,
    `<%= crypto.randomUUID() %>`,
    `<%= eval("1") %>`,
    `<%= new Intl.DateTimeFormat().format() %>`,
    `<% const f = (a = performance.now()) => a %><%= f() %>`,
    `<%= structuredClone(1) %>`,
  ]) {
    test(`when something else than their values decides: ${source.replaceAll("\n", " ")}`, () => {
      let isOne = false;
      try {
        isOne = share(source, { a: freeze([]), n: 1 }).isOne;
      } catch {
        // It may well throw; it must not be found again.
      }
      assert.equal(isOne, false);
      assert.match(Object.values(templates.stats().templates)[0]!.reason!, /^line [12]: /);
    });
  }

  for (const source of [
    `<%= it["n"] %>`,
    `<% const { n } = it %><%= n %>`,
    `<%= Object.keys(it) %>`,
    `<%= ((x) => x.n)(it) %>`,
    `<% const copy = { ...it } %><%= copy.n %>`,
    `<%= it?.["n"] %>`,
    `<% it.n = 5 %><%= it.n %>`,
    `<% it.n++ %><%= it.n %>`,
    `<%~ include(it.n ? "person" : "bar", { p: { name: 1 } }) %>`,
    `<% const i = include; %><%~ i("person", { p: { name: 1 } }) %>`,
  ]) {
    test(`when what they read is not known: ${source}`, () => {
      assert.equal(share(source, { n: 1, people }).isOne, false);
      assert.equal(templates.reads({ source }), null);
    });
  }

  test("when an include is not pure, and says which and where", () => {
    templates.render("ticking", {});
    assert.match(statsOf("ticking").reason!, /^the included "clock", line 1: what Date gives here/);
  });

  test("an include does not hide the names that its data only may give", () => {
    const spread = { source: `<%~ include("bar", { ...it.data }) %>` };
    assert.deepEqual([...templates.reads(spread)!].sort(), ["data", "people", "title"]);
    const given = { source: `<%~ include("bar", { people: it.data, "title": 1 }) %>` };
    assert.deepEqual([...templates.reads(given)!], ["data"]);
    const shorthand = { source: `<% const people = it.data %><%~ include("bar", { people, title: { title: 1 } }) %>` };
    assert.deepEqual([...templates.reads(shorthand)!], ["data"]);
  });
});
