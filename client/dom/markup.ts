import type { TemplateStatics } from "../../src/render/rendered.js";
import { type Child, OPEN_TAG, Part, type Range, Region, type Segment, htmlOf } from "./regions.js";

/** What a comment among the HTML stands for. */
export interface Mark {
  readonly open?: Range;
  readonly close?: Range;
  /** a place for items to come */
  anchor?(node: Text): void;
  /** right before a table: the parser puts there what may not stand in one */
  readonly isBeforeTable?: boolean;
}

/** Begins the comments that are marks; the number of the mark follows. */
export const MARK = "~~";
/** The attribute that carries the number of a part. */
export const PART = "live-part";

/** Text that a value may complete to an entity. */
const HALF_ENTITY = /&#?\w*$/;
const TABLE = /(?=<table\b)/i;
/** What is more than text, or might become so by what follows. */
const MARKUP = /<|&[^;]*$/;
/** Elements that a parser opens again in what follows if they are not closed. */
const FORMATTING = /<(\/?)(a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)\b/g;

export function isText(value: string): boolean {
  return !MARKUP.test(value);
}

/** Whether what follows may be parsed without the HTML. */
export function isClosed(html: string): boolean {
  const open: Record<string, number> = {};
  for (const [, slash, name = ""] of html.toLowerCase().matchAll(FORMATTING))
    open[name] = (open[name] ?? 0) + (slash ? -1 : 1);
  return Object.values(open).every((count) => !count);
}

/**
 * The HTML of a region with marks in it: comments where a value or an item begins and ends, an attribute at each part.
 * Of items only the ends are told.
 */
export class Markup {
  html = "";
  readonly marks: Mark[] = [];
  readonly parts: Part[] = [];
  /** The region and the renderings in its slots: they are bound together. */
  readonly regions: Region[] = [];
  private part: Part | null = null;

  constructor(region: Region) {
    this.level(region);
  }

  private level(region: Region): void {
    this.regions.push(region);
    const { template, block } = region;
    const children = region.open();
    let last: Child | undefined;
    children.forEach((child, at) => {
      const begin = beginOf(template, child);
      if (!OPEN_TAG[begin]) this.part = null;
      if (child instanceof Region) {
        child.boundAt = 0;
        child.part = this.part;
        this.range(child, begin === "t", () => (this.html += child.toHtml()));
      } else {
        child.before = this.part;
        if (begin === "t" && (last instanceof Region || mayShow(template, block, child.number - 1)))
          this.mark({ anchor: (node) => (child.before = node) });
        this.segment(region, child, template, beginOf(template, children[at + 1]));
      }
      last = child;
    });
    region.end = null;
    if (!last || last instanceof Region || mayShow(template, block, last.number + 1))
      this.mark({ anchor: (node) => (region.end = node) });
  }

  /** @param end kind of what comes behind the segment */
  private segment(region: Region, segment: Segment, [segments, , , kinds]: TemplateStatics, end: string): void {
    const { number, values } = segment;
    segments[number]!.forEach((text, string) => {
      const kind = kinds[number]![string + 1] ?? end;
      const tag = OPEN_TAG[kind]?.exec(text);
      if (tag) this.part = new Part(region, tag[1]!, segment, string, tag.index);
      else if (!OPEN_TAG[kind]) this.part = null;
      this.text(text, tag);
      if (string < values.length) this.value(segment, string, HALF_ENTITY.test(text) ? "x" : kind);
    });
  }

  private value({ values, slots }: Segment, index: number, kind: string): void {
    const value = values[index]!;
    const isShown = kind === "t" || kind === "h";
    const range = value instanceof Region ? value : { first: null, last: null, isText: isText(value) };
    slots[index] = this.part ?? range;
    this.range(range, isShown, () => {
      if (isShown && value instanceof Region) this.level(value);
      else this.html += htmlOf(value);
    });
  }

  /** A static string; what is not closed in it is a part. */
  private text(text: string, tag: RegExpExecArray | null | undefined): void {
    const nameEnd = tag ? tag.index + 1 + tag[1]!.length : 0;
    this.static(text.slice(0, nameEnd));
    if (tag) this.html += ` ${PART}="${this.parts.push(this.part!) - 1}"`;
    this.static(text.slice(nameEnd));
  }

  private static(text: string): void {
    const [head, ...tables] = text.split(TABLE);
    this.html += head;
    for (const table of tables) {
      this.mark({ isBeforeTable: true });
      this.html += table;
    }
  }

  private range(range: Range, isMarked: boolean, print: () => void): void {
    range.first = null;
    if (isMarked) this.mark({ open: range });
    print();
    if (isMarked) this.mark({ close: range });
  }

  private mark(mark: Mark): void {
    this.html += `<!--${MARK}${this.marks.push(mark) - 1}-->`;
  }
}

/** What stands where a child begins: t between tags, a in a tag, r in raw text, x where nothing can be marked. */
function beginOf([, , , kinds]: TemplateStatics, child: Child | undefined): string {
  return kinds[child?.number ?? -1]?.[0] ?? "t";
}

/** Whether the segment of that number is of a block inside the level: an item that may show beside its neighbours. */
function mayShow([, blocks, parents]: TemplateStatics, level: number, number: number): boolean {
  let block = blocks[number];
  if (block === undefined || block === level) return false;
  while (block > level) block = parents[block]!;
  return block === level;
}
