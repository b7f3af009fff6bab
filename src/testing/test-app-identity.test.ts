import assert from "node:assert/strict";
import { test } from "node:test";
import { ConviveError, inline, PresenceMixin, LiveView, type User } from "../index.js";
import { testApp } from "./index.js";

class WhoView extends PresenceMixin(LiveView) {
  static override template = inline`<% for (const p of it.presences) { %><li><%= p.id %></li><% } %>`;
  static override viewName = "who";
  override async mount() {
    await this.trackPresence({});
  }
}

const person = (fields: object) => ({ user: fields as unknown as User });

test("A test app asks for ids and tenants as the app's own options say", async () => {
  const app = testApp({
    userId: (user) => (user as unknown as { email: string }).email,
    tenant: (user) => (user as unknown as { team?: string } | null)?.team ?? "",
  });
  const ada = await app.visit(WhoView, person({ email: "ada@example.com" }));
  await app.visit(WhoView, person({ email: "bob@example.com" }));
  await app.visit(WhoView, person({ email: "eve@example.com", team: "others" }));
  assert.deepEqual(ada.texts("li"), ["ada@example.com", "bob@example.com"]);
  await app.close();
});

test("A user without an id is an error in a test too", async () => {
  const app = testApp();
  await assert.rejects(app.visit(WhoView, person({ name: "Ada" })), (error: unknown) => {
    return error instanceof ConviveError && error.code === "PRESENCE_USER_INVALID";
  });
  await app.close();
});
