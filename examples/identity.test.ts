import assert from "node:assert/strict";
import { test } from "node:test";
import { personName } from "./identity.js";

test("a name keeps what is a name in any script", () => {
  for (const name of ["Ada", "Grace Hopper", "أحمد", "山田太郎", "👩‍💻 Zoë", "<b>"]) assert.equal(personName(name), name);
});

test("a name is one line without what turns or breaks the text around it", () => {
  assert.equal(personName("  a\u202Eb\n\tc\u0000 \uD800"), "a b c");
  assert.equal([...personName("👋".repeat(500))].length, 40);
  assert.equal(personName("\u200F \u2066"), "");
  assert.equal(personName(["Ada"]), "");
});
