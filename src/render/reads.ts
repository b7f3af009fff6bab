import type { CodeToken } from "./code-tokens.js";
import { closing, declaredNames } from "./declared-names.js";
import type { CodePart, Part } from "./parts.js";

export interface NameRead {
  readonly name: string;
  readonly at: number;
  /** the template asks whether it is there (`?.`, `??`) */
  readonly isOptional: boolean;
}

export interface IncludeRead {
  /** null when it is computed */
  readonly name: string | null;
  /** names that the include is given and does not read from `it` */
  readonly given: ReadonlySet<string>;
  readonly at: number;
}

export interface Obstacle {
  readonly at: number;
  readonly message: string;
}

/** What the code of one template reads, found without running it. */
export interface CodeReads {
  readonly names: readonly NameRead[];
  readonly includes: readonly IncludeRead[];
  /** why the names it reads from `it` are not all known */
  readonly unknown: Obstacle | null;
  /** why the same values may print something else another time */
  readonly impure: Obstacle | null;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

const KEYWORDS = words(
  "break case catch class const continue debugger default delete do else extends false finally for function if in instanceof let new null of return static super switch throw true try typeof undefined var void while with",
);
const PURE = words(
  "Array BigInt Boolean Error Infinity JSON Map NaN Number Object Set String TypeError RangeError decodeURI decodeURIComponent encodeURI encodeURIComponent isFinite isNaN parseFloat parseInt",
);
const OWN = words("it include layout block capture output");
/** From these anything can be reached. */
const DOORS = words("constructor __proto__ prototype");
const ASSIGNS = /^(?:\+\+|--|(?:[+\-*/%&|^]|\*\*|<<|>>>?|&&|\|\||\?\?)?=)$/;

export function readCode(parts: readonly Part[]): CodeReads {
  const code = parts.filter((part): part is CodePart => part.type !== "text");
  const declared = new Set(code.flatMap((part) => [...declaredNames(part.code, part.tokens)]));
  const reads = code.map((part) => new PartReader(part, declared).read());
  return {
    names: reads.flatMap(({ names }) => names),
    includes: reads.flatMap(({ includes }) => includes),
    unknown: reads.find(({ unknown }) => unknown)?.unknown ?? null,
    impure: reads.find(({ impure }) => impure)?.impure ?? null,
  };
}

class PartReader implements CodeReads {
  readonly names: NameRead[] = [];
  readonly includes: IncludeRead[] = [];
  unknown: Obstacle | null = null;
  impure: Obstacle | null = null;
  readonly #tokens: readonly CodeToken[];

  constructor(
    private readonly part: CodePart,
    private readonly declared: ReadonlySet<string>,
  ) {
    this.#tokens = part.tokens;
  }

  read(): this {
    if (this.part.isUnclear) this.#both(0, "its code could not be read (a regular expression after a bracket?)");
    this.#tokens.forEach((token, index) => {
      if (DOORS.has(token.text) && token.kind !== "mark") this.#both(index, `it uses ${token.text}`);
      else if (token.kind === "name" && !this.#isProperty(index) && !this.#isKey(index)) this.#name(token.text, index);
    });
    return this;
  }

