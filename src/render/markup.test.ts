import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConviveError } from "../errors.js";
import { Templates } from "./template.js";

/** Renders an inline template in development; what it warned of, its kinds per segment, and its HTML. */
function read(source: string, it: Record<string, unknown> = {}) {
  const warnings: string[] = [];
  const templates = new Templates({
    directories: [],
    isDevelopment: true,
    onWarning: (message) => warnings.push(message.replace(/^template inline-\w+:/, "")),
  });
  try {
    const rendered = templates.render({ source }, it);
    return { warnings, kinds: rendered.template.statics[3], html: String(rendered) };
  } finally {
    templates.close();
  }
}

describe("kinds of slots", () => {
  for (const [source, kinds] of [
    [`<p><%= it.a %></p>`, "tt"],
    [`<p><%~ it.a %></p>`, "th"],
    [`<p class="x <%= it.a %>" <%= it.a %> title='<%= it.a %>'><%= it.a %>`, "taaat"],
    [`<input value="<%= it.a %>"/><br><%= it.a %>`, "tat"],
    [`<textarea><%= it.a %></textarea><%= it.a %>`, "trt"],
    [`<title>a <b><%= it.a %></title><script>"<%~ it.a %>"</scr</script ><style><%= it.a %></style>`, "trrr"],
    [`<!-- <%= it.a %> --><%= it.a %><!--><%= it.a %>`, "txtt"],
    [`<!doctype <%= it.a %>><%= it.a %>`, "txt"],
    [`<h<%= it.a %>>x</h<%= it.a %>>`, "txx"],
    [`<template><%= it.a %></template><noscript><%= it.a %></noscript><%= it.a %>`, "txxt"],
    [`<svg><title><%= it.a %></title><path d="<%= it.a %>"/></svg><%= it.a %>`, "ttat"],
    [`<iframe><%= it.a %></iframe>`, "tx"],
    [`a < b && c > <%= it.a %> </ > <%= it.a %>`, "ttt"],
    [`<p title="a > b" data-x="'<%= it.a %>'"><%= it.a %>`, "tat"],
  ] as const) {
    test(`are read as the browser's tokenizer would: ${source}`, () => {
      assert.equal(read(source, { a: "v" }).kinds[0], kinds);
    });
  }

  test("follow all ways through the code", () => {
    const { kinds, warnings } = read(
      `<div <% if (it.a) { %>class="<%= it.a %>"<% } else { %>hidden<% } %>><% switch (it.a) { case 1: %><b><%= it.a %></b><% break; default: %><i></i><% } %></div>`,
      { a: 1 },
    );
    assert.deepEqual(kinds, ["t", "aa", "a", "a", "tt", "t", "t"]);
    assert.deepEqual(warnings, []);
  });

  test("know that a raw text which a block opened has ended in it", () => {
    const { kinds, warnings } = read(
      `<% for (const x of it.a) { %><textarea><%= x %></textarea><style></style><% } %><p><%= it.a %></p>`,
      { a: [1] },
    );
    assert.deepEqual(kinds, ["tr", "tt"]);
    assert.deepEqual(warnings, []);
  });

  test("are unknown behind a block whose ways end in different parts of a tag", () => {
    const { kinds, warnings } = read(`<% if (it.a) { %><p title="<% } %><%= it.a %>"></p>`, { a: 1 });
    assert.deepEqual(kinds, ["t", "xx"]);
    assert.match(warnings[0]!, /1: the ways through this block end in different parts of a tag/);
  });
});

