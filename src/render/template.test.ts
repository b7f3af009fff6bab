import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { Eta } from "eta";
import { notFound } from "../control-flow.js";
import type { ConviveError } from "../errors.js";
import { inline } from "./inline.js";
import { toHtml } from "./rendered.js";
import { Templates } from "./template.js";

const made: string[] = [];
after(() => made.forEach((directory) => rmSync(directory, { recursive: true })));

function folder(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), "convive-templates-"));
  made.push(directory);
  for (const [name, text] of Object.entries(files)) write(directory, name, text);
  return directory;
}

function write(directory: string, name: string, text: string): void {
  mkdirSync(dirname(join(directory, name)), { recursive: true });
  writeFileSync(join(directory, name), text);
}

const html = (source: string, it: Record<string, unknown> = {}) =>
  String(new Templates({ directories: [] }).render({ source }, it));
const error = (work: () => unknown): ConviveError => {
  try {
    work();
  } catch (thrown) {
    return thrown as ConviveError;
  }
  return assert.fail("did not throw");
};

describe("values", () => {
  test("are escaped on the server, but for raw ones", () => {
    const it = { v: `<b>"'&` };
    assert.equal(
      html(`<p title="<%= it.v %>"><%= it.v %><%~ it.v %>`, it),
      `<p title="&lt;b&gt;&quot;&#39;&amp;">&lt;b&gt;&quot;&#39;&amp;<b>"'&`,
    );
  });
  test("null and undefined print nothing, everything else as a string", () => {
    assert.equal(
      html(`<%= it.a %>|<%= it.b %>|<%~ it.a %>|<%= 0 %>|<%= false %>|<%= [1, [2]] %>|<%= %>`, { b: null }),
      "||||0|false|1,2|".replace("||||", "|||"),
    );
  });
  test("are written as the parser would keep them: newlines, NUL, lone surrogates", () => {
    assert.equal(
      html(`<%= it.v %>|<%~ it.v %>`, { v: "a\r\nb\rc\0\ud800😀" }),
      "a\nb\nc\ufffd\ufffd😀|a\nb\nc\ufffd\ufffd😀",
    );
  });
  test("a value named __proto__ is a value", () => {
    assert.equal(html(`<%= it.rows.map((r) => r.name) %>`, { rows: [{ name: "__proto__" }] }), "__proto__");
  });
});

describe("includes, blocks and captures", () => {
  const files = {
    "page.eta": `<%~ include("parts/bar", { n: 1 }) %><%~ include("/foot") %>`,
    "parts/bar.eta": `<i><%= it.n %><%= it.title %></i><%~ include("dot") %><%~ include("foot") %>`,
    "parts/dot.eta": `.`,
    "foot.eta": `<u><%= it.title %><%= it.n %></u>`,
    "shell.eta": `<main><%~ block("side", () => { %>none<% }) %>|<%~ it.body %></main>`,
    "framed.eta": `<% layout("shell") %><% block("side", () => { %><b><%= it.title %></b><% }) %>text`,
    "plain.eta": `<% layout("shell", { x: 1 }) %>text`,
  };
  const templates = new Templates({ directories: [folder(files)] });
  const render = (name: string, it = {}) => String(templates.render(name, { title: "T", ...it }));

  test("an include reads its own data, then the context; names are tried beside it, then from the root", () => {
    assert.equal(render("page"), "<i>1T</i>.<u>T1</u><u>T</u>");
  });
  test("an include's data does not write through a frozen context or a getter", () => {
    const it = Object.freeze(Object.defineProperty({ title: "T" }, "n", { get: () => 7 }));
    assert.equal(String(templates.render("page", it)), "<i>1T</i>.<u>T1</u><u>T7</u>");
  });
  test("layout and blocks give what plain Eta gives", () => {
    const eta = new Eta({ views: made[0]! });
    for (const name of ["framed", "plain"]) assert.equal(render(name), eta.render(name, { title: "T" }));
    assert.equal(render("framed"), "<main><b>T</b>|text</main>");
  });
  test("an include is a nested rendering whose statics are known beforehand", () => {
    const rendered = templates.render("page", { title: "T" });
    assert.equal(typeof rendered.o[1], "object");
    assert.equal(Object.keys(templates.staticsOf(rendered)).length, 4);
    assert.equal(toHtml(JSON.parse(JSON.stringify(rendered)), templates.staticsOf(rendered)), String(rendered));
  });
  test("a capture and an expression closed by a later tag keep their structure", () => {
    const source = `<% const c = capture(() => { %><b><%= it.n %></b><% }) %><p><%~ c %></p><%~ block("x", () => { %>own<% }) %><% output(it.n); %><% [1, 2].forEach(output) %>`;
    assert.equal(html(source, { n: 5 }), "<p><b>5</b></p>own512");
  });
  test("statics of templates included by computed names come with the rendering", () => {
    const rendered = templates.render({ source: `<%~ include(it.name, { n: 2 }) %>` }, { name: "foot", title: "T" });
    const statics = templates.staticsOf(rendered);
    assert.equal(Object.keys(statics).length, 2);
    assert.equal(toHtml(rendered, statics), "<u>T2</u>");
  });
  test("names in a directory listed earlier win, for includes of later ones too", () => {
    const user = folder({ "convive/bar.eta": "mine" });
    const ours = folder({
      "convive/bar.eta": "ours",
      "convive/all.eta": `<%~ include("bar") %><%~ include("convive/bar") %>`,
    });
    assert.equal(String(new Templates({ directories: [user, ours] }).render("convive/all", {})), "minemine");
  });
  test("ids are hashes of the statics: equal for equal text, whatever the process", () => {
    const [a, b] = [inline`<p><%= it.a %></p>`, inline`<p><%= it.b %></p>`].map(
      (t) => new Templates({ directories: [] }).render(t, {}).t,
    );
    assert.equal(a, b);
    assert.notEqual(a, new Templates({ directories: [] }).render(inline`<p>!<%= it.a %></p>`, {}).t);
  });
});

