import type { Entry, Ops, RenderedTemplate, Value } from "./rendered.js";
import { isTree } from "./tree.js";

/** One side of a comparison: the entries of a level and the ops they are cut from. */
export interface Side {
  readonly ops: Ops;
  readonly entries: readonly Entry[];
}

/** Old entries that new ones continue. */
export interface Matching {
  /** per new entry of the compared range the old one, or -1 */
  readonly old: Int32Array;
  /** per new entry: nothing in it changed */
  readonly equal: Uint8Array;
}

/** Up to so many candidates of one identity are compared one by one. */
const FEW = 4;

export function isSameValue(a: number | Value, b: number | Value): boolean {
  if (a === b) return true;
  if (!isTree(a) || !isTree(b) || a.t !== b.t || a.o.length !== b.o.length) return false;
  return a.o.every((value, index) => isSameValue(value, b.o[index]!));
}

export function isSameEntry(a: Ops, x: Entry, b: Ops, y: Entry): boolean {
  if (x.block !== y.block || x.to - x.from !== y.to - y.from) return false;
  for (let i = x.from, j = y.from; i < x.to; i++, j++) {
    if (a[i] !== b[j] && !isSameValue(a[i]!, b[j]!)) return false;
  }
  return true;
}

/**
 * Says which old entry each new one continues: the same content first, then the same identity (its first value), then
 * the same place if at least half of the values agree. What cannot come twice (an own segment, an open `if`) is known by itself.
 */
export class EntryMatcher {
  readonly #old: Int32Array;
  readonly #equal: Uint8Array;
  readonly #used: Uint8Array;

  constructor(
    private readonly template: RenderedTemplate,
    private readonly level: number,
    private readonly a: Side,
    private readonly b: Side,
    /** both sides are equal before this entry */
    private readonly first: number,
    private readonly aEnd: number,
    bEnd: number,
  ) {
    this.#old = new Int32Array(bEnd - first).fill(-1);
    this.#equal = new Uint8Array(bEnd - first);
    this.#used = new Uint8Array(aEnd - first);
  }

  match(): Matching {
    const buckets = this.#buckets();
    const waiting: (readonly [place: number, bucket: readonly number[]])[] = [];
    for (let place = 0; place < this.#old.length; place++) {
      const bucket = buckets.get(this.#identity(this.b, this.first + place));
      if (bucket && !this.#takeEqual(place, bucket)) waiting.push([place, bucket.olds]);
    }
    const taken = new Map<readonly number[], number>();
    for (const [place, olds] of waiting) {
      let next = taken.get(olds) ?? 0;
      while (next < olds.length && this.#used[olds[next]! - this.first]) next++;
      if (next < olds.length) this.#take(place, olds[next]!, false);
      taken.set(olds, next);
    }
    this.#matchNeighbours();
    return { old: this.#old, equal: this.#equal };
  }

  #take(place: number, old: number, isEqual: boolean): void {
    this.#old[place] = old;
    this.#used[old - this.first] = 1;
    if (isEqual) this.#equal[place] = 1;
  }

  // ── identity ──

  #buckets(): Map<string, Bucket> {
    const buckets = new Map<string, Bucket>();
    for (let index = this.first; index < this.aEnd; index++) {
      const identity = this.#identity(this.a, index);
      const bucket = buckets.get(identity);
      if (bucket) bucket.olds.push(index);
      else buckets.set(identity, { olds: [index], byContent: null });
    }
    return buckets;
  }

  #identity({ ops, entries }: Side, index: number): string {
    const { block, from, to } = entries[index]!;
    if (block === this.level && !this.#isFlat()) return `s${ops[from] as number}`;
    if (!this.template.loops[block]) return `b${block}`;
    const strings = this.template.statics[0];
    for (let at = from; at < to; at += strings[ops[at] as number]!.length) {
      if (strings[ops[at] as number]!.length > 1) return `${ops[from] as number}:${firstText(ops[at + 1] as Value)}`;
    }
    return `${ops[from] as number}`;
  }

  /** Braces that do not add up: every segment stands in block 0 and may come again. */
  #isFlat(): boolean {
    return this.level === 0 && this.template.loops[0] === true;
  }

  // ── content ──

  #takeEqual(place: number, bucket: Bucket): boolean {
    const entry = this.b.entries[this.first + place]!;
    const candidates = bucket.olds.length <= FEW ? bucket.olds : this.#sameContent(bucket, entry);
    for (const old of candidates) {
      if (this.#used[old - this.first] || !isSameEntry(this.a.ops, this.a.entries[old]!, this.b.ops, entry)) continue;
      this.#take(place, old, true);
      return true;
    }
    return false;
  }

  /** Olds with the content of a new one, each handed out once. */
  #sameContent(bucket: Bucket, entry: Entry): readonly number[] {
    if (!bucket.byContent) {
      bucket.byContent = new Map();
      for (const old of bucket.olds.toReversed()) {
        const content = contentOf(this.a.ops, this.a.entries[old]!);
        const same = bucket.byContent.get(content);
        if (same) same.push(old);
        else bucket.byContent.set(content, [old]);
      }
    }
    const old = bucket.byContent.get(contentOf(this.b.ops, entry))?.pop();
    return old === undefined ? [] : [old];
  }

