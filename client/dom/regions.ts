import {
  type Ops,
  type Statics,
  type TemplateStatics,
  type WireRendered,
  entries,
  staticsOf,
  toHtml,
} from "../../src/render/rendered.js";

/** By the kind of what follows: the tag, or the raw element, that a static string ends in. */
export const OPEN_TAG: Readonly<Record<string, RegExp>> = {
  a: /<([a-z][^\s/>]*)(?:=\s*(?:"[^"]*"|'[^']*')|=(?!\s*["'])|[^=>])*(?:=\s*(?:"[^"]*|'[^']*))?$/i,
  r: /<(textarea|title|style|script)(?=[\s>])(?:=\s*(?:"[^"]*"|'[^']*')|=(?!\s*["'])|[^=>])*>(?:(?!<\/\1)[^])*$/i,
};
const WHOLE_TAG = /^(?:=\s*(?:"[^"]*"|'[^']*')|=(?!\s*["'])|[^=>])*>/;
const RAW_NAME = /^(?:textarea|title|style|script)$/i;

/** Siblings of the page, known by their ends; null while nobody knows where they are. */
export interface Range {
  first: ChildNode | null;
  last: ChildNode | null;
  /** One text, written as it is. */
  readonly isText?: boolean;
}

/** Where a value shows: as nodes of its own, or in an open tag or the text of a field. */
export type Slot = Range | Part | undefined;

export type Child = Segment | Region;

/** A segment among the entries of a level. */
export class Segment {
  readonly number: number;
  readonly values: (string | Region)[];
  readonly slots: Slot[] = [];
  /** Items that come before the segment go before this node, or into this part. */
  before: Text | Part | null = null;

  constructor(
    private readonly level: Region,
    [number, ...values]: Ops,
  ) {
    this.number = number as number;
    this.values = values.map((value) => level.valueOf(value as string | WireRendered));
  }

  /** @param from number of the string to begin with */
  toHtml(from = 0): string {
    const strings = this.level.template[0][this.number]!;
    return strings.reduce((html, text, at) => (at < from ? html : html + text + htmlOf(this.values[at] ?? "")), "");
  }
}

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
  /** Changes that came while it could not be bound. */
  failures = 0;
  children: Child[] | null = null;

  constructor(
    private readonly statics: Statics,
    private readonly id: string,
    private readonly ops: Ops,
    readonly block = 0,
  ) {}

  /** Number of its first segment. */
  get number(): number | undefined {
    return this.children ? this.children[0]?.number : (this.ops[0] as number);
  }

  get template(): TemplateStatics {
    return staticsOf(this.statics, this.id);
  }

  /** Its segments and items. */
  open(): Child[] {
    return (this.children ??= this.group(this.ops));
  }

  /** The segments and items that ops make on this level. */
  group(ops: Ops): Child[] {
    return entries(this.template, ops, this.block).map(({ block, from, to }) => {
      const own = ops.slice(from, to);
      return block === this.block ? new Segment(this, own) : new Region(this.statics, this.id, own, block);
    });
  }

  valueOf(value: string | WireRendered): string | Region {
    return typeof value === "string" ? value : new Region(this.statics, value.t, value.o);
  }

  toHtml(): string {
    const { statics, id, ops, children } = this;
    return children ? children.map((child) => child.toHtml()).join("") : toHtml({ t: id, o: ops }, statics);
  }
}

export function htmlOf(value: string | Region): string {
  return value instanceof Region ? value.toHtml() : value;
}

/** An open tag with values in it, or a textarea, title, style…: changed as one. */
export class Part {
  element: Element | null = null;
  /** Its content belongs to it: text, to be changed with it. */
  readonly isRaw: boolean;

  constructor(
    private readonly level: Region,
    readonly name: string,
    private readonly segment: Segment,
    private readonly string: number,
    /** Of its first character, in that string of the segment. */
    private readonly offset: number,
  ) {
    this.isRaw = RAW_NAME.test(name);
  }

  /** Null where it does not end in the level where it begins. */
  toHtml(): string | null {
    const { level, segment, string, offset, name, isRaw } = this;
    const whole = isRaw ? new RegExp(`^[^]*?(?=</${name})`, "i") : WHOLE_TAG;
    const children = level.open();
    let html = segment.toHtml(string).slice(offset);
    for (let at = children.indexOf(segment) + 1; ; at++) {
      const found = whole.exec(html);
      const child = children[at];
      if (found || !child) return found && found[0];
      html += child.toHtml();
    }
  }
}
