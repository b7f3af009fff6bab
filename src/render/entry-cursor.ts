import { beginsEntry, blockBelow, type Entry, type Ops, type TemplateStatics } from "./rendered.js";

/** Templates with more segments answer `beginsEntry` anew each time: a table of all pairs would be too large. */
const MAX_TABLE_SEGMENTS = 128;

const UNKNOWN = 0;
const CONTINUES = 1;
const BEGINS = 2;

const tables = new WeakMap<TemplateStatics, Map<number, Uint8Array>>();

/** Steps through the entries of one level without making a list of them. */
export class EntryCursor {
  /** Number of the entry it stands on; -1 before the first. */
  index = -1;
  from: number;
  to: number;
  /** Where the last segment of the entry begins. */
  last = 0;
  readonly #table: Uint8Array | null;

  constructor(
    private readonly template: TemplateStatics,
    private readonly ops: Ops,
    private readonly level: Entry,
  ) {
    this.from = this.to = level.from;
    this.#table = tableOf(template, level.block);
  }

  next(): boolean {
    const { ops, level } = this;
    const [segments] = this.template;
    if (this.to >= level.to) return false;
    this.index++;
    this.from = this.to;
    let at = this.from;
    let segment: number;
    do {
      segment = ops[at] as number;
      this.last = at;
      at += segments[segment]!.length;
    } while (at < level.to && !this.#begins(segment, ops[at] as number));
    this.to = at;
    return true;
  }

  entry(): Entry {
    const [, blocks, parents] = this.template;
    return {
      block: blockBelow(parents, blocks[this.ops[this.from] as number]!, this.level.block),
      from: this.from,
      to: this.to,
    };
  }

  #begins(last: number, segment: number): boolean {
    const table = this.#table;
    if (!table) return beginsEntry(this.template, this.level.block, last, segment);
    const pair = last * this.template[0].length + segment;
    if (table[pair] === UNKNOWN) {
      table[pair] = beginsEntry(this.template, this.level.block, last, segment) ? BEGINS : CONTINUES;
    }
    return table[pair] === BEGINS;
  }
}

function tableOf(template: TemplateStatics, level: number): Uint8Array | null {
  const { length } = template[0];
  if (length > MAX_TABLE_SEGMENTS) return null;
  let levels = tables.get(template);
  if (!levels) tables.set(template, (levels = new Map()));
  let table = levels.get(level);
  if (!table) levels.set(level, (table = new Uint8Array(length * length)));
  return table;
}

/** Some entries of a level, in order. */
export interface EntryRun {
  /** number of the first in the level */
  readonly index: number;
  readonly entries: readonly Entry[];
}

/**
 * The entries of a level that a change between two places can touch: from the one that holds the segment before `from`
 * to the last one before two unchanged neighbours from `to` on. What is outside groups the same on both sides of the change.
 */
export function entriesAround(template: TemplateStatics, ops: Ops, level: Entry, from: number, to: number): EntryRun {
  const cursor = new EntryCursor(template, ops, level);
  while (cursor.next() && cursor.to < from);
  const { index } = cursor;
  const list: Entry[] = [];
  if (cursor.to > level.from) {
    do list.push(cursor.entry());
    while (cursor.last < to && cursor.next());
  }
  return { index: Math.max(index, 0), entries: list };
}