describe("layouts of pages", () => {
  const directory = folder({
    "ok.eta": `<html lang="<%= it.lang %>"><title><%= it.title %></title><%~ it.head %><body><%= it.body %>`,
    "bad.eta": `<html><%~ it.body %>`,
  });
  const templates = new Templates({ directories: [directory], helpers: { lang: "en" } });

  test("take head and body as they are, and everything else escaped", () => {
    const text = templates.renderLayout("ok", { head: "<script></script>", body: "<b>'&</b>", title: "<" });
    assert.equal(text, `<html lang="en"><title>&lt;</title><script></script><body><b>'&</b>`);
  });
  test("must use it.head", () => {
    const { code, message } = error(() => templates.renderLayout("bad", { head: "", body: "" }));
    assert.equal(code, "TEMPLATE_SYNTAX");
    assert.match(message, /bad\.eta: the layout never uses it\.head.*<%~ it\.head %>/);
  });
});

describe("errors", () => {
  const directory = folder({
    "throws.eta": `<p>\n<%= it.a %>\n  <% if (it.user) { %>\n<%= it.user.name.first %>\n<% } %>`,
    "outer.eta": `\n\n<%~ include("throws", { user: {} }) %>`,
    "syntax.eta": `<p>\n<% for (const x of [1]) { %>\n<%= x + %>\n<% } %>`,
    "open.eta": `<p>\n<% if (it.a) { %>\nx`,
    "closed.eta": `<p>\n<% } %>\nx`,
    "awaits.eta": `<%= await it.x %>`,
    "string.eta": `<p>\n<% // don't %>`,
  });
  const templates = new Templates({ directories: [directory] });

  test("of the running template name file and line and show the source with a mark", () => {
    for (const name of ["throws", "outer"]) {
      const { code, message, details, cause } = error(() => templates.render(name, { a: 1, user: {} }));
      assert.equal(code, "TEMPLATE_RUNTIME");
      assert.deepEqual([details["template"], details["line"]], ["throws", 4]);
      assert.match(message, /throws\.eta:4: Cannot read properties of undefined/);
      assert.match(
        message,
        /\n {2}3 \| {3}<% if \(it\.user\) \{ %>\n> 4 \| <%= it\.user\.name\.first %>\n {2}5 \| <% \} %>/,
      );
      assert.ok(cause instanceof TypeError);
    }
  });
  for (const [name, line, what] of [
    ["syntax", 3, /Unexpected token/],
    ["open", 2, /this \{ is never closed/],
    ["closed", 2, /this \} closes nothing/],
    ["awaits", 1, /Templates are synchronous: load data in mount\(\)/],
    ["string", 2, /unclosed string/],
  ] as const) {
    test(`of syntax name the line: ${name}`, () => {
      const { code, message, details } = error(() => templates.render(name, {}));
      assert.equal(code, "TEMPLATE_SYNTAX");
      assert.equal(details["line"], line, message);
      assert.match(message, what);
      assert.match(message, new RegExp(`\n> ${line} \\|`));
    });
  }
  test("of an unknown name tell the nearest and where it was looked for", () => {
    const { code, message } = error(() => templates.render("throw", {}));
    assert.equal(code, "TEMPLATE_UNKNOWN");
    assert.match(message, /no template "throw" in .*convive-templates.*Did you mean "throws"\?/);
    assert.match(
      error(() => templates.render({ source: `<%~ include("nowhere") %>` }, {})).message,
      /included by template inline-/,
    );
    for (const name of ["../outside", "/etc/passwd", "a\0b", ""])
      assert.equal(error(() => templates.render(name, {})).code, "TEMPLATE_UNKNOWN");
  });
  test("of templates that include each other without end stop at the stack's end", () => {
    const ring = new Templates({
      directories: [folder({ "a.eta": `<%~ include("b") %>`, "b.eta": `<%~ include("a") %>` })],
    });
    const { code, message } = error(() => ring.render("a", {}));
    assert.equal(code, "TEMPLATE_RUNTIME");
    assert.match(message, /Maximum call stack size exceeded/);
  });
  test("that are thrown as values are told too, and what ends a request goes through", () => {
    assert.match(error(() => html(`<% throw "plain" %>`)).message, /:1: plain/);
    const it = Object.defineProperty({}, "user", { get: () => { throw notFound(); } }); // prettier-ignore
    assert.equal(error(() => html(`<%= it.user %>`, it)).name, "ControlFlow");
  });
  test("have the right line in loops, closures and after includes", () => {
    const lineOf = (source: string) => error(() => html(source, { list: [1, 2] })).details["line"];
    assert.equal(lineOf(`<% for (const x of it.list) { %>\n<%= x %>\n<%= x === 2 ? x.a.b : x %>\n<% } %>`), 3);
    assert.equal(lineOf(`a\n<% it.list.forEach((x) => { %>\n\n<%= it.no.x %><% }) %>`), 4);
    assert.equal(lineOf(`<% switch (1) { %>\n<% case 1: %>\n<%= it.no.x %><% } %>`), 3);
    assert.equal(lineOf(`<p>\n<%~ capture(() => { %>\n<%= it.no.x %>\n<% }) %>`), 3);
  });
  test("an unknown name of the context is told once in development, with line and nearest name", () => {
    const warnings: string[] = [];
    const dev = new Templates({
      directories: [directory],
      isDevelopment: true,
      onWarning: (message) => warnings.push(message),
    });
    const template = inline`
<%= it.presenses %><%= it.maybe ?? "" %><%= it.other?.x %><%= it.known %>`;
    for (let i = 0; i < 2; i++)
      dev.render(template, Object.create({ presences: [], known: 1 }) as Record<string, unknown>);
    dev.close();
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /:2: there is no it\.presenses in the context: did you mean it\.presences\?/);
  });
});

