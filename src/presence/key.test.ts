import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConviveError } from "../errors.js";
import { encodeKey, encodeRoomName, matchPresenceKey, parseRoomName, presenceKey } from "./key.js";

const MAX_BYTES = 1_024;
const text = fc.string({ unit: "binary", minLength: 1 });
const hostile = fc.oneof(
  text,
  fc.constantFrom(
    "a:b",
    "a_b",
    "a-b",
    "{x}",
    "{",
    "%",
    "%41",
    "A",
    "..",
    "/",
    "*",
    "?",
    "\n",
    "\0",
    "é",
    "e\u0301",
    "1",
    "__proto__",
  ),
);

test("a key is the template with its values", () => {
  assert.equal(presenceKey("whiteboard:{boardId}", { boardId: "42" }), "whiteboard:42");
  assert.equal(presenceKey("{org}/doc:{id}", { org: "acme", id: "a-b_c.d~e" }), "acme/doc:a-b_c.d~e");
  assert.equal(presenceKey("lobby", {}), "lobby");
});

test("a value cannot reach into another room", () => {
  assert.equal(presenceKey("chat:{room}", { room: "1:admins" }), "chat:1%3Aadmins");
  assert.notEqual(presenceKey("a:{x}", { x: "b:c" }), presenceKey("a:{x}:{y}", { x: "b", y: "c" }));
  assert.notEqual(presenceKey("a:{x}", { x: "b_c" }), presenceKey("a:{x}", { x: "b:c" }));
});

test("no two values give one key, and the values come back", () => {
  for (const template of ["doc:{a}:{b}", "{a}-{b}", "{a}.x.{b}", "room {a} of {b}!"] as const) {
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, (a, b, c, d) => {
        const one = presenceKey(template, { a, b });
        assert.deepEqual({ ...(matchPresenceKey(template, one) as object) }, { a, b });
        if (a !== c || b !== d) assert.notEqual(presenceKey(template, { a: c, b: d }), one);
      }),
    );
  }
});

test("a name in the store is letters, digits and percent signs, and one for each key", () => {
  fc.assert(
    fc.property(hostile, hostile, (a, b) => {
      const encoded = encodeKey(a, 100_000);
      assert.match(encoded, /^(?:[A-Za-z0-9]|%[0-9A-F]{2})+$/);
      if (a !== b) assert.notEqual(encodeKey(b, 100_000), encoded);
    }),
  );
});

test("a room's name in the store tells its tenant and its key, whatever is in them", () => {
  fc.assert(
    fc.property(fc.oneof(hostile, fc.constant("")), hostile, (tenant, key) => {
      assert.deepEqual(parseRoomName(encodeRoomName(tenant, key, 100_000)), { tenant, key });
    }),
  );
  for (const name of ["", "/", "a/", "a/b/c", "%", "%zz", "%ff/a"]) assert.equal(parseRoomName(name), null, name);
});

test("a key of another template, or one written otherwise, does not match", () => {
  for (const key of ["chat:1", "doc:", "doc:%", "doc:%zz", "doc:%61", "doc:%FF", "doc:a:b", "xdoc:a", "doc:a\n"]) {
    assert.equal(matchPresenceKey("doc:{id}", key), null, key);
  }
  assert.deepEqual({ ...matchPresenceKey("doc:{id}", "doc:a%20b") }, { id: "a b" });
  assert.deepEqual({ ...(matchPresenceKey("lobby", "lobby") as object) }, {});
});

test("a missing or empty variable is an error that names it and what there is", () => {
  for (const values of [{}, { id: "" }, { id: null }, { id: undefined }, { id: {} }, { id: NaN }, { other: "1" }]) {
    assert.throws(
      () => presenceKey("doc:{id}", values as never),
      (error) =>
        error instanceof ConviveError && error.code === "PRESENCE_KEY_VARIABLE" && /needs a id|id/.test(error.message),
    );
  }
  assert.throws(() => presenceKey("doc:{id}", { other: "1" } as never), /given are other/);
  assert.throws(() => presenceKey("doc:{toString}", {} as never), { code: "PRESENCE_KEY_VARIABLE" });
});

test("numbers are values as they are written", () => {
  assert.equal(presenceKey("doc:{id}", { id: 42 } as never), "doc:42");
  assert.equal(presenceKey("doc:{id}", { id: 42n } as never), "doc:42");
});

test("templates that could not tell their variables apart are refused", () => {
  for (const template of [
    "{a}{b}",
    "{a}x{b}",
    "{a}%{b}",
    "doc:{}",
    "doc:{a.b}",
    "doc:{a",
    "doc:a}",
    "{a}:{a}",
    "{{a}}",
  ]) {
    assert.throws(() => presenceKey(template, { a: "1", b: "2" } as never), { code: "PRESENCE_KEY_INVALID" }, template);
  }
});

test("keys that are empty, too long or not valid text are refused", () => {
  for (const key of ["", "\ud800", "a\udc00b", "x".repeat(MAX_BYTES + 1), "é".repeat(513), 7, null]) {
    assert.throws(() => encodeKey(key as string, MAX_BYTES), { code: "PRESENCE_KEY_INVALID" });
  }
  assert.equal(encodeKey("x".repeat(MAX_BYTES), MAX_BYTES).length, MAX_BYTES);
  assert.throws(() => presenceKey("a:{b}", { b: "\ud800" }), { code: "PRESENCE_KEY_INVALID" });
});
