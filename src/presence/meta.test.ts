import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEFAULT_LIMITS } from "../options.js";
import { checkUserId, copyMeta } from "./meta.js";

const copy = (meta: unknown) => copyMeta(meta, DEFAULT_LIMITS);
const refused = (meta: unknown, message: RegExp) =>
  assert.throws(
    () => copy(meta),
    (error: Error) => (error as { code?: string }).code === "PRESENCE_META_INVALID" && message.test(error.message),
  );

test("a meta is copied and frozen, the caller's object left alone", () => {
  const given = { name: "Ann", at: { line: 1 }, tags: ["a"], gone: undefined };
  const copied = copy(given) as typeof given;
  assert.deepEqual({ ...copied }, { name: "Ann", at: { line: 1 }, tags: ["a"] });
  assert.ok(Object.isFrozen(copied) && Object.isFrozen(copied.at) && Object.isFrozen(copied.tags));
  given.at.line = 2;
  given.tags.push("b");
  assert.deepEqual([copied.at.line, copied.tags], [1, ["a"]]);
});

test("what is not plain JSON is refused, and the message names the path", () => {
  refused(null, /meta is null/);
  refused([1], /meta is a Array/);
  refused("x", /meta is a string/);
  refused(new Date(), /meta is a Date/);
  refused({ at: new Date() }, /meta\.at is a Date/);
  refused({ a: { b: [1, () => 1] } }, /meta\.a\.b\[1\] is a function/);
  refused({ n: NaN }, /meta\.n is NaN/);
  refused({ n: Infinity }, /meta\.n is Infinity/);
  refused({ n: 1n }, /meta\.n is a bigint/);
  refused({ s: Symbol("s") }, /meta\.s is a symbol/);
  refused({ m: new Map() }, /meta\.m is a Map/);
  refused({ list: [undefined] }, /meta\.list\[0\] is undefined/);
  refused({ text: "\ud800" }, /meta\.text holds half/);
  const cycle: { own?: unknown } = {};
  cycle.own = { back: cycle };
  refused(cycle, /meta\.own\.back contains itself/);
});

test("reserved names are refused on top only", () => {
  for (const name of ["id", "joinedAt", "status", "connections", "meta", "metas"])
    refused({ [name]: 1 }, new RegExp(`meta\\.${name} is a name`));
  assert.deepEqual({ ...copy({ file: { id: 7 } }) }, { file: { id: 7 } });
});

test("depth, keys and size have limits", () => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : { d: deep(levels - 1) });
  copy(deep(8));
  refused(deep(9), /deeper than 8/);
  copy(Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`k${i}`, i])));
  refused(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i])), /more than 64 keys/);
  refused({ a: Array.from({ length: 100 }, () => 1) }, /more than 64 keys/);
  copy({ text: "x".repeat(4_096 - 11) });
  refused({ text: "é".repeat(2_048) }, /4 ?096|4096/);
});

test("a name like __proto__ is data, and changes nothing else", () => {
  const copied = copy(JSON.parse('{"__proto__":{"isAdmin":true},"constructor":"x"}'));
  assert.deepEqual(Object.keys(copied).toSorted(), ["__proto__", "constructor"]);
  assert.equal((copied as { isAdmin?: boolean }).isAdmin, undefined);
  assert.equal(({} as { isAdmin?: boolean }).isAdmin, undefined);
});

test("any JSON object within the limits comes through as it is", () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string().filter((name) => !["id", "joinedAt", "status", "connections", "meta", "metas"].includes(name)),
        fc.jsonValue({ maxDepth: 4, noUnicodeString: true } as never),
        { maxKeys: 4 },
      ),
      (meta) => {
        let copied: unknown;
        try {
          copied = copy(meta);
        } catch (error) {
          assert.match((error as Error).message, /deeper|more than|bytes|surrogate/);
          return;
        }
        assert.equal(JSON.stringify(copied), JSON.stringify(meta));
      },
    ),
  );
});

test("a user id is text that is not empty, too long or broken", () => {
  for (const id of ["", "\ud800", "x".repeat(513), 7, null, undefined, {}])
    assert.throws(() => checkUserId(id), { code: "PRESENCE_USER_INVALID" });
  for (const id of ["1", "__proto__", "a:b", "日本", "\0"]) checkUserId(id);
});
