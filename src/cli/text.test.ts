import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonText, masked, printable, shortJson, table } from "./text.js";

/** What a terminal obeys, or shows in another place than it stands. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|\p{Surrogate}/u;

test("whatever a name holds, it moves no cursor and ends no line", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(text, (each) => {
      assert.doesNotMatch(printable(each), HARMFUL);
      assert.doesNotMatch(shortJson({ [each]: each }), HARMFUL);
      assert.doesNotMatch(jsonText({ [each]: each }), HARMFUL);
      assert.equal((JSON.parse(jsonText([each], 2)) as string[])[0], each);
    }),
  );
  assert.equal(printable("a\u001b[2J\n\u202eb\ud800"), "a\\x1b[2J\\x0a\\u{202e}b\\u{d800}");
});

test("names in any script are shown as they are", () => {
  for (const name of ["Ada", "日本", "Zoë", "مرحبا", "🙂"]) assert.equal(printable(name), name);
});

test("columns stand under each other, also with wide signs, and numbers on the right", () => {
  const text = table(
    ["ID", "N"],
    [
      ["日本", 1],
      ["ann", 100],
      ["a\nb", 5],
    ],
  );
  assert.equal(text, ["ID        N", "日本      1", "ann     100", "a\\x0ab    5", ""].join("\n"));
});

test("a long meta is cut, and a login in a URL is not shown", () => {
  assert.equal(shortJson({ a: "x".repeat(100) }, 10), '{"a":"xxx…');
  assert.equal(masked("redis://ann:secret@host:1 and //b:c@d"), "redis://…@host:1 and //…@d");
});
