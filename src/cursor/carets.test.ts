import assert from "node:assert/strict";
import { test } from "node:test";
import { CaretMixin, inline, LiveView, PresenceMixin } from "../index.js";
import { CARET, CARETS, type CaretPayload } from "../protocol.js";
import { testApp } from "../testing/index.js";

class NoteView extends CaretMixin(PresenceMixin(LiveView<{ noteId: string }>)<{ name: string; color: string }>) {
  static override viewName = "caret-note";
  static override presenceKey = "note:{noteId}";
  static override template = inline`<textarea name="body" live-hook="LiveCaret"></textarea>`;
  override async mount() {
    const { name = "Guest" } = (this.user ?? {}) as { name?: string };
    await this.trackPresence({ name, color: "red" });
  }
}

const visit = (name: string, noteId = "1") => ({ params: { noteId }, user: { id: name.toLowerCase(), name } });
const at = (start: number, end = start, field = "body") => ({ caret: { field, start, end } });
const shown = ({ carets }: CaretPayload) =>
  carets.map(({ name, field, start, end }) => `${name} ${field} ${start}-${end}`);

async function begin() {
  const app = testApp();
  const ada = await app.visit(NoteView, visit("Ada"));
  const bob = await app.visit(NoteView, visit("Bob"));
  const last = () => shown(bob.pushed(CARETS).at(-1) as CaretPayload);
  return { app, ada, bob, last };
}

test("carets and selections are told to all in the room, with name and color, and end where they are left", async () => {
  const { app, ada, bob, last } = await begin();
  const elsewhere = await app.visit(NoteView, visit("Cyd", "2"));
  await ada.send(CARET, at(3));
  await bob.send(CARET, at(1, 5));
  await app.settle();
  assert.deepEqual(last(), ["Ada body 3-3", "Bob body 1-5"]);
  await ada.send(CARET, { caret: null });
  await app.settle();
  assert.deepEqual(last(), ["Bob body 1-5"]);
  assert.deepEqual(elsewhere.pushed(CARETS), []);
  await app.close();
});

test("who comes later is answered with all that stand there, and which is his own", async () => {
  const { app, ada } = await begin();
  await ada.send(CARET, at(7));
  await app.settle();
  const late = await app.visit(NoteView, visit("Late"));
  const answer = (await late.send(CARET, { caret: null })) as CaretPayload;
  assert.deepEqual(shown(answer), ["Ada body 7-7"]);
  const own = (await ada.send(CARET, at(7))) as CaretPayload;
  assert.equal(own.own, own.carets[0]!.connectionId);
  await app.close();
});

test("a caret goes with its page, also while the link is broken", async () => {
  const { app, ada, last } = await begin();
  await ada.send(CARET, at(3));
  await app.settle();
  await ada.disconnect();
  await app.settle();
  assert.deepEqual(last(), []);
  await app.close();
});

test("moves of one tick are one push", async () => {
  const { app, ada, bob } = await begin();
  await app.settle();
  await Promise.all(Array.from({ length: 20 }, (_, i) => ada.send(CARET, at(i))));
  await app.settle();
  assert.ok(bob.pushed(CARETS).length <= 3, `${bob.pushed(CARETS).length} pushes`);
  await app.close();
});

test("what is no caret is refused, and shown to nobody", async () => {
  const { app, ada, bob } = await begin();
  for (const caret of [1, "x", [], {}, { field: "", start: 0, end: 0 }, { field: "f", start: -1, end: 0 }]) {
    await assert.rejects(ada.send(CARET, { caret }));
  }
  for (const [start, end] of [
    [2, 1],
    [0.5, 1],
    [0, Number.MAX_VALUE],
    ["0", 1],
  ]) {
    await assert.rejects(ada.send(CARET, { caret: { field: "f", start, end } }));
  }
  for (const payload of [null, {}, "caret"]) await assert.rejects(ada.send(CARET, payload));
  await app.settle();
  assert.deepEqual(bob.pushed(CARETS), []);
  await app.close();
});
