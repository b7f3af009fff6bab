import { ConviveError } from "../errors.js";

/** The variables of a presence key template, as an object of strings. */
export type KeyValues<K extends string> = K extends `${string}{${infer V}}${infer R}`
  ? { readonly [N in V]: string } & KeyValues<R>
  : unknown;

/** A template taken apart: `literals[0] {names[0]} literals[1] …`; there is one literal more than names. */
interface KeyTemplate {
  readonly text: string;
  readonly literals: readonly string[];
  readonly names: readonly string[];
  /** one character as it stands in an encoded value: kept, or `%XX` */
  readonly kept: ReadonlySet<string>;
}

const PLACEHOLDER = /\{([^{}]*)\}/g;
const NAME = /^[A-Za-z_$][\w$]*$/;
const ALWAYS_KEPT = /^[A-Za-z0-9]$/;
const KEPT_SIGNS = ["-", "_", ".", "~"];
const MAX_TEMPLATES = 1_000;
const templates = new Map<string, KeyTemplate>();

/**
 * A presence key from a template and its values, as views make it: outside views, for `live.presence`.
 * Values are percent-encoded, so that no two keys meet and a value cannot reach into another room.
 *
 * @example
 * presenceKey("whiteboard:{boardId}", { boardId: "42" }); // "whiteboard:42"
 * @throws ConviveError PRESENCE_KEY_VARIABLE for a missing or empty value, PRESENCE_KEY_INVALID for text that is none
 */
export function presenceKey<const K extends string>(template: K, values: KeyValues<K>): string {
  const given = values as Readonly<Record<string, unknown>>;
  return fillKey(
    template,
    (name) => (Object.hasOwn(given, name) ? given[name] : undefined),
    () => {
      return `given are ${listOf(Object.keys(given))}`;
    },
  );
}

/**
 * The values that `presenceKey` made this key from, or null when it is not one of the template's.
 *
 * @example
 * matchPresenceKey("whiteboard:{boardId}", "whiteboard:42"); // { boardId: "42" }
 */
export function matchPresenceKey<const K extends string>(template: K, key: string): KeyValues<K> | null {
  const parsed = parseTemplate(template);
  const parts = split(parsed, key);
  if (!parts) return null;
  const values = Object.fromEntries(parsed.names.map((name, i) => [name, decode(parts[i]!)]));
  if (Object.values(values).some((value) => value === null)) return null;
  const isOurs = presenceKey(template, values as KeyValues<K>) === key;
  return isOurs ? (values as KeyValues<K>) : null;
}

/** The key of a template whose variables `lookup` knows; `known` tells what there is, for the error. */
export function fillKey(template: string, lookup: (name: string) => unknown, known: () => string): string {
  const parsed = parseTemplate(template);
  let key = parsed.literals[0]!;
  for (const [i, name] of parsed.names.entries()) {
    const value = textOf(lookup(name));
    if (value === null) {
      throw new ConviveError(
        "PRESENCE_KEY_VARIABLE",
        `The presence key ${JSON.stringify(template)} needs a ${name} that is text or a number and not empty; ${known()}.`,
      );
    }
    key += encodeValue(value, parsed.kept) + parsed.literals[i + 1]!;
  }
  return key;
}

/**
 * The name of a room in the store: the UTF-8 bytes of the key, everything but letters and digits as `%XX`.
 * @throws ConviveError PRESENCE_KEY_INVALID when it is empty, too long or not valid text
 */
