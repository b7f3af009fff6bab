import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { freeze, freezeAround, freezeParsed, frozenAt, isFrozen, unfrozenKind } from "./freeze.js";

describe("freeze", () => {
  test("freezes plain objects and arrays all the way down and proves each part", () => {
    const value = freeze({ rows: [{ id: 1, tags: ["a"] }], none: null });
    assert.ok(isFrozen(value) && isFrozen(value.rows[0]) && isFrozen(value.rows[0]!.tags));
    assert.throws(() => Reflect.set(value.rows, "length", 0) || assert.fail("length of a frozen array was set"));
  });

  for (const [name, part] of Object.entries({
    "a Map": new Map(),
    "a Date": new Date(0),
    "a function": () => 1,
    "a class instance": new (class Person {})(),
    "a proxy": new Proxy({}, {}),
    "a typed array": new Uint8Array(2),
  })) {
    test(`never proves ${name}, nor what holds it`, () => {
      const inner = { part };
      const holder = freeze([inner, { fine: true }]);
      assert.equal(isFrozen(holder), false);
      assert.equal(isFrozen(inner), false);
      assert.equal(isFrozen(holder[1]), true);
      assert.equal(isFrozen(part), false);
    });
  }

  test("never proves accessors, on objects, on arrays or under symbols", () => {
    const list: unknown[] = [1];
    Object.defineProperty(list, "total", { get: () => Math.random() });
    assert.equal(isFrozen(freeze(list)), false);
    assert.equal(isFrozen(freeze({ get now() { return 1; } })), false); // prettier-ignore
    assert.equal(isFrozen(freeze({ [Symbol("hidden")]: new Map() })), false);
  });

  test("never proves a cycle, and does not hang on it", () => {
    const value: { self?: unknown } = {};
    value.self = value;
    assert.equal(isFrozen(freeze(value)), false);
  });

  test("does not take Object.freeze for a proof", () => {
    assert.equal(isFrozen(Object.freeze({ map: new Map() })), false);
    assert.equal(isFrozen(Object.freeze([])), false);
  });

  test("takes an object of frozen parts as it is, when told so", () => {
    const part = freeze({ a: 1 });
    const whole = freezeAround({ part, parts: freezeAround([part]) });
    assert.ok(Object.isFrozen(whole) && isFrozen(whole) && isFrozen(whole.parts));
    assert.ok(frozenAt(whole)! > frozenAt(part)!);
  });

  test("freezes what was parsed all the way down, whatever its names", () => {
    const value = freezeParsed(JSON.parse('{ "__proto__": { "a": [1, { "b": null }] }, "c": "d" }') as object);
    const inner = Object.getOwnPropertyDescriptor(value, "__proto__")!.value as { a: [number, object] };
    for (const each of [value, inner, inner.a, inner.a[1]]) assert.ok(Object.isFrozen(each) && isFrozen(each));
    assert.equal(freezeParsed(null), null);
  });

  test("numbers later freezes higher and keeps the number of known parts", () => {
    const first = freeze({ id: 1 });
    const second = freeze([first]);
    assert.ok(frozenAt(second)! > frozenAt(first)!);
    freeze(first);
    assert.ok(frozenAt(second)! > frozenAt(first)!);
  });

  test("says why a value is not frozen", () => {
    assert.match(unfrozenKind(new Map()), /Map/);
    assert.match(unfrozenKind([]), /array that was not given to freeze/);
    assert.match(unfrozenKind(freeze({ at: new Date(0) })), /holds something/);
  });
});
