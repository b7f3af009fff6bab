import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { event, eventsOf, type EventDecorator, type FormPayload } from "./event.js";

const Move = z.object({ x: z.number() });

class Base {
  @event save(_fields: FormPayload) {}
  @event({ name: "search-text", debounceMs: 300 }) search() {}
  @event(Move, { throttleMs: 50 }) move(_to: { x: number }) {}
  notAnEvent() {}
}

class Child extends Base {
  static events = { listed: Move, bare: true as const };
  @event(Move) override save(_to: FormPayload | { x: number }) {}
  listed() {}
  bare() {}
}

test("Only marked methods are events, under the name they are given", () => {
  assert.deepEqual([...eventsOf(Base).keys()].sort(), ["move", "save", "search-text"]);
  assert.equal(eventsOf(Base).get("search-text")!.method, "search");
  assert.deepEqual(eventsOf(Base).get("search-text")!.options.debounceMs, 300);
  assert.equal(eventsOf(Base).get("move")!.schema, Move);
  assert.equal(eventsOf(Base).get("move")!.options.throttleMs, 50);
  assert.equal(eventsOf(Base).get("save")!.schema, null);
});

test("A subclass has its parent's events, its own win, and the parent's stay as they are", () => {
  assert.deepEqual([...eventsOf(Child).keys()].sort(), ["bare", "listed", "move", "save", "search-text"]);
  assert.equal(eventsOf(Child).get("save")!.schema, Move);
  assert.equal(eventsOf(Base).get("save")!.schema, null);
});

test("Events are listed without decorators in static events", () => {
  assert.equal(eventsOf(Child).get("listed")!.schema, Move);
  assert.equal(eventsOf(Child).get("bare")!.schema, null);
});

test("Decorators of the older dialect mark methods too, subclasses included", () => {
  class Legacy {
    go() {}
    set(_to: { x: number }) {}
  }
  class LegacyChild extends Legacy {
    more() {}
  }
  const descriptor = <C extends object>(target: C, name: keyof C & string) =>
    Object.getOwnPropertyDescriptor(target, name) as TypedPropertyDescriptor<() => void>;
  event(Legacy.prototype, "go", descriptor(Legacy.prototype, "go"));
  (event(Move) as EventDecorator<{ x: number }>)(
    Legacy.prototype,
    "set",
    descriptor(Legacy.prototype, "set") as unknown as TypedPropertyDescriptor<(to: { x: number }) => void>,
  );
  event(LegacyChild.prototype, "more", descriptor(LegacyChild.prototype, "more"));
  assert.deepEqual([...eventsOf(Legacy).keys()], ["go", "set"]);
  assert.deepEqual([...eventsOf(LegacyChild).keys()], ["go", "set", "more"]);
});

test("A schema that is a function is a schema", () => {
  const schema = Object.assign(() => {}, { "~standard": Move["~standard"] });
  class View {
    @event(schema as unknown as typeof Move) go(_to: { x: number }) {}
  }
  assert.equal(eventsOf(View).get("go")!.schema, schema as unknown as typeof Move);
});

test("Names of Object's prototype are no events", () => {
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "notAnEvent"]) {
    assert.equal(eventsOf(Child).get(name), undefined);
  }
});
