import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import {
  defineShared,
  event,
  inline,
  LiveCursorMixin,
  LiveView,
  PresenceMixin,
  type FormPayload,
  type Presence,
  type PresenceChange,
} from "../index.js";
import { testApp } from "./index.js";

interface Person {
  name: string;
}

const Note = z.object({ text: z.string().min(1) });
const stored: string[] = [];
const notes = defineShared({
  key: "board:{boardId}",
  load: () => [...stored],
  on: { note: (list, text: string) => [...list, text] },
});

class BoardView extends LiveCursorMixin(LiveView<{ boardId: string }>)<Person> {
  static override template = inline`
    <h1><%= it.title %></h1>
    <ul data-presence><% for (const p of it.presences) { %><li data-user-id="<%= p.id %>"><%= p.name %></li><% } %></ul>
    <b id="count"><%= it.presenceCount %></b>
    <ol><% for (const note of it.notes) { %><li class="note"><%= note %></li><% } %></ol>
    <form live-submit="add" live-change="draft"><input name="text" value="<%= it.text %>"><button live-click="clear" type="button">x</button></form>`;
  static override viewName = "board";
  static override presenceKey = "board:{boardId}";
  title = "A board";
  text = "";
  notes = this.share(notes);

  override async mount() {
    await this.trackPresence({ name: String((this.user as { name?: string } | null)?.name ?? "Guest") });
  }
  @event(Note) add({ text }: { text: string }) {
    stored.push(text);
    this.notes.send("note", text);
    return stored.length;
  }
  @event draft({ text = "" }: FormPayload) {
    this.text = text;
  }
  @event clear() {
    this.text = "";
  }
  override handlePresenceJoin(person: Presence<Person>, { self }: PresenceChange) {
    if (!self) this.pushEvent("flash", { message: `${person.name} joined` });
  }
  override handlePresenceLeave(person: Presence<Person>) {
    this.pushEvent("flash", { message: `${person.name} left` });
  }
}

const user = (name: string) => ({ id: name.toLowerCase(), name });
const board = (name: string, boardId = "1") => ({ params: { boardId }, user: user(name) });

test("Two people on one board see each other, their notes, joins and leaves", async () => {
  stored.length = 0;
  const app = testApp();
  const ada = await app.visit(BoardView, board("Ada"));
  const bob = await app.visit(BoardView, board("Bob"));
  assert.deepEqual(ada.texts("[data-user-id]"), ["Ada", "Bob"]);
  assert.equal(ada.text("#count"), "2");
  assert.deepEqual(ada.pushed("flash"), [{ message: "Bob joined" }]);
  assert.deepEqual(bob.pushed("flash"), []);
  await bob.submit("form", { text: "hello" });
  assert.deepEqual(ada.texts(".note"), ["hello"]);
  await bob.close();
  assert.deepEqual(ada.texts("[data-user-id]"), ["Ada", "Bob"], "the grace runs");
  await app.clock.advance(3_100);
  assert.deepEqual(ada.texts("[data-user-id]"), ["Ada"]);
  assert.deepEqual(ada.pushed("flash").at(-1), { message: "Bob left" });
  await app.close();
});

test("Other boards are other rooms", async () => {
  const app = testApp();
  const ada = await app.visit(BoardView, board("Ada", "1"));
  await app.visit(BoardView, board("Bob", "2"));
  assert.deepEqual(ada.texts("[data-user-id]"), ["Ada"]);
  assert.equal(await app.presence.presenceCount("board:2"), 1);
  await app.close();
});

test("Two pages of one person are one presence, and closing one is no leave", async () => {
  const app = testApp();
  const ada = await app.visit(BoardView, board("Ada"));
  const first = await app.visit(BoardView, board("Bob"));
  await app.visit(BoardView, board("Bob"));
  await first.close();
  await app.clock.advance(20_000);
  assert.deepEqual(ada.texts("[data-user-id]"), ["Ada", "Bob"]);
  assert.deepEqual(ada.pushed("flash"), [{ message: "Bob joined" }]);
  await app.close();
});

test("A page whose link breaks comes back unseen within its grace, with its state", async () => {
  const app = testApp();
  const ada = await app.visit(BoardView, board("Ada"));
  const bob = await app.visit(BoardView, board("Bob"));
  await bob.fill("form", { text: "draft" });
  const { view } = bob;
  await bob.disconnect();
  await app.clock.advance(10_000);
  await bob.reconnect();
  assert.equal(bob.view, view);
  assert.match(bob.html(), /value="draft"/);
  await app.clock.advance(20_000);
  assert.deepEqual(ada.pushed("flash"), [{ message: "Bob joined" }]);
  await app.close();
});

test("Clicks, forms and events reach the handlers; what is refused rejects", async () => {
  stored.length = 0;
  const app = testApp({ logger: { info() {}, warn() {}, error() {} } });
  const ada = await app.visit(BoardView, board("Ada"));
  await ada.fill("form", { text: "a draft" });
  assert.match(ada.html(), /value="a draft"/);
  await ada.click("button");
  assert.match(ada.html(), /value=""/);
  assert.equal(await ada.send("add", { text: "one" }), 1);
  await assert.rejects(ada.send("add", { text: "" }), /EVENT_INVALID/);
  await assert.rejects(ada.send("mount"), /EVENT_UNKNOWN/);
  await assert.rejects(ada.click("h1"), /live-click/);
  await app.close();
});

test("What mount throws is thrown by visit", async () => {
  class BrokenView extends PresenceMixin(LiveView) {
    static override template = inline`<p></p>`;
    static override viewName = "broken";
    override mount() {
      throw new Error("no board");
    }
  }
  const app = testApp();
  await assert.rejects(app.visit(BrokenView), /no board/);
  await app.close();
});

test("A thousand who see the same bar cost one render, one diff and one encoding per change", async () => {
  class BarView extends PresenceMixin(LiveView)<Person> {
    static override template = inline`<ul><% for (const p of it.presences) { %><li><%= p.name %></li><% } %></ul><i><%= it.presenceCount %></i>`;
    static override viewName = "bar";
    static override presenceKey = "hall";
  }
  const app = testApp();
  const viewers = [];
  for (let i = 0; i < 1_000; i += 1) viewers.push(await app.visit(BarView, { user: user(`V${i}`) }));
  const before = { ...app.stats() };
  const changes = 20;
  for (let i = 0; i < changes; i += 1) {
    await app.presence.joinPresence("hall", `guest-${i}`, { name: `Guest ${i}` });
    await app.settle();
  }
  assert.equal(viewers[999]!.text("i"), "20");
  assert.equal(viewers[0]!.texts("li").length, 20);
  const after = app.stats();
  for (const kind of ["renders", "diffs", "encodes"] as const) {
    const each = (after[kind] - before[kind]) / changes;
    assert.ok(each > 0 && each <= 1.05, `${kind} per change: ${each}`);
  }
  await app.close();
});