  #text(index: number): string {
    return this.#tokens[index]?.text ?? "";
  }

  #mark(index: number): string {
    const token = this.#tokens[index];
    return token?.kind === "mark" ? token.text : "";
  }

  #isProperty(index: number): boolean {
    return this.#mark(index - 1) === "." || this.#mark(index - 1) === "?.";
  }

  #isKey(index: number): boolean {
    return this.#mark(index + 1) === ":" && (this.#mark(index - 1) === "{" || this.#mark(index - 1) === ",");
  }

  #name(name: string, index: number): void {
    if (name === "it") this.#it(index);
    else if (name === "include" || name === "layout") this.#include(name, index);
    else if (name === "block") this.names.push({ name: "__blocks", at: this.#at(index), isOptional: true });
    else if (!OWN.has(name) && !KEYWORDS.has(name)) this.#free(name, index);
  }

  #at(index: number): number {
    return this.part.at + (this.#tokens[index]?.at ?? 0);
  }

  #both(index: number, message: string): void {
    const obstacle = { at: this.#at(index), message };
    this.unknown ??= obstacle;
    this.impure ??= obstacle;
  }

  #impure(index: number, message: string): void {
    this.impure ??= { at: this.#at(index), message };
  }

  // ── it ──

  #it(index: number): void {
    const property = this.#tokens[index + 2];
    const isRead = this.#isDot(index + 1) && property?.kind === "name" && !property.text.startsWith("#");
    if (!isRead) return this.#both(index, "it uses the context as a whole, not only as it.name");
    const after = this.#mark(index + 3);
    const before = this.#text(index - 1);
    if (ASSIGNS.test(after) || before === "++" || before === "--" || before === "delete") {
      this.#both(index, `it assigns to it.${property.text}`);
    }
    const isOptional = after === "?." || after === "??" || before === "typeof";
    this.names.push({ name: property.text, at: this.#at(index), isOptional });
  }

  #isDot(index: number): boolean {
    return this.#mark(index) === "." || this.#mark(index) === "?.";
  }

  // ── includes ──

  #include(call: "include" | "layout", index: number): void {
    if (call === "layout") this.#impure(index, "it calls layout()");
    const target = this.#tokens[index + 2];
    const isCall = this.#mark(index + 1) === "(" && (this.#mark(index + 3) === ")" || this.#mark(index + 3) === ",");
    const name = isCall && target ? literalOf(target) : null;
    const given = name === null ? new Set<string>() : this.#given(index + 4, closing(this.#tokens, index + 1));
    if (call === "layout") given.add("body").add("__blocks");
    this.includes.push({ name, given, at: this.#at(index) });
  }

  /** The keys of an object literal that is the whole argument. */
  #given(from: number, end: number): Set<string> {
    const keys = new Set<string>();
    if (this.#mark(from) !== "{" || closing(this.#tokens, from) !== end - 1) return keys;
    for (let at = from + 1; at < end - 1; at++) {
      const { kind, text } = this.#tokens[at]!;
      const isFirst = this.#mark(at - 1) === "{" || this.#mark(at - 1) === ",";
      const next = this.#mark(at + 1);
      const isKey = next === ":" || (kind === "name" && (next === "," || at + 1 === end - 1));
      if (isFirst && isKey && (kind === "name" || kind === "string") && !/^['"]/.test(text)) keys.add(text);
      else if (kind === "mark" && "([{".includes(text)) at = closing(this.#tokens, at);
    }
    return keys;
  }

  // ── other names ──

  #free(name: string, index: number): void {
    const isGlobal = name in globalThis;
    if (PURE.has(name)) return;
    if (name === "Math" || name === "Date" || name === "RegExp") {
      if (!this.#isPureUse(name, index)) this.#impure(index, `what ${name} gives here is not always the same`);
    } else if (isGlobal) this.#impure(index, `it reads the global ${name}`);
    else if (!this.declared.has(name)) this.#impure(index, `it reads ${name}, which it does not declare`);
  }

  #isPureUse(name: "Math" | "Date" | "RegExp", index: number): boolean {
    const member = this.#mark(index + 1) === "." ? this.#text(index + 2) : "";
    if (name === "Math") return member !== "" && member !== "random";
    const isMade = this.#text(index - 1) === "new" && this.#mark(index + 1) === "(";
    if (name === "RegExp") return isMade;
    return member === "UTC" || member === "parse" || (isMade && ![")", "..."].includes(this.#mark(index + 2)));
  }
}

function literalOf({ kind, text }: CodeToken): string | null {
  if (kind === "string") return /^['"]/.test(text) ? null : text;
  return kind === "template" && !text.includes("${") && !text.includes("\\") ? text.slice(1, -1) : null;
}
