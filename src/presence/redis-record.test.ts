import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeWrite } from "./redis-record.js";

type Meta = Readonly<Record<string, unknown>>;

test("a meta is kept as it is, and as the same text in whatever order its names stand", () => {
  const metas = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(metas, (given) => {
      const meta = JSON.parse(JSON.stringify(given)) as Meta;
      assert.deepEqual(JSON.parse(textOf(meta)), meta);
      assert.equal(textOf(turned(meta) as Meta), textOf(meta));
    }),
  );
});

test("names that look like numbers have their place as text", () => {
  assert.equal(textOf({ 9: "b", 10: null, a: undefined }), '{"10":null,"9":"b"}');
});

function textOf(meta: Meta): string {
  const join = { op: "put", connectionId: "c", userId: "ann", status: "active", isLingering: false, meta } as const;
  return encodeWrite({ incarnation: "p.1", sequence: 1, nonce: "n", operations: [join] }).at(-1)!;
}

/** The same with all names the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([name, each]) => [name, turned(each)]));
}