export function encodeKey(key: string, maxBytes: number): string {
  checkKey(key, maxBytes);
  return encodeURIComponent(key).replace(/[-_.!~*'()]/g, escapeSign);
}

/** The room's name in the store; no two pairs of tenant and key share one. @throws ConviveError PRESENCE_KEY_INVALID */
export function encodeRoomName(tenant: string, key: string, maxBytes: number): string {
  const name = encodeKey(key, maxBytes);
  return tenant === "" ? name : `${encodeKey(tenant, maxBytes)}/${name}`;
}

/** What `encodeRoomName` made a name from; null for what is no name. */
export function parseRoomName(name: string): { readonly tenant: string; readonly key: string } | null {
  const parts = name.split("/").map(decode);
  const [key, tenant = ""] = parts.toReversed();
  return parts.length > 2 || key == null || key === "" || tenant === null ? null : { tenant, key };
}

/** @throws ConviveError PRESENCE_KEY_INVALID */
export function checkKey(key: unknown, maxBytes: number): asserts key is string {
  if (typeof key !== "string") throw invalid(`A presence key is text, not ${typeof key}.`);
  if (key === "") throw invalid("A presence key is empty; give the room a name.");
  if (!isWellFormed(key)) throw invalid("A presence key holds half of a surrogate pair; it is not valid text.");
  const bytes = Buffer.byteLength(key);
  if (bytes > maxBytes) throw invalid(`A presence key has ${bytes} bytes; ${maxBytes} are allowed.`);
}

/** A tenant is text as a key is, or empty for none. @throws ConviveError PRESENCE_KEY_INVALID */
export function checkTenant(tenant: string, maxBytes: number): void {
  if (tenant !== "") checkKey(tenant, maxBytes);
}

/** A lone surrogate has no UTF-8. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

function parseTemplate(text: string): KeyTemplate {
  const known = templates.get(text);
  if (known) return known;
  const literals = text.split(PLACEHOLDER).filter((_, i) => i % 2 === 0);
  const names = [...text.matchAll(PLACEHOLDER)].map((match) => match[1]!);
  checkTemplate(text, literals, names);
  const signs = KEPT_SIGNS.filter((sign) => !literals.some((literal) => literal.includes(sign)));
  const template: KeyTemplate = { text, literals, names, kept: new Set(signs) };
  if (templates.size < MAX_TEMPLATES) templates.set(text, template);
  return template;
}

function checkTemplate(text: string, literals: readonly string[], names: readonly string[]): void {
  const shown = JSON.stringify(text);
  const wrong = names.find((name) => !NAME.test(name));
  if (wrong !== undefined) throw invalid(`{${wrong}} in the presence key ${shown} is not the name of a variable.`);
  if (new Set(names).size < names.length) throw invalid(`The presence key ${shown} names a variable twice.`);
  if (literals.some((literal) => /[{}]/.test(literal)))
    throw invalid(`The presence key ${shown} has a brace too many.`);
  if (names.length > 0 && text.includes("%")) throw invalid(`The presence key ${shown} cannot hold a "%".`);
  const between = literals.slice(1, -1);
  if (between.some((literal) => /^[A-Za-z0-9]*$/.test(literal))) {
    throw invalid(`The presence key ${shown} could not tell its variables apart; put a ":" between them.`);
  }
}

function split({ literals, names, kept }: KeyTemplate, key: string): string[] | null {
  const sign = [...kept].map((each) => `\\${each}`).join("");
  const value = `((?:[A-Za-z0-9${sign}]|%[0-9A-F]{2})+)`;
  const pattern = literals.map(quote).join(value);
  return new RegExp(`^${pattern}$`).exec(key)?.slice(1, names.length + 1) ?? null;
}

function quote(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}

function encodeValue(value: string, kept: ReadonlySet<string>): string {
  if (!isWellFormed(value)) {
    throw invalid("A value of a presence key holds half of a surrogate pair; it is not valid text.");
  }
  const encoded = encodeURIComponent(value);
  return encoded.replace(/[^A-Za-z0-9%]/g, (sign) => (kept.has(sign) ? sign : escapeSign(sign)));
}

function decode(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

function escapeSign(sign: string): string {
  return ALWAYS_KEPT.test(sign) ? sign : `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function textOf(value: unknown): string | null {
  if (typeof value === "string") return value === "" ? null : value;
  if (typeof value === "bigint" || Number.isFinite(value)) return String(value);
  return null;
}

export function listOf(names: readonly string[]): string {
  return names.length > 0 ? names.join(", ") : "none";
}

function invalid(message: string): ConviveError {
  return new ConviveError("PRESENCE_KEY_INVALID", message);
}
