import {
  closeElement,
  isForeignAt,
  isInside,
  isTablePart,
  openElement,
  pathOf,
  unclosedBetween,
  type OpenElement,
} from "./elements.js";
import type { Branching, CodePart, Part, TextPart } from "./parts.js";

/** What a slot is to the browser; the letters of `kinds` in the wire's statics. */
export type SlotKind = "t" | "h" | "a" | "r" | "x";

export interface MarkupProblem {
  readonly at: number;
  readonly message: string;
}

export interface MarkupReading {
  /** per part: what begins there (t, a, r, x), and of a slot what it is */
  readonly begins: readonly SlotKind[];
  readonly kinds: readonly SlotKind[];
  /** what the browser's parser would arrange otherwise than it is written */
  readonly problems: readonly MarkupProblem[];
  /** a value that no quotes hold: nothing can protect what follows it */
  readonly unquoted: CodePart | null;
}

type Mode =
  | "data" | "rawText" | "lessThan" | "endLessThan" | "declaration" | "bogus" | "comment" | "tagName" | "betweenAttributes"
  | "attributeName" | "afterName" | "beforeValue" | "doubleQuoted" | "singleQuoted" | "unquoted" | "slash"; // prettier-ignore

/** Where the reader is; copied at the start of a block, compared at its end. */
interface Place {
  mode: Mode;
  top: OpenElement | null;
  /** of the tag being read */
  tag: string;
  tagAt: number;
  isEndTag: boolean;
  /** element of the raw text we are in */
  rawElement: string;
  /** last characters that may become `</name`, `--` or `-->` */
  pending: string;
  /** right behind the tag of a pre, textarea or listing, where the parser drops a newline */
  isFirstInPre: boolean;
}

interface Block {
  readonly at: number;
  readonly start: Place;
  readonly ends: readonly Place[];
  readonly isExhaustive: boolean;
}

const RAW_TEXT = new Set(["title", "textarea", "style", "script", "xmp", "iframe", "noembed", "noframes"]);
const DROPS_NEWLINE = new Set(["pre", "textarea", "listing"]);
const SPACE = /\s/;

/**
 * Reads the HTML of a template as the browser's tokenizer would, through all ways that the code may take, and says
 * what each slot is. Completes the text where the parser would add or drop something: `<tbody>` around rows that stand
 * directly in a table, a newline before a value that stands first in a pre or textarea.
 */
export function readMarkup(parts: readonly Part[], followsBranches: boolean): MarkupReading {
  for (;;) {
    const reader = new MarkupReader(followsBranches);
    reader.read(parts);
    if (!reader.missingBody) return reader;
    const { part, offset } = reader.missingBody;
    part.text = `${part.text.slice(0, offset)}<tbody>${part.text.slice(offset)}`;
  }
}

class MarkupReader implements MarkupReading {
  readonly begins: SlotKind[] = [];
  readonly kinds: SlotKind[] = [];
  readonly problems: MarkupProblem[] = [];
  unquoted: CodePart | null = null;
  /** Where a `<tbody>` must be written; reading stops there. */
  missingBody: { readonly part: TextPart; readonly offset: number } | null = null;