  // ── place ──

  #matchNeighbours(): void {
    const { length } = this.#old;
    for (let place = 0; place < length; place++) {
      this.#tryPlace(
        place,
        place === 0 ? this.first : this.#old[place - 1]! + 1,
        place === 0 || this.#old[place - 1]! >= 0,
      );
    }
    for (let place = length - 1; place >= 0; place--) {
      const isLast = place === length - 1;
      this.#tryPlace(place, isLast ? this.aEnd - 1 : this.#old[place + 1]! - 1, isLast || this.#old[place + 1]! >= 0);
    }
  }

  #tryPlace(place: number, old: number, isKnown: boolean): void {
    if (this.#old[place]! >= 0 || !isKnown || old < this.first || old >= this.aEnd || this.#used[old - this.first])
      return;
    const [x, y] = [this.a.entries[old]!, this.b.entries[this.first + place]!];
    if (x.block !== y.block || (x.block === this.level && this.a.ops[x.from] !== this.b.ops[y.from])) return;
    if (this.#agree(x, y)) this.#take(place, old, false);
  }

  /** Whether at least half of the values are the same. */
  #agree(x: Entry, y: Entry): boolean {
    const strings = this.template.statics[0];
    let [same, all] = [0, 0];
    for (let i = x.from, j = y.from; i < x.to || j < y.to;) {
      const left = i < x.to ? (this.a.ops[i] as number) : Infinity;
      const right = j < y.to ? (this.b.ops[j] as number) : Infinity;
      const length = strings[Math.min(left, right)]!.length;
      all += length - 1;
      for (let slot = 1; left === right && slot < length; slot++) {
        if (isSameValue(this.a.ops[i + slot]!, this.b.ops[j + slot]!)) same++;
      }
      if (left <= right) i += length;
      if (right <= left) j += length;
    }
    return same * 2 >= all;
  }
}

interface Bucket {
  readonly olds: number[];
  byContent: Map<string, number[]> | null;
}

/** What stands first in a value: of a nested rendering its own first value. */
export function firstText(value: Value): string {
  if (typeof value === "string") return value;
  const strings = (value as { template?: RenderedTemplate }).template?.statics[0] ?? [];
  for (let at = 0; at < value.o.length; at += strings[value.o[at] as number]?.length ?? Infinity) {
    if ((strings[value.o[at] as number]?.length ?? 0) > 1) return `${value.t}:${firstText(value.o[at + 1] as Value)}`;
  }
  return value.t;
}

function contentOf(ops: Ops, { from, to }: Entry): string {
  return JSON.stringify(ops.slice(from, to));
}
