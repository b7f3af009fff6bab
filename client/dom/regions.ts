import {
  type Ops,
  type Statics,
  type Value,
  type WireRendered,
  entries,
  staticsOf,
  toHtml,
} from "../../src/render/rendered.js";

const RAW = "textarea|title|style|script|xmp|noembed|noframes";
const ATTRIBUTES = String.raw`(?:=\s*(?:"[^"]*"|'[^']*')|=(?!\s*["'])|[^=>])*`;

/** The tag that a static string ends in, or the raw element. */
export const OPEN_TAG = {
  a: new RegExp(String.raw`<([a-z][^\s/>]*)${ATTRIBUTES}(?:=\s*(?:"[^"]*|'[^']*))?$`, "i"),
  r: new RegExp(String.raw`<(${RAW})\b${ATTRIBUTES}>(?:(?!</\1)[^])*$`, "i"),
};
const WHOLE_TAG = new RegExp(`^${ATTRIBUTES}>`);
const RAW_NAME = new RegExp(`^(?:${RAW})$`, "i");

/** Siblings of the page, known by their ends; null while nobody knows where they are. */
export interface Range {
  first: ChildNode | null;
  last: ChildNode | null;
}

/** Where a string of HTML or text stands. Text is one node, written as it is. */
export interface ValueRange extends Range {
  readonly isText: boolean;
}

/** Where a value shows: as nodes of its own, or in an open tag or the text of a field. */
export type Slot = ValueRange | Region | Part | undefined;

/** A segment among the entries of a level. */
export class Segment {
  readonly number: number;
  readonly values: (string | Region)[];
  readonly slots: Slot[] = [];
  /** Items that come before the segment go before this node, or into this part. */
  before: Text | Part | null = null;

  constructor(
    private readonly template: string,
    [number, ...values]: Ops,
  ) {
    this.number = number as number;
    this.values = values.map((value) => (typeof value === "string" ? value : regionOf(value as WireRendered)));
  }

  toOps(): Ops {
    return [this.number, ...this.values.map((value) => (value instanceof Region ? value.toWire() : value))];
  }

  /** @param from number of the string to begin with */
  toHtml(statics: Statics, from = 0): string {
    const html = (value: Value = "") => (typeof value === "string" ? value : toHtml(value, statics));
    const strings = staticsOf(statics, this.template)[0][this.number]!;
    const values = this.toOps().slice(1) as Value[];
    return strings.reduce((all, text, at) => (at < from ? all : all + text + html(values[at])), "");
  }
}

export type Child = Segment | Region;

/**
 * A level that stands in the page: a whole rendering or an item. It is opened, and bound to its nodes, when it is
 * touched first.
 */
export class Region implements Range {
  first: ChildNode | null = null;
  last: ChildNode | null = null;
  /** Items that come at the end go before this node. */
  end: Text | null = null;
  /** What it is some of, if it lies within a tag. */
  part: Part | null = null;
  /** What the clock of foreign edits showed when the nodes were found; 0 while they are not known. */
  boundAt = 0;
  /** Tries to bind that failed since the last good one, and changes to let pass before the next. */
  failures = 0;
  pause = 0;
  children: Child[] | null = null;

  constructor(
    readonly template: string,
    readonly block: number,
    private readonly ops: Ops,
  ) {}

  /** Its segments and items. */
  open(statics: Statics): Child[] {
    return (this.children ??= childrenOf(statics, this.template, this.block, this.ops));
  }

  toOps(): Ops {
    return this.children ? this.children.flatMap((child) => child.toOps()) : this.ops;
  }

  toWire(): WireRendered {
    return { t: this.template, o: this.toOps() };
  }

  toHtml(statics: Statics): string {
    return toHtml(this.toWire(), statics);
  }
}

export function childrenOf(statics: Statics, id: string, block: number, ops: Ops): Child[] {
  return entries(staticsOf(statics, id), ops, block).map((entry) => {
    const own = ops.slice(entry.from, entry.to);
    return entry.block === block ? new Segment(id, own) : new Region(id, entry.block, own);
  });
}

export function regionOf({ t, o }: WireRendered): Region {
  return new Region(t, 0, o);
}

/** An open tag with values in it, or a textarea, title, style…: changed as one. */
export class Part {
  element: Element | null = null;
  /** Its content belongs to it: text, to be changed with it. */
  readonly isRaw: boolean;

  constructor(
    private readonly region: Region,
    readonly name: string,
    private readonly segment: Segment,
    private readonly string: number,
    /** Of its first character, in that string of the segment. */
    private readonly offset: number,
  ) {
    this.isRaw = RAW_NAME.test(name);
  }

  /** Null where the part does not end in the level where it begins. */
  toHtml(statics: Statics): string | null {
    const { region, segment, string, offset, name, isRaw } = this;
    const end = isRaw ? new RegExp(`^[^]*?(?=</${name})`, "i") : WHOLE_TAG;
    const children = region.children!;
    let html = segment.toHtml(statics, string).slice(offset);
    for (let at = children.indexOf(segment) + 1; ; at++) {
      const found = end.exec(html);
      if (found) return found[0];
      const child = children[at];
      if (!child) return null;
      html += child.toHtml(statics);
    }
  }
}