  #now: Place = {
    mode: "data", top: null, tag: "", tagAt: 0, isEndTag: false, rawElement: "", pending: "", isFirstInPre: false,
  }; // prettier-ignore
  #blocks: Block[] = [];
  /** Ways through a block end in different places, so what follows is not known. */
  #isLost = false;
  #part: TextPart | null = null;
  #offset = 0;
  readonly #bodies = new Map<OpenElement, { part: TextPart; offset: number; blockAt: number | null }>();

  constructor(private readonly followsBranches: boolean) {}

  read(parts: readonly Part[]): void {
    for (const [index, part] of parts.entries()) {
      this.begins.push(this.#begins());
      this.kinds.push(part.type === "text" || part.type === "exec" ? "x" : this.#slot(part));
      if (part.type === "text") this.#text(part, index < parts.length - 1);
      else if (part.branching && this.followsBranches) this.#branch(part.branching, part.at);
      if (this.missingBody) return;
    }
    const open = unclosedBetween(this.#now.top, null);
    if (open) this.#report(open.at, `<${open.name}> is not closed in this template`);
  }

  // ── slots ──

  #begins(): SlotKind {
    const { mode } = this.#now;
    if (this.#isLost) return "x";
    if (mode === "data") return this.#isInert() ? "x" : "t";
    if (mode === "rawText") return "r";
    return this.#isInAttributes() ? "a" : "x";
  }

  #isInAttributes(): boolean {
    const { mode, isEndTag } = this.#now;
    return (
      !isEndTag &&
      !["data", "rawText", "lessThan", "endLessThan", "declaration", "bogus", "comment", "tagName"].includes(mode)
    );
  }

  #isInert(): boolean {
    return isInside(this.#now.top, "template", "noscript");
  }

  #slot(part: CodePart): SlotKind {
    const now = this.#now;
    if (now.mode === "beforeValue" || now.mode === "unquoted") {
      if (!this.#isLost) this.unquoted ??= part;
      now.mode = "unquoted";
    }
    const kind = this.#kindOf(part);
    now.isFirstInPre = false;
    now.pending = now.mode === "comment" ? now.pending.slice(0, 4) : "";
    if (now.mode === "lessThan") this.#beginTag("?", false);
    else if (now.mode === "endLessThan") this.#beginTag("?", true);
    else if (now.mode === "tagName") now.tag += "?";
    else if (now.mode === "betweenAttributes" || now.mode === "afterName" || now.mode === "slash")
      now.mode = "attributeName";
    return kind;
  }

  #kindOf(part: CodePart): SlotKind {
    const begins = this.#begins();
    if (begins === "r" && this.#now.rawElement === "iframe") return "x";
    if (begins !== "t") return begins;
    if (part.type === "raw") return "h";
    if (!isTablePart(this.#now.top)) return "t";
    this.#report(part.at, `a value directly in <${this.#now.top!.name}>: the parser moves it out of the table`);
    return "x";
  }

  // ── blocks ──

  #branch({ closes, opens, alternative }: Branching, at: number): void {
    let closed: Block | undefined;
    for (let i = 0; i < closes; i++) {
      closed = this.#blocks.pop();
      if (closed && (i < closes - 1 || alternative === "none")) this.#leave(closed);
    }
    const isCase = closes === 0 && alternative !== "none";
    if (isCase) closed = this.#blocks.pop();
    if (closed && alternative !== "none") this.#turn(closed, alternative === "last", isCase);
    for (let i = isCase || (closed && alternative !== "none") ? 1 : 0; i < opens + (isCase ? 1 : 0); i++) {
      this.#blocks.push({ at, start: { ...this.#now }, ends: [], isExhaustive: false });
    }
  }

  /** Goes back to where the block began, for another way through it. */
  #turn(block: Block, isExhaustive: boolean, isCase: boolean): void {
    const isFirstCase = isCase && block.ends.length === 0 && isSamePlace(block.start, this.#now);
    const ends = isFirstCase ? [] : [...block.ends, { ...this.#now }];
    this.#blocks.push({ ...block, ends, isExhaustive });
    this.#now = { ...block.start };
  }

  #leave({ at, start, ends, isExhaustive }: Block): void {
    const others = isExhaustive ? ends : [...ends, start];
    const different = others.find((place) => !isSamePlace(place, this.#now));
    if (!different || this.#isLost) return;
    if (different.mode !== this.#now.mode) {
      this.#isLost = true;
      this.#report(
        at,
        "the ways through this block end in different parts of a tag, so what follows is patched as a whole",
      );
    } else {
      const paths = [pathOf(different.top), pathOf(this.#now.top)].map((path) => path || "no element");
      this.#report(
        at,
        `this block changes which element is open (${paths.join(", then ")}): close in a block what it opens`,
      );
    }
  }

  // ── text ──

  #text(part: TextPart, isFollowed: boolean): void {
    this.#part = part;
    let isMisplaced = false;
    for (this.#offset = 0; this.#offset < part.text.length && !this.missingBody; this.#offset++) {
      const char = part.text[this.#offset]!;
      if (this.#now.mode === "data" && char !== "<" && !isMisplaced && !SPACE.test(char))
        isMisplaced = this.#misplaced();
      this.#character(char);
    }
    if (this.#now.isFirstInPre && isFollowed && !this.#isLost) {
      part.text += "\n";
      this.#now.isFirstInPre = false;
    }
  }

  #misplaced(): boolean {
    if (!isTablePart(this.#now.top)) return false;
    this.#report(this.#at(), `text directly in <${this.#now.top!.name}>: the parser moves it out of the table`);
    return true;
  }

  #at(): number {
    return this.#part!.at + this.#offset;
  }

  #report(at: number, message: string): void {
    this.problems.push({ at, message });
  }

  #character(char: string): void {
    const now = this.#now;
    switch (now.mode) {
      case "data":
        now.isFirstInPre = false;
        if (char === "<") now.mode = "lessThan";
        break;
      case "rawText":
        now.isFirstInPre = false;
        this.#rawText(char);
        break;
      case "lessThan":
        this.#lessThan(char);
        break;
      case "endLessThan":
        if (/[a-z]/i.test(char)) this.#beginTag(char, true);
        else now.mode = char === ">" ? "data" : "bogus";
        break;
      case "declaration":
      case "bogus":
      case "comment":
        this.#comment(char);
        break;
      default:
        this.#inTag(char);
    }
  }

  #lessThan(char: string): void {
    const now = this.#now;
    if (/[a-z]/i.test(char)) this.#beginTag(char, false);
    else if (char === "/") now.mode = "endLessThan";
    else if (char === "!") [now.mode, now.pending] = ["declaration", ""];
    else if (char === "?") now.mode = "bogus";
    else if (char !== "<") now.mode = "data";
  }

  #beginTag(name: string, isEndTag: boolean): void {
    Object.assign(this.#now, { mode: "tagName", tag: name, tagAt: this.#part ? this.#at() : 0, isEndTag });
  }

  #comment(char: string): void {
    const now = this.#now;
    if (now.mode === "declaration") {
      now.pending += char;
      // As the tokenizer has it, `<!-->` is a comment already.
      if (now.pending === "--") now.mode = "comment";
      else if (now.pending !== "-") now.mode = char === ">" ? "data" : "bogus";
    } else if (now.mode === "bogus") {
      if (char === ">") now.mode = "data";
    } else if (char === ">" && now.pending.endsWith("--")) [now.mode, now.pending] = ["data", ""];
    else now.pending = (now.pending + char).slice(-2);
  }

  #rawText(char: string): void {
    const now = this.#now;
    const end = `</${now.rawElement}`;
    if (now.pending.toLowerCase() === end && (SPACE.test(char) || char === "/" || char === ">")) {
      now.pending = "";
      this.#beginTag(now.rawElement, true);
      this.#inTag(char);
    } else {
      const pending = now.pending + char;
      now.pending = end.startsWith(pending.toLowerCase()) ? pending : char === "<" ? "<" : "";
    }
  }

  #inTag(char: string): void {
    const now = this.#now;
    if (now.mode === "doubleQuoted" || now.mode === "singleQuoted") {
      if (char === (now.mode === "doubleQuoted" ? '"' : "'")) now.mode = "betweenAttributes";
    } else if (char === ">") this.#endTag();
    else if (now.mode === "beforeValue") {
      if (char === '"') now.mode = "doubleQuoted";
      else if (char === "'") now.mode = "singleQuoted";
      else if (!SPACE.test(char)) now.mode = "unquoted";
    } else if (now.mode === "unquoted") {
      if (SPACE.test(char)) now.mode = "betweenAttributes";
    } else if (SPACE.test(char))
      now.mode = now.mode === "attributeName" || now.mode === "afterName" ? "afterName" : "betweenAttributes";
    else if (char === "/") now.mode = "slash";
    else if (now.mode === "tagName") now.tag += char;
    else if (char === "=" && (now.mode === "attributeName" || now.mode === "afterName")) now.mode = "beforeValue";
    else now.mode = "attributeName";
  }

  // ── elements ──

  #endTag(): void {
    const now = this.#now;
    const name = now.tag.toLowerCase();
    const isSelfClosing = now.mode === "slash";
    now.mode = "data";
    if (name.includes("?")) return;
    if (now.isEndTag) this.#close(name);
    else this.#open(name, isSelfClosing);
    if (now.top?.name === "table") {
      const blockAt = this.#blocks.at(-1)?.at ?? null;
      this.#bodies.set(now.top, { part: this.#part!, offset: this.#offset + 1, blockAt });
    }
  }

  #open(name: string, isSelfClosing: boolean): void {
    const now = this.#now;
    const isForeign = isForeignAt(name, now.top);
    if (name === "tr" && this.#needsBody()) return;
    const { top, problem } = openElement(now.top, name, now.tagAt, isSelfClosing);
    if (problem) this.#report(now.tagAt, problem);
    now.top = top;
    if (isForeign) return;
    if (RAW_TEXT.has(name)) [now.mode, now.rawElement, now.pending] = ["rawText", name, ""];
    now.isFirstInPre = DROPS_NEWLINE.has(name);
  }

  #close(name: string): void {
    const now = this.#now;
    const { top, problem } = closeElement(now.top, name);
    if (problem) this.#report(now.tagAt, problem);
    now.top = top;
  }

  /** Whether a row stands directly in a table; notes where the `<tbody>` belongs when that is a place that is always passed. */
  #needsBody(): boolean {
    const { top, tagAt } = this.#now;
    if (top?.name !== "table") return false;
    const place = this.#bodies.get(top);
    const isPassed = place && (place.blockAt === null || this.#blocks.some(({ at }) => at === place.blockAt));
    if (isPassed && !this.#isLost) this.missingBody = place;
    else this.#report(tagAt, "<tr> directly in <table>: write the <tbody> around it");
    return Boolean(this.missingBody);
  }
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.mode === b.mode && a.rawElement === b.rawElement && pathOf(a.top) === pathOf(b.top);
}
