/** Included by the others. */
export const parts = {
  row: `<li id="r<%= it.row.id %>" class="row<% if (it.row.on) { %> on<% } %>"><%= it.row.name %><% if (it.row.on) { %> <b>on</b><% } %></li>`,
  foot: `<footer><%= it.title %><% if (it.on) { %>!<% } %></footer>`,
  words: `<%= it.title %> and <%= it.text %>`,
  tree: `<ul><% for (const row of it.rows) { %><li><%= row.name %><% if (row.kids.length) { %><%~ include("tree", { rows: row.kids }) %><% } %></li><% } %></ul>`,
  rawEnd: `<%= it.title %><%~ it.raw %>`,
  kids: `<% for (const kid of it.row.kids) { %><i><%= kid.name %></i><% } %>`,
  opens: `<div class="<%= it.title %>">`,
};

/** Templates that a parser rearranges, that the marks might disturb, or that levels cut across. */
export const hostileTemplates: Readonly<Record<string, string>> = {
  table: `<h1><%= it.title %></h1>
<table><thead><tr><th>id</th><th><%= it.text %></th></tr></thead><tbody>
<% for (const row of it.rows) { %>
  <tr class="r<% if (row.on) { %> on<% } %>" data-id="<%= row.id %>"><td><%= row.id %></td><td><%= row.name %><% if (row.on) { %> <i>on</i><% } %></td></tr>
<% } %>
</tbody></table>`,
  plainTable: `<table><tbody><% for (const row of it.rows) { %><tr><td><%= row.id %></td><td><%= row.name %></td></tr><% } %></tbody></table>`,
  tableWithoutBody: `<table><% for (const row of it.rows) { %><tr><td><%= row.name %></td></tr><% } %></table>`,
  tableWithHead: `<table class="<%= it.title %>"><% if (it.on) { %><caption><%= it.text %></caption><% } %><colgroup><% if (it.off) { %><col span="2"><% } %></colgroup><% if (it.on) { %><thead><tr><th>x</th></tr></thead><% } %><% for (const row of it.rows) { %><tr><td><%= row.name %></td></tr><% } %></table>`,
  textInTable: `<p><%= it.text %></p><table><%= it.title %><tr><td><%= it.text %></td></tr></table>`,
  itemsInTable: `<div><table><% if (it.on) { %>text<b>x</b><% } %><tr><% if (it.off) { %><b><%= it.title %></b><% } %><td><%= it.text %></td></tr></table></div>`,
  bar: `<ul class="bar" data-presence><% for (const row of it.rows) { %><li data-user-id="<%= row.id %>" live-style:color="<%= row.on ? "red" : "nonsense" %>" title="<%= row.name %>"><%= row.name %></li><% } %></ul><span><%= it.rows.length %> online</span>`,
  lists: `<ul><% for (const row of it.rows) { %><li><%= row.name %><% if (row.kids.length) { %><ol><% for (const kid of row.kids) { %><li id="k<%= kid.id %>"><%= kid.name %></li><% } %></ol><% } %></li><% } %></ul>`,
  unclosed: `<ul><% for (const row of it.rows) { %><li><%= row.name %><% } %></ul><dl><% for (const row of it.rows) { %><dt><%= row.id %><dd><%= row.name %><% } %></dl><p><%= it.title %><p><%= it.text %>`,
  svg: `<svg viewBox="0 0 <%= it.rows.length %> 9" class="<%= it.title %>"><% for (const row of it.rows) { %><path d="M<%= row.id %>"/><% if (row.on) { %><g id="g<%= row.id %>"><circle r="<%= row.id %>" /><text><%= row.name %></text></g><% } %><% } %><foreignObject><p><%= it.text %></p></foreignObject><title><%= it.title %></title></svg><math><mi><%= it.text %></mi></math>`,
  select: `<form><select name="s"><% for (const row of it.rows) { %><option value="<%= row.id %>" <% if (row.on) { %>selected<% } %>><%= row.name %></option><% } %></select><select multiple><optgroup label="<%= it.title %>"><% for (const row of it.rows) { %><option<% if (row.on) { %> selected<% } %>><%= row.name %><% } %></optgroup></select></form>`,
  rawText: `<textarea name="t" rows="<%= it.rows.length %>"><%= it.text %> and <% if (it.on) { %>more <%= it.title %><% } %></textarea><style>.x { color: <%= it.title %> }</style><script>let x = "<%= it.text %>"<% if (it.on) { %>; x++<% } %></script><textarea><%= it.title %></textarea><textarea class="<%= it.title %>">static</textarea>`,
  pre: `<pre><%= it.text %></pre><pre>
<%= it.title %></pre><pre><% for (const row of it.rows) { %><%= row.name %>
<% } %></pre><pre><% if (it.on) { %>
x<% } %></pre>`,
  nestedIfs: `<% if (it.on) { %><div><% if (it.off) { %>A <%= it.title %><% } else { %>B<% } %></div><% } else if (it.off) { %>text <%= it.text %><% } else { %><% for (const row of it.rows) { %><% if (row.on) { %><%= row.name %><% } %>, <% } %><% } %><% if (it.on) { %><% } %>`,
  includes: `<div><% it.rows.forEach((row) => { %><%~ include("row", { row }) %><% }) %></div><%~ include("foot") %><%~ it.on ? include("foot") : include("words") %>`,
  bareIncludes: `<% for (const row of it.rows) { %><%~ include("words", { title: row.name }) %><% } %><%~ include("words") %>`,
  edgeIncludes: `<% for (const row of it.rows) { %><%~ row.on ? include("foot", { title: row.name }) : include("words", { title: row.name }) %><% } %><% for (const row of it.rows) { %><%~ row.on ? it.raw : row.name %><% } %>`,
  edgeLoops: `<% for (const row of it.rows) { %><%~ include("kids", { row }) %><% } %><% if (it.on) { %><%~ include("kids", { row: { kids: it.rows } }) %><% } %><% if (it.off) { %><% for (const row of it.rows) { %><% for (const kid of row.kids) { %><b><%= kid.name %></b><% } %><% } %><% } %>`,
  edgeRaw: `<p><%~ it.on ? include("rawEnd") : include("words") %><i>tail</i></p><% for (const row of it.rows) { %><%~ row.on ? include("rawEnd", { title: row.name }) : include("words", { title: row.name }) %><% } %>`,
  raw: `<section><%~ it.raw %></section><% for (const row of it.rows) { %><p><%= row.name %> <%~ row.on ? it.raw : "" %></p><% } %><%~ it.raw %>`,
  rawAlone: `<%~ it.raw %>`,
  closures: `<% const node = (row, depth) => { %><li><%= row.name %><ul><% for (const kid of row.kids) { node(kid, depth + 1); } %></ul></li><% }; %><ul><% it.rows.forEach((row) => node(row, 0)) %></ul><%= it.title %>`,
  recursion: `<%~ include("tree", { rows: it.rows }) %><p><%= it.title %></p>`,
  comments: `<!-- <%= it.title %> --><p><%= it.text %></p><% for (const row of it.rows) { %><!-- row <%= row.id %> --><b><%= row.name %></b><% } %><!----><!--><i><%= it.title %></i>`,
  templateElement: `<template class="<%= it.title %>"><p><%= it.text %></p><% for (const row of it.rows) { %><i><%= row.name %></i><% } %></template><p><%= it.title %></p><template><b>static</b></template>`,
  unbalanced: `<% if (it.on) { %><div class="w"><% } %><p><%= it.title %></p><% for (const row of it.rows) { %><i><%= row.name %></i><% } %><% if (it.on) { %></div><% } %><%= it.text %>`,
  unbalancedInclude: `<%~ include("opens") %><p><%= it.text %></p><% for (const row of it.rows) { %><i><%= row.name %></i><% } %></div><p><%= it.title %></p>`,
  blockInParagraph: `<p>a<% if (it.on) { %><div><%= it.title %></div><% } %>b <%= it.text %></p><p><% for (const row of it.rows) { %><p><%= row.name %></p><% } %></p>`,
  adjacent: `<%= it.title %><%= it.text %> text <%= it.title %>
<% for (const row of it.rows) { %><%= row.name %><%= row.id %>, <% } %><%= it.text %><% for (const row of it.rows) { %> <% if (row.on) { %>on<% } %><% } %>`,
  attributes: `<div class="a<% if (it.on) { %> b<% } %><% for (const row of it.rows) { %> c<%= row.id %><% } %>" title="<%= it.title %> &quot; <%= it.text %>"><input value="<%= it.text %>" <% if (it.on) { %>checked<% } %> type="checkbox"><input type="text" value="<%= it.title %>"<% if (it.off) { %> disabled data-x="<%= it.text %>"<% } %>><div <% if (it.on) { %>hidden<% } %>><%= it.title %></div><hr<% if (it.off) { %> class="x"<% } %>/></div>`,
  quotes: `<div title='a>b "c" <%= it.title %>' data-x="<b <%= it.text %> > x"><i a=b' class="<%= it.title %>">it's <%= it.text %></i><a x="y>z <%= it.title %>" y='<%= it.text %>'>"</a></div>`,
  dynamicTag: `<h<%= it.on ? 1 : 2 %> class="<%= it.title %>"><%= it.text %></h<%= it.on ? 1 : 2 %>><<%= it.off ? "b" : "i" %>>x</<%= it.off ? "b" : "i" %>>`,
  details: `<details<% if (it.on) { %> open<% } %>><summary><%= it.title %></summary><%= it.text %></details><dialog<% if (it.off) { %> open<% } %>>x</dialog>`,
  entities: `<p>&<%= it.title %></p><p>a &am<%= it.text %></p><p>&nbsp;<%= it.title %>&copy;</p>`,
  onlyLoop: `<% for (const row of it.rows) { %><%= row.name %><% } %>`,
  twoLoops: `<ul><% for (const row of it.rows) { %><li><%= row.name %></li><% } %><% for (const row of it.rows) { %><li class="second"><%= row.id %></li><% } %></ul>`,
  jumps: `<% for (const row of it.rows) { %><b><%= row.name %></b><% if (row.id > 30) { %>break<% break; } %><% if (row.on) { %><i>skip</i><% continue; } %><u><%= row.id %></u><% } %><% switch (it.title) { case "a": %>A<% break; case "b": case "Ada": %><b>two</b><% break; default: %>other<% } %>`,
  noscript: `<noscript><img alt="x"></noscript><p><%= it.title %></p><% if (it.on) { %><noscript><p>static</p></noscript><% } %>`,
  leftAlone: `<p><%= it.title %></p><div live-ignore class="<%= it.title %>" data-x="<%= it.text %>"><b><%= it.text %></b><% for (const row of it.rows) { %><i><%= row.name %></i><% } %></div><p><%= it.text %></p>`,
  styles: `<div live-style:color="<%= it.title %>" live-style:--x="<%= it.text %>"><% for (const row of it.rows) { %><i live-style:width="<%= row.id %>px" style="color: red"><%= row.name %></i><% } %></div>`,
  formatting: `<b><% if (it.on) { %><p><%= it.title %></p><% } %>x</b><a href="#">1<% if (it.off) { %><a href="#"><%= it.text %></a><% } %></a><button><% if (it.on) { %><button>in</button><% } %></button><h1><% if (it.off) { %><h2><%= it.title %></h2><% } %></h1><i><%= it.text %>`,
  forms: `<form id="a"><% if (it.on) { %><form id="b"><input name="x" value="<%= it.title %>"></form><% } %><input value="<%= it.text %>"></form><label><% if (it.off) { %><input type="radio" name="r" checked><% } %><%= it.title %></label>`,
  keys: `<div><% for (const row of it.rows) { %><p id="<%= row.id %>"><%= row.name %></p><% } %></div><div><% for (const row of it.rows) { %><p live-key="<%= row.name %>"><% if (row.on) { %><b id="x<%= row.id %>">b</b><% } %></p><% } %></div><section live-key="<%= it.title %>"><%= it.text %></section>`,
  edges: `<% if (it.on) { %><% for (const row of it.rows) { %><%~ include("words", { title: row.name }) %><% if (row.on) { %><% for (const kid of row.kids) { %><%= kid.name %><% } %><% } %><% } %><% } %><% if (it.off) { %><%~ it.raw %><% } %>`,
  tableParts: `<table><% for (const row of it.rows) { %><tbody class="<%= row.name %>"><% for (const kid of row.kids) { %><tr><% if (kid.on) { %><td><%= kid.name %></td><% } else { %><th><%= kid.id %></th><% } %></tr><% } %></tbody><% } %></table><table><tr><td><%= it.title %></td></tr><% for (const row of it.rows) { %><tr><td><%= row.name %></td></tr><% } %></table>`,
  flash: `<div live-flash class="<%= it.title %>"></div><p><%= it.text %></p>`,
};