describe("development", () => {
  test("compiles anew when a file changes, also in a directory made later", async () => {
    const directory = folder({ "a.eta": "one" });
    const templates = new Templates({ directories: [directory], isDevelopment: true });
    const changed = () => new Promise<void>((resolve) => { const stop = templates.onChange(() => (stop(), resolve())); }); // prettier-ignore
    const alive = setInterval(() => {}, 1000);
    try {
      assert.equal(String(templates.render("a", {})), "one");
      const first = changed();
      write(directory, "a.eta", "two");
      await first;
      assert.equal(String(templates.render("a", {})), "two");
      const second = changed();
      mkdirSync(join(directory, "sub"));
      await second;
      const third = changed();
      write(directory, "sub/b.eta", "three");
      await third;
      assert.equal(String(templates.render("sub/b", {})), "three");
    } finally {
      clearInterval(alive);
      templates.close();
    }
  });
  test("production reads a file once", () => {
    const directory = folder({ "a.eta": "one" });
    const templates = new Templates({ directories: [directory] });
    templates.render("a", {});
    write(directory, "a.eta", "two");
    assert.equal(String(templates.render("a", {})), "one");
  });
});

describe("inline", () => {
  test("takes backslashes as written and refuses values", () => {
    assert.equal(html(inline`<%= "a\nb".length %>\`\${x}`.source), "3`${x}");
    assert.throws(() => inline`${"x" as never}`, /takes no \$\{values\}/);
  });
});
