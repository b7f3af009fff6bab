import assert from "node:assert/strict";
import { test } from "node:test";
import { event, inline, LiveView, PresenceMixin, TypingMixin, type FormPayload } from "../index.js";
import { testApp } from "../testing/index.js";

interface Person {
  name: string;
}

class ChatView extends TypingMixin(PresenceMixin(LiveView<{ chatId: string }>)<Person>) {
  static override viewName = "typing-chat";
  static override presenceKey = "chat:{chatId}";
  static override template = inline`<% for (const field of Object.keys(it.typing)) { for (const p of it.typing[field]) { %>
    <i class="writer"><%= field %>: <%= p.name %></i><% } } %>`;
  override async mount() {
    await this.trackPresence({ name: (this.user as { name?: string } | null)?.name ?? "Guest" });
  }
  @event draft({ field = "message" }: FormPayload) {
    this.startTyping(field);
  }
  @event pause() {
    this.stopTyping();
  }
  @event rename({ name = "" }: FormPayload) {
    return this.updatePresence({ name });
  }
  @event go() {
    return this.untrackPresence();
  }
}

const visit = (name: string, chatId = "1") => ({ params: { chatId }, user: { id: name.toLowerCase(), name } });

async function begin() {
  const app = testApp();
  const ada = await app.visit(ChatView, visit("Ada"));
  const bob = await app.visit(ChatView, visit("Bob"));
  return { app, ada, bob, seen: () => bob.texts(".writer") };
}

test("who types is seen by everybody in the room, field by field, in the order they came", async () => {
  const { app, ada, bob, seen } = await begin();
  const elsewhere = await app.visit(ChatView, visit("Cyd", "2"));
  await bob.send("draft", { field: "message" });
  await ada.send("draft", { field: "message" });
  await app.settle();
  assert.deepEqual(seen(), ["message: Ada", "message: Bob"]);
  assert.deepEqual(ada.texts(".writer"), seen());
  await ada.send("draft", { field: "title" });
  await app.settle();
  assert.deepEqual(seen(), ["message: Bob", "title: Ada"]);
  assert.deepEqual(elsewhere.texts(".writer"), []);
  await app.close();
});

test("typing ends when it is stopped, and by itself three seconds after the last key", async () => {
  const { app, ada, seen } = await begin();
  await ada.send("draft");
  await ada.send("pause");
  await ada.send("pause");
  await app.settle();
  assert.deepEqual(seen(), []);
  await ada.send("draft");
  for (let second = 0; second < 5; second += 1) {
    await app.clock.advance(1_000);
    await ada.send("draft");
  }
  await app.clock.advance(2_800);
  assert.deepEqual(seen(), ["message: Ada"]);
  await app.clock.advance(400);
  assert.deepEqual(seen(), []);
  await app.close();
});

test("typing goes with the person: on leaving the list, on a broken link, on closing the page", async () => {
  const { app, ada, bob, seen } = await begin();
  await ada.send("draft");
  await ada.send("go");
  await app.settle();
  assert.deepEqual(seen(), []);
  await ada.send("draft");
  await app.settle();
  assert.deepEqual(seen(), [], "who is not in the list is not shown");
  const cyd = await app.visit(ChatView, visit("Cyd"));
  await cyd.send("draft");
  await app.settle();
  assert.deepEqual(seen(), ["message: Cyd"]);
  await cyd.disconnect();
  await app.settle();
  assert.deepEqual(seen(), []);
  await bob.close();
  await app.close();
});

test("keys told within a second are one message, and who reads no typing is not rendered by it", async () => {
  const { app, ada, seen } = await begin();
  await ada.send("draft");
  await app.settle();
  const before = { ...app.stats() };
  for (let i = 0; i < 20; i += 1) await ada.send("draft");
  await app.settle();
  assert.deepEqual(seen(), ["message: Ada"]);
  assert.equal(app.stats().renders - before.renders, 0);
  await app.close();
});

test("a person who is called otherwise is so where he types", async () => {
  const { app, ada, seen } = await begin();
  await ada.send("draft");
  await ada.send("rename", { name: "Ada L." });
  await app.settle();
  assert.deepEqual(seen(), ["message: Ada L."]);
  await app.close();
});

test("a field without a name is refused, names of parts of objects are names", async () => {
  const { app, ada, seen } = await begin();
  await assert.rejects(ada.send("draft", { field: "" }));
  await assert.rejects(ada.send("draft", { field: "x".repeat(201) }));
  await ada.send("draft", { field: "__proto__" });
  await app.settle();
  assert.deepEqual(seen(), ["__proto__: Ada"]);
  await app.close();
});

test("the mixin is the same class for the same base, and stacks once", () => {
  const Base = PresenceMixin(LiveView);
  assert.equal(TypingMixin(Base), TypingMixin(Base));
  assert.equal(TypingMixin(TypingMixin(Base)), TypingMixin(Base));
});