describe("what the parser would change", () => {
  test("a value without quotes is a compile error with its line", () => {
    for (const source of ["<p>\n<a href=<%= it.a %>>", "<p>\n<a href=x<%= it.a %>>", "<p>\n<a href= <%~ it.a %>>"]) {
      assert.throws(
        () => read(source),
        (error: ConviveError) =>
          error.code === "TEMPLATE_SYNTAX" && error.details["line"] === 2 && /quotes/.test(error.message),
      );
    }
  });

  test("rows directly in a table get their tbody, once, also when there are none", () => {
    const rows = `<% for (const r of it.rows) { %><tr><td><%= r %></td></tr><% } %>`;
    const html = (source: string, list: unknown[]) => read(source, { rows: list }).html;
    assert.equal(html(`<table>${rows}</table>`, []), "<table><tbody></table>");
    assert.equal(
      html(`<table>${rows}${rows}</table>`, [1]),
      `<table><tbody>${"<tr><td>1</td></tr>".repeat(2)}</table>`,
    );
    assert.equal(
      html(`<table><thead><tr></tr></thead>${rows}<tfoot></tfoot></table>`, [1]),
      "<table><thead><tr></tr></thead><tbody><tr><td>1</td></tr><tfoot></tfoot></table>",
    );
    assert.equal(
      html(`<table><tbody>${rows}</tbody></table>`, [1]),
      "<table><tbody><tr><td>1</td></tr></tbody></table>",
    );
    assert.equal(html(`<table><tr><td><table>${rows}</table></td></tr></table>`, []).match(/<tbody>/g)!.length, 2);
  });

  test("a tbody that not every way to the row would pass is asked for", () => {
    const { warnings, html } = read(`<table><% if (it.a) { %><caption></caption><% } %>\n<tr></tr></table>`, { a: 1 });
    assert.equal(html, "<table><caption></caption><tr></tr></table>");
    assert.match(warnings[0]!, /^2: <tr> directly in <table>: write the <tbody>/);
  });

  test("a newline that the parser drops is added before what stands first in a pre or textarea", () => {
    assert.equal(read(`<pre><%= it.a %></pre>`, { a: "\nx" }).html, "<pre>\n\nx</pre>");
    assert.equal(
      read(`<textarea name="t"><% if (it.a) { %><%= it.a %><% } %></textarea>`, { a: "x" }).html,
      `<textarea name="t">\nx</textarea>`,
    );
    assert.equal(read(`<pre>a<%= it.a %></pre>`, { a: "\nx" }).html, "<pre>a\nx</pre>");
  });

  for (const [what, source, message] of [
    ["text in a table", `<table><tbody>\nfoo</tbody></table>`, /2: text directly in <tbody>/],
    ["a value in a row", `<table><tbody><tr><%= it.a %></tr></tbody></table>`, /a value directly in <tr>/],
    ["a cell without a row", `<table><tbody><td></td></tbody></table>`, /write the <tr> around it/],
    ["a div in a table", `<table><div></div></table>`, /<div> directly in <table>/],
    ["a div in a p", `<p>\n<div></div></p>`, /2: <div> inside <p>/],
    ["a link in a link", `<a><b><a></a></b></a>`, /<a> inside <a>/],
    ["a slash that closes nothing", `<div/>`, /the slash of <div\/> does not close it/],
    ["tags that cross", `<div><b></div></b>`, /<\/div> comes before the end of <b>/],
    ["an end without a start", `</section>`, /<\/section> has no start tag/],
    ["a start without an end", `\n<section>`, /2: <section> is not closed/],
    [
      "items that leave their tags open",
      `<ul><% for (const x of [1]) { %><li>x<% } %></ul>`,
      /this block changes which element is open \(ul, then ul > li\)/,
    ],
    [
      "an if that opens what another closes",
      `<% if (it.a) { %><div><% } %>x<% if (it.a) { %></div><% } %>`,
      /close in a block what it opens/,
    ],
  ] as const) {
    test(`${what} is told with its line`, () => {
      const { warnings } = read(source, { a: 1 });
      assert.ok(
        warnings.some((warning) => message.test(warning)),
        warnings.join("\n"),
      );
    });
  }

  test("what is right is not complained about", () => {
    const source = `<ul><% for (const x of it.a) { %><li><p>x<br></p><% if (x) { %><img src="x"/><% } else if (it.a) { %><b>y</b><% } %></li><% } %></ul>
      <select><option>a<option>b</select><dl><dt>a<dd>b</dl><table><tbody><tr><td>1<td>2<tr><th>3</table>
      <svg><g><path d=""/><circle r="1"/></g></svg><form><button>x</button></form><!-- <div> --><p>one<p>two`;
    assert.deepEqual(read(source, { a: [1] }).warnings, []);
  });
});
