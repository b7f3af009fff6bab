import { type Statics, type TemplateStatics, staticsOf } from "../../src/render/rendered.js";
import { type Child, OPEN_TAG, Part, type Range, Region, type Segment, type ValueRange } from "./regions.js";

/** What a comment among the HTML stands for. */
export type Mark =
  | { readonly open: Range; readonly isText: boolean }
  | { readonly close: Range; readonly isText: boolean }
  /** a place for items to come */
  | { readonly anchor: (node: Text) => void }
  /** right before a table: the parser puts there what may not stand in one */
  | { readonly table: true };

/** Begins the comments that are marks; the number of the mark follows. */
export const MARK = "~~";
/** The attribute that carries the number of a part. */
export const PART = "live-part";

/** Text that a value may complete to an entity. */
const HALF_ENTITY = /&#?\w*$/;
const TABLE = /(?=<table\b)/i;
/** What is more than text with the five entities that the server writes. */
const MARKUP = /<|&(?!(?:amp|lt|gt|quot|#39);)/;
/** Elements that a parser opens again in what follows if they are not closed. */
const FORMATTING = /<(\/?)(a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])/gi;

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

  constructor(
    region: Region,
    private readonly statics: Statics,
  ) {
    this.level(region);
  }

  private level(region: Region): void {
    this.regions.push(region);
    const template = staticsOf(this.statics, region.template);
    const children = region.open(this.statics);
    children.forEach((child, at) => {
      const before = children[at - 1];
      const begin = beginOf(template, child);
      const isBetweenTags = begin === "t";
      if (begin !== "a" && begin !== "r") this.part = null;
      if (child instanceof Region) this.item(child, isBetweenTags);
      else {
        child.before = this.part;
        if (isBetweenTags && (before instanceof Region || mayShow(template, region.block, child.number - 1)))
          this.mark({ anchor: (node) => (child.before = node) });
        this.segment(region, child, template, beginOf(template, children[at + 1]));
      }
    });
    const last = children.at(-1);
    region.end = null;
    if (!last || last instanceof Region || mayShow(template, region.block, last.number + 1))
      this.mark({ anchor: (node) => (region.end = node) });
  }

  private item(item: Region, isBetweenTags: boolean): void {
    item.boundAt = 0;
    item.part = this.part;
    item.first = null;
    const html = item.toHtml(this.statics);
    if (isBetweenTags) this.range(item, () => (this.html += html));
    else this.html += html;
  }

  /** `end` is what comes behind the segment. */
  private segment(region: Region, segment: Segment, template: TemplateStatics, end: string): void {
    const { number, values, slots } = segment;
    const kinds = template[3][number]!;
    template[0][number]!.forEach((text, string) => {
      const kind = kinds[string + 1] ?? end;
      this.text(text, kind, (name, offset) => new Part(region, name, segment, string, offset));
      if (string === values.length) return;
      const value = values[string]!;
      slots[string] = this.part ?? undefined;
      if (kind !== "t" && kind !== "h") this.html += value instanceof Region ? value.toHtml(this.statics) : value;
      else if (value instanceof Region) this.range((slots[string] = value), () => this.level(value));
      else if (HALF_ENTITY.test(text)) this.html += value;
      else {
        const range: ValueRange = { first: null, last: null, isText: isText(value) };
        this.range((slots[string] = range), () => (this.html += value), range.isText);
      }
    });
  }

  /** A static string, and of what kind it is what follows. A part begins where a tag or raw text is not over in it. */
  private text(text: string, kind: string, makePart: (name: string, offset: number) => Part): void {
    const isInPart = kind === "a" || kind === "r";
    const tag = isInPart ? OPEN_TAG[kind].exec(text) : null;
    if (tag) this.part = makePart(tag[1]!, tag.index);
    else if (!isInPart) this.part = null;
    const nameEnd = tag ? tag.index + 1 + tag[1]!.length : 0;
    this.static(text.slice(0, nameEnd));
    if (tag) this.html += ` ${PART}="${this.parts.push(this.part!) - 1}"`;
    this.static(text.slice(nameEnd));
  }

  private static(text: string): void {
    const [head, ...tables] = text.split(TABLE);
    this.html += head;
    for (const table of tables) {
      this.mark({ table: true });
      this.html += table;
    }
  }

  private range(range: Range, print: () => void, isText = false): void {
    range.first = null;
    this.mark({ open: range, isText });
    print();
    this.mark({ close: range, isText });
  }

  private mark(mark: Mark): void {
    this.html += `<!--${MARK}${this.marks.push(mark) - 1}-->`;
  }
}

/** What stands where a child begins: t between tags, a in a tag, r in raw text, x where nothing can be marked. */
function beginOf([, , , kinds]: TemplateStatics, child: Child | undefined): string {
  return child ? kinds[child.toOps()[0] as number]![0]! : "t";
}

/** Whether the segment of that number is of a block inside the level: an item that may show beside its neighbours. */
function mayShow([, blocks, parents]: TemplateStatics, level: number, number: number): boolean {
  let block = blocks[number];
  if (block === undefined || block === level) return false;
  while (block > level) block = parents[block]!;
  return block === level;
}
