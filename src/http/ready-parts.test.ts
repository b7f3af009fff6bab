import assert from "node:assert/strict";
import { test } from "node:test";
import { inline, LiveCursorMixin, LiveView, PresenceMixin } from "../index.js";
import { testApp } from "../testing/index.js";

interface Person {
  name: string;
  color: string;
}

class BarView extends PresenceMixin(LiveView)<Person> {
  static override viewName = "bar";
  static override template = inline`
    <%~ include("convive/avatars", { people: it.presences, max: 3 }) %>
    <%~ include("convive/count") %> <%~ include("convive/indicator") %> <%~ include("convive/banner") %>`;
  override async mount() {
    const { name = "", color = "" } = (this.user ?? {}) as Partial<Person>;
    await this.trackPresence({ name, color });
  }
}

class BoardView extends LiveCursorMixin(LiveView)<Person> {
  static override viewName = "drawn";
  static override template = inline`<%~ include("convive/cursors") %>`;
  override async mount() {
    await this.trackPresence({ name: "<Ada>", color: "red" });
  }
}

const user = (name: string, color = "#123456") => ({ id: name, name, color });

test("avatars show initials, status and color, and how many more there are", async () => {
  const app = testApp();
  const ada = await app.visit(BarView, { user: user("Ada Lovelace") });
  for (const name of ["", "grace", '<b> & " Émile Zola'])
    await app.visit(BarView, { user: { ...user(name), id: `id-${name}` } });
  await app.settle();
  assert.deepEqual(ada.texts(".convive-avatar"), ["AL", "?", "g", "+1"]);
  const html = ada.html();
  assert.match(html, /role="group" aria-label="4 people here"/);
  assert.match(html, /aria-label="Ada Lovelace"/);
  assert.match(html, /data-status="active"/);
  assert.match(html, /aria-label="1 more"/);
  assert.equal(ada.text(".convive-count"), "4 online");
  await app.close();
});

test("one person is told in the singular, and a hostile name stays text", async () => {
  const app = testApp();
  const page = await app.visit(BarView, { user: user('"><script>x</script> y') });
  assert.match(page.html(), /aria-label="1 person here"/);
  assert.doesNotMatch(page.html(), /<script>/);
  await app.close();
});

test("avatars are rendered once for all who see the same", async () => {
  const app = testApp();
  const first = await app.visit(BarView, { user: user("Ada") });
  for (let i = 0; i < 20; i += 1) await app.visit(BarView, { user: user(`u${i}`) });
  await app.settle();
  const before = { ...app.stats() };
  await first.view.updatePresence({ color: "#654321" });
  await app.settle();
  assert.equal(app.stats().renders - before.renders, 1);
  await app.close();
});

test("cursors can be drawn by the template, in whole pixels, with escaped names", async () => {
  const app = testApp();
  const page = await app.visit(BoardView, { user: user("Ada") });
  page.moveCursor(10.6, 20.2);
  await app.settle();
  assert.match(page.html(), /live-style:left="11px" live-style:top="20px"/);
  assert.equal(page.text(".convive-name"), "<Ada>");
  await app.close();
});
