import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { ConviveError, type ErrorCode } from "../errors.js";
import { event, type EventInfo } from "../event.js";
import type { LiveView } from "../live-view.js";
import { callEvent, readEventPayload } from "./event-call.js";
import type { ViewClass } from "./registry.js";

class Board {
  static viewName = "board";
  @event save(fields: Readonly<Record<string, string>>, info: EventInfo) {
    return { fields: { ...fields }, info };
  }
  @event(z.object({ x: z.coerce.number().int() })) move({ x }: { x: number }) {
    return x;
  }
  mount() {}
  _hidden() {}
}
const View = Board as unknown as ViewClass;
const view = new Board() as unknown as LiveView<any>;
const call = (name: string, value?: unknown) => callEvent(View, view, { name, value, target: "button-1" }, "c1");
const rejectsWith = (code: ErrorCode, promise: Promise<unknown>) =>
  assert.rejects(promise, (error: unknown) => error instanceof ConviveError && error.code === code);

test("A bare event is given a flat record of strings and who sent it", async () => {
  assert.deepEqual(await call("save", { a: "1" }), {
    fields: { a: "1" },
    info: { name: "save", target: "button-1", connectionId: "c1" },
  });
  assert.deepEqual(await call("save"), { fields: {}, info: { name: "save", target: "button-1", connectionId: "c1" } });
});

test("A bare event refuses anything else than strings", async () => {
  for (const value of [{ a: 1 }, { a: null }, ["a"], "a", 1, { a: { b: "c" } }])
    await rejectsWith("EVENT_INVALID", call("save", value));
});

test("A schema checks and converts the payload", async () => {
  assert.equal(await call("move", { x: "7" }), 7);
  await assert.rejects(call("move", { x: "seven" }), (error: unknown) => {
    return error instanceof ConviveError && error.code === "EVENT_INVALID" && error.message.includes("x: ");
  });
});

test("Only events can be called, whatever the name", async () => {
  for (const name of [
    "mount",
    "_hidden",
    "constructor",
    "__proto__",
    "toString",
    "then",
    "hasOwnProperty",
    "__defineGetter__",
  ]) {
    await rejectsWith("EVENT_UNKNOWN", call(name, {}));
  }
});

test("An unknown event names the nearest", async () => {
  await assert.rejects(call("sav", {}), /Did you mean "save"\?/);
});

test("A key named __proto__ is a key like any other", async () => {
  const value = JSON.parse('{"__proto__":"x"}') as unknown;
  const { fields } = (await call("save", value)) as { fields: object };
  assert.equal(({} as { x?: unknown }).x, undefined);
  assert.ok(fields);
});

test("What is no event frame is told from what is one", () => {
  assert.deepEqual(readEventPayload({ name: "a", value: 1 }), { name: "a", value: 1, target: null });
  for (const junk of [
    null,
    1,
    "a",
    {},
    { name: 1 },
    { name: "" },
    { name: "a", target: 1 },
    { name: "x".repeat(200) },
  ]) {
    assert.equal(readEventPayload(junk), null);
  }
});
