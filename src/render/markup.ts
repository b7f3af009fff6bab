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
import {
  isBeforeUnquoted,
  isInAttributes,
  isSameNesting,
  isSamePart,
  startOfMarkup,
  takeCode,
  takeCharacter,
  takeValue,
  type Place,
} from "./html-tokenizer.js";
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

interface Block {
  readonly at: number;
  readonly start: Place;
  readonly ends: readonly Place[];
  readonly isExhaustive: boolean;
}

interface TextPlace {
  readonly part: TextPart;
  readonly offset: number;
}

const RAW_TEXT = new Set(["title", "textarea", "style", "script", "xmp", "iframe", "noembed", "noframes"]);
const DROPS_NEWLINE = new Set(["pre", "textarea", "listing"]);
const SPACE = /\s/;

/**
 * Reads the HTML of a template as the browser's tokenizer would, through all ways that the code may take, and says
 * what each slot is. Completes the text where the parser would add or drop something: `<tbody>` around rows that stand
 * directly in a table, a newline before what stands first in a pre or textarea.
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
  missingBody: TextPlace | null = null;

  #now = startOfMarkup();
  #blocks: Block[] = [];
  /** Ways through a block end in different parts of a tag, so what follows is not known. */
  #isLost = false;
  /** Where a body of rows could begin, per open table. */
  readonly #bodies = new Map<OpenElement, TextPlace & { readonly blockAt: number | null }>();

  constructor(private readonly followsBranches: boolean) {}

  read(parts: readonly Part[]): void {
    for (const [index, part] of parts.entries()) {
      this.begins.push(this.#begins());
      this.kinds.push(part.type === "text" || part.type === "exec" ? "x" : this.#slot(part));
      if (part.type === "text") this.#text(part, index < parts.length - 1);
      else if (part.type === "exec") this.#exec(part, parts[index + 1]);
      if (this.missingBody) return;
    }
    const open = unclosedBetween(this.#now.top, null);
    if (open) this.#report(open.at, `<${open.name}> is not closed in this template`);
  }

  #report(at: number, message: string): void {
    this.problems.push({ at, message });
  }

  // ── slots ──

  #begins(): SlotKind {
    const { mode, top } = this.#now;
    if (this.#isLost) return "x";
    if (mode === "data") return isInside(top, "template", "noscript") ? "x" : "t";
    if (mode === "rawText") return this.#now.rawElement === "iframe" ? "x" : "r";
    return isInAttributes(this.#now) ? "a" : "x";
  }

  #slot(part: CodePart): SlotKind {
    if (isBeforeUnquoted(this.#now) && !this.#isLost) this.unquoted ??= part;
    const kind = this.#kindOf(part);
    takeValue(this.#now, part.at);
    return kind;
  }

  #kindOf(part: CodePart): SlotKind {
    const begins = this.#begins();
    if (begins !== "t") return begins;
    if (part.type === "raw") return "h";
    if (!isTablePart(this.#now.top)) return "t";
    this.#report(part.at, `a value directly in <${this.#now.top!.name}>: the parser moves it out of the table`);
    return "x";
  }

  // ── blocks ──

  #exec({ branching, at }: CodePart, next: Part | undefined): void {
    if (next?.type === "text") takeCode(this.#now, next.text);
    if (branching && this.followsBranches) this.#branch(branching, at);
  }

  #branch({ closes, opens, alternative }: Branching, at: number): void {
    const isCase = closes === 0 && alternative !== "none";
    const isTurn = alternative !== "none" && this.#blocks.length > 0;
    for (let i = isTurn && !isCase ? 1 : 0; i < closes; i++) this.#leave(this.#blocks.pop());
    if (isTurn) this.#turn(this.#blocks.pop()!, alternative === "last", isCase);
    for (let i = isTurn && !isCase ? 1 : 0; i < opens; i++) {
      this.#blocks.push({ at, start: { ...this.#now }, ends: [], isExhaustive: false });
    }
  }

  /** Goes back to where the block began, for another way through it. */
  #turn(block: Block, isExhaustive: boolean, isCase: boolean): void {
    const isFirstCase = isCase && block.ends.length === 0 && isSamePart(block.start, this.#now);
    const ends = isFirstCase ? [] : [...block.ends, { ...this.#now }];
    this.#blocks.push({ ...block, ends, isExhaustive });
    this.#now = { ...block.start };
  }

  #leave(block: Block | undefined): void {
    if (!block || this.#isLost) return;
    const now = this.#now;
    const others = block.isExhaustive ? block.ends : [...block.ends, block.start];
    this.#isLost = others.some((place) => !isSamePart(place, now));
    const different = others.find((place) => !isSameNesting(place, now));
    if (this.#isLost) {
      this.#report(
        block.at,
        "the ways through this block end in different parts of a tag: what follows can only be patched as a whole",
      );
    } else if (different) {
      const paths = [different, now].map(({ top }) => pathOf(top) || "no element").join(", then ");
      this.#report(block.at, `this block changes which element is open (${paths}): close in a block what it opens`);
    }
    if (!this.#isLost && others.some(({ mode }) => mode !== now.mode)) now.mode = "attributeName";
  }

  // ── text ──

  #text(part: TextPart, isFollowed: boolean): void {
    let isMisplaced = false;
    for (let offset = 0; offset < part.text.length && !this.missingBody; offset++) {
      const char = part.text[offset]!;
      const at = part.at + offset;
      if (this.#now.mode === "data" && char !== "<" && !isMisplaced && !SPACE.test(char))
        isMisplaced = this.#misplaced(at);
      if (takeCharacter(this.#now, char, at)) this.#tag({ part, offset: offset + 1 });
    }
    if (this.#now.isFirstInPre && isFollowed && !this.#isLost) {
      part.text += "\n";
      this.#now.isFirstInPre = false;
    }
  }

  #misplaced(at: number): boolean {
    if (!isTablePart(this.#now.top)) return false;
    this.#report(at, `text directly in <${this.#now.top!.name}>: the parser moves it out of the table`);
    return true;
  }

  // ── elements ──

  #tag(end: TextPlace): void {
    const now = this.#now;
    const name = now.tag.toLowerCase();
    const isSelfClosing = now.mode === "slash";
    now.mode = "data";
    const { isEndTag } = now;
    now.isEndTag = false;
    if (name.includes("?")) return;
    if (isEndTag) this.#close(name);
    else this.#open(name, isSelfClosing);
    if (now.top?.name === "table") this.#bodies.set(now.top, { ...end, blockAt: this.#blocks.at(-1)?.at ?? null });
  }

  #open(name: string, isSelfClosing: boolean): void {
    const now = this.#now;
    const isForeign = isForeignAt(name, now.top);
    if (name === "tr" && this.#needsBody()) return;
    const { top, problem } = openElement(now.top, name, now.tagAt, isSelfClosing);
    if (problem) this.#report(now.tagAt, problem);
    now.top = top;
    if (isForeign) return;
    if (RAW_TEXT.has(name)) Object.assign(now, { mode: "rawText", rawElement: name, pending: "" });
    now.isFirstInPre = DROPS_NEWLINE.has(name);
  }

  #close(name: string): void {
    const { top, problem } = closeElement(this.#now.top, name);
    if (problem) this.#report(this.#now.tagAt, problem);
    this.#now.top = top;
  }

  /** Whether a row stands directly in a table and a `<tbody>` can be written where every way to the row passes. */
  #needsBody(): boolean {
    const { top, tagAt } = this.#now;
    if (top?.name !== "table") return false;
    const place = this.#bodies.get(top);
    const isPassed = place && (place.blockAt === null || this.#blocks.some(({ at }) => at === place.blockAt));
    if (isPassed && !this.#isLost) this.missingBody = place;
    else this.#report(tagAt, "<tr> directly in <table>: write the <tbody> around it");
    return this.missingBody !== null;
  }
}
