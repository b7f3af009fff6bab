import { types } from "node:util";

/** What `freeze` makes of a type. */
export type Frozen<T> = T extends (infer I)[]
  ? readonly Frozen<I>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

/** Values proven never to change, each with the number of the `freeze` that proved it. */
const proven = new WeakMap<object, number>();
let freezes = 0;

/**
 * Freezes plain objects and arrays, all the way down, and remembers what it has proven: a template that reads nothing
 * else is rendered once for all views that read the same. What can change in spite of `Object.freeze` (Map, Set, Date,
 * class instances, functions, accessors, proxies, cycles) is left as it is, and whatever holds it is not shared.
 *
 * @returns the value itself
 * @example
 * this.rows = freeze([...this.rows, row]);   // known rows are skipped
 */
export function freeze<T>(value: T): Frozen<T> {
  if (typeof value === "object" && value !== null && !proven.has(value)) prove(value, ++freezes, new Set());
  return value as Frozen<T>;
}

/** As `freeze`, of what `JSON.parse` has just made: nothing in it can change. */
export function freezeParsed<T>(value: T): Frozen<T> {
  if (typeof value !== "object" || value === null) return value as Frozen<T>;
  for (const name in value) freezeParsed(value[name]);
  return freezeAround(value);
}

/** As `freeze`, of an object of our own making whose parts all are frozen already: they are not looked at again. */
export function freezeAround<T extends object>(value: T): Frozen<T> {
  proven.set(Object.freeze(value), ++freezes);
  return value as Frozen<T>;
}

/** Whether a value can never change: a primitive, or proven by `freeze`. */
export function isFrozen(value: unknown): boolean {
  if (typeof value === "object") return value === null || proven.has(value);
  return typeof value !== "function";
}

/** A number that is higher for what was frozen later; undefined for what was not. */
export function frozenAt(value: object): number | undefined {
  return proven.get(value);
}

function prove(value: object, order: number, outer: Set<object>): boolean {
  const isArray = Array.isArray(value);
  if (types.isProxy(value) || outer.has(value) || !isPlain(value, isArray)) return false;
  outer.add(value);
  Object.freeze(value);
  let isProven = true;
  for (const key of Reflect.ownKeys(value)) {
    if (isArray && key === "length") continue;
    const { value: part, get, set } = Object.getOwnPropertyDescriptor(value, key)!;
    if (get || set || typeof part === "function") isProven = false;
    else if (typeof part === "object" && part !== null && !proven.has(part))
      isProven = prove(part, order, outer) && isProven;
  }
  outer.delete(value);
  if (isProven) proven.set(value, order);
  return isProven;
}

function isPlain(value: object, isArray: boolean): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return isArray ? prototype === Array.prototype : prototype === Object.prototype || prototype === null;
}

/** Why a value is not taken as frozen, for people: "a Map", "a function", "an object that was not frozen". */
export function unfrozenKind(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null || types.isProxy(value)) return "a proxy";
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name;
  if (name && name !== "Object" && name !== "Array") return `a ${name}, which may change`;
  const what = Array.isArray(value) ? "an array" : "an object";
  return Object.isFrozen(value)
    ? `${what} that holds something which may change`
    : `${what} that was not given to freeze()`;
}
