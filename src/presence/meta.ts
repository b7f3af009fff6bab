import { ConviveError } from "../errors.js";
import type { Limits } from "../options.js";
import { freeze } from "../render/freeze.js";
import { isWellFormed } from "./key.js";

type MetaLimits = Pick<Limits, "metaBytes" | "metaDepth" | "metaKeys">;

const RESERVED = new Set(["id", "joinedAt", "status", "connections", "meta", "metas"]);
const MAX_USER_ID_BYTES = 512;
/** Made from a user id where none is given. */
const MAX_CONNECTION_ID_BYTES = 2 * MAX_USER_ID_BYTES;

/**
 * A frozen copy of what a caller gave as meta; the caller's object is not touched. What is `undefined` is left out, as in JSON.
 * @throws ConviveError PRESENCE_META_INVALID, naming the path
 */
export function copyMeta(meta: unknown, limits: MetaLimits): Readonly<Record<string, unknown>> {
  if (!isPlain(meta)) throw invalid("meta", `is ${kindOf(meta)}`, 'give a plain object such as { name: "Ada" }');
  const reserved = Object.keys(meta).find((name) => RESERVED.has(name));
  if (reserved !== undefined)
    throw invalid(`meta.${reserved}`, "is a name that every presence has", "call it otherwise");
  const copy = new Copier(limits).copy(meta, "meta", 1) as Record<string, unknown>;
  const bytes = Buffer.byteLength(JSON.stringify(copy));
  if (bytes > limits.metaBytes) {
    throw invalid("meta", `has ${bytes} bytes`, `${limits.metaBytes} are allowed; keep large things in a store`);
  }
  return freeze(copy);
}

/** @throws ConviveError PRESENCE_USER_INVALID */
export function checkUserId(userId: unknown): asserts userId is string {
  if (isText(userId, MAX_USER_ID_BYTES)) return;
  const what = typeof userId === "string" ? "is empty, too long or not valid text" : `is ${kindOf(userId)}`;
  throw new ConviveError("PRESENCE_USER_INVALID", `A user id ${what}; give the id of the user as a string.`);
}

/** @throws ConviveError OPTION_INVALID */
export function checkConnectionId(connectionId: unknown): asserts connectionId is string {
  if (isText(connectionId, MAX_CONNECTION_ID_BYTES)) return;
  const what = typeof connectionId === "string" ? "empty, too long or not valid text" : kindOf(connectionId);
  throw new ConviveError("OPTION_INVALID", `connectionId is ${what}; give each device of a user a string of its own.`);
}

function isText(value: unknown, maxBytes: number): value is string {
  return typeof value === "string" && value !== "" && isWellFormed(value) && Buffer.byteLength(value) <= maxBytes;
}

class Copier {
  readonly #open = new Set<object>();
  #keys = 0;

  constructor(private readonly limits: MetaLimits) {}

  copy(value: unknown, path: string, depth: number): unknown {
    if (value === null || typeof value === "boolean") return value;
    if (typeof value === "string") return this.#text(value, path);
    if (typeof value === "number" && Number.isFinite(value)) return value === 0 ? 0 : value;
    const isNested = Array.isArray(value) || isPlain(value);
    if (!isNested) throw invalid(path, `is ${kindOf(value)}`, "a meta is plain JSON");
    if (this.#open.has(value)) throw invalid(path, "contains itself", "a meta is plain JSON");
    if (depth > this.limits.metaDepth)
      throw invalid(path, `lies deeper than ${this.limits.metaDepth} levels`, "flatten it");
    this.#open.add(value);
    const copied = Array.isArray(value) ? this.#array(value, path, depth) : this.#object(value, path, depth);
    this.#open.delete(value);
    return copied;
  }

  #text(value: string, path: string): string {
    if (!isWellFormed(value)) throw invalid(path, "holds half of a surrogate pair", "give valid text");
    return value;
  }

  #array(value: readonly unknown[], path: string, depth: number): unknown[] {
    this.#count(value.length, path);
    return Array.from(value, (item, i) => this.copy(item, `${path}[${i}]`, depth + 1));
  }

  #object(value: Readonly<Record<string, unknown>>, path: string, depth: number): Record<string, unknown> {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    this.#count(entries.length, path);
    // `fromEntries` defines names, so that "__proto__" stays a name like any other.
    return Object.fromEntries(
      entries.map(([name, item]) => [this.#text(name, path), this.copy(item, `${path}.${name}`, depth + 1)]),
    );
  }

  #count(added: number, path: string): void {
    this.#keys += added;
    if (this.#keys > this.limits.metaKeys) {
      throw invalid(path, `has more than ${this.limits.metaKeys} keys in all`, "keep large things in a store");
    }
  }
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (typeof value === "number") return String(value);
  if (typeof value === "object") return `a ${value.constructor?.name || "strange object"}`;
  return `a ${typeof value}`;
}

function invalid(path: string, what: string, next: string): ConviveError {
  return new ConviveError("PRESENCE_META_INVALID", `${path} ${what}: ${next}.`);
}
