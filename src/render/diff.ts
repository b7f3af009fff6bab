import { EntryMatcher, firstText, isSameEntry, isSameValue, type Side } from "./entry-match.js";
import { longestRun } from "./longest-run.js";
import {
  entries,
  type Change,
  type Edit,
  type Entry,
  type Ops,
  type Rendered,
  type RenderedTemplate,
  type Script,
  type SlotEdits,
  type Step,
  type Value,
} from "./rendered.js";
import { collectTemplates, isTree } from "./tree.js";

/** What makes one rendering of another. */
export interface Difference {
  /** null when nothing changed */
  readonly edit: Edit | null;
  /** templates of renderings that the edit brings along */
  readonly inserted: Readonly<Record<string, RenderedTemplate>>;
}

/** More old or new entries than this in the changed middle of a level: it is sent anew. */
const MAX_MIDDLE = 10_000;
/** So many values may change and still be written one by one, or the 8th part of all. */
const MIN_VALUES = 8;
const VALUE_SHARE = 8;

const memo = new WeakMap<Rendered, WeakMap<Rendered, Difference>>();

/**
 * The shortest practical edit that makes `next` of `previous`: values alone if the shape is the same, else items, told
 * apart by their content and first value. Of shared renderings it is found once for all who see them.
 * Law: `patch(a, difference(a, b).edit)` equals `b`.
 */
export function difference(previous: Rendered, next: Rendered): Difference {
  if (!previous.isShared || !next.isShared) return findDifference(previous, next);
  let after = memo.get(previous);
  if (!after) memo.set(previous, (after = new WeakMap()));
  let known = after.get(next);
  if (!known) after.set(next, (known = findDifference(previous, next)));
  return known;
}

/** The edit alone. */
export function diff(previous: Rendered, next: Rendered): Edit | null {
  return difference(previous, next).edit;
}

function findDifference(previous: Rendered, next: Rendered): Difference {
  next.template.counts.diffs++;
  return new Differ().difference(previous, next);
}

class Differ {
  readonly inserted: Record<string, RenderedTemplate> = {};

  difference(previous: Rendered, next: Rendered): Difference {
    return { edit: this.#edit(previous, next), inserted: this.inserted };
  }

  #edit(previous: Rendered, next: Rendered): Edit | null {
    if (previous === next) return null;
    if (previous.t !== next.t) {
      collectTemplates([next], this.inserted);
      return next;
    }
    const { template } = next;
    const changed = changedValues(template, previous.o, next.o);
    const script = changed
      ? this.#valueScript(template, previous.o, next.o, wholeOf(next.o), changed)
      : this.#levelScript(template, previous.o, wholeOf(previous.o), next.o, wholeOf(next.o));
    return script.length > 0 ? script : null;
  }

  // ── the same shape, other values ──

  /** Both sides have the same entries; `changed` are the places of values that differ, in order. */
  #valueScript(template: RenderedTemplate, a: Ops, b: Ops, level: Entry, changed: readonly number[]): Script {
    const script: Step[] = [];
    let kept = 0;
    let next = 0;
    for (const entry of entries(template.statics, b, level.block, level.from, level.to)) {
      const inside: number[] = [];
      while (next < changed.length && changed[next]! < entry.to) inside.push(changed[next++]!);
      const change = inside.length > 0 ? this.#valueChange(template, a, b, level, entry, inside) : null;
      if (!change) kept++;
      else {
        if (kept > 0) script.push(kept);
        script.push(change);
        kept = 0;
      }
      if (next === changed.length) break;
    }
    return script;
  }

  #valueChange(
    template: RenderedTemplate,
    a: Ops,
    b: Ops,
    level: Entry,
    entry: Entry,
    changed: readonly number[],
  ): Change | null {
    if (entry.block === level.block) return this.#slots(a, entry, b, entry);
    const script = this.#valueScript(template, a, b, entry, changed);
    return script.length > 0 ? [script] : null;
  }

  /** Edits of one segment's values; null when none changed. */
  #slots(a: Ops, x: Entry, b: Ops, y: Entry): SlotEdits | null {
    const edits: Record<number, Value | Script> = {};
    let isChanged = false;
    for (let slot = 0; slot < y.to - y.from - 1; slot++) {
      const value = b[y.from + 1 + slot] as Value;
      const edit = this.#slot(a[x.from + 1 + slot] as Value, value);
      if (edit === null) continue;
      edits[slot] = edit;
      isChanged = true;
    }
    return isChanged ? edits : null;
  }

  #slot(before: Value, after: Value): Value | Script | null {
    if (before === after) return null;
    if (typeof before !== "string" && typeof after !== "string" && before.t === after.t) {
      return this.#nested(before as Rendered, after as Rendered);
    }
    collectTemplates([after], this.inserted);
    return after;
  }

  #nested(before: Rendered, after: Rendered): Value | Script | null {
    if (!before.isShared || !after.isShared) return this.#edit(before, after) as Value | Script | null;
    const { edit, inserted } = difference(before, after);
    Object.assign(this.inserted, inserted);
    return edit as Value | Script | null;
  }

  // ── another shape ──

  #levelScript(template: RenderedTemplate, a: Ops, x: Entry, b: Ops, y: Entry): Script {
    const olds: Side = { ops: a, entries: entries(template.statics, a, x.block, x.from, x.to) };
    const news: Side = { ops: b, entries: entries(template.statics, b, y.block, y.from, y.to) };
    const [first, oldEnd, newEnd] = changedRange(olds, news);
    const script = new ScriptWriter(first);
    if (Math.max(oldEnd, newEnd) - first > MAX_MIDDLE) {
      for (const entry of news.entries.slice(first, newEnd)) this.#insert(script, b, entry);
      return script.end(oldEnd);
    }
    const { old, equal } = new EntryMatcher(template, x.block, olds, news, first, oldEnd, newEnd).match();
    const stays = longestRun(old);
    for (let place = 0; place < old.length; place++) {
      const after = news.entries[first + place]!;
      const index = old[place]!;
      if (index < 0) this.#insert(script, b, after);
      else if (equal[place]) script.keep(index, stays[place] === 1);
      else script.change(index, stays[place] === 1, this.#change(template, x.block, a, olds.entries[index]!, b, after));
    }
    return script.end(oldEnd);
  }

  #insert(script: ScriptWriter, ops: Ops, { from, to }: Entry): void {
    const inserted = ops.slice(from, to);
    collectTemplates(inserted, this.inserted);
    script.insert(inserted);
  }

  #change(template: RenderedTemplate, level: number, a: Ops, x: Entry, b: Ops, y: Entry): Change | null {
    if (x.block === level) return this.#slots(a, x, b, y);
    const script = this.#levelScript(template, a, x, b, y);
    return script.length > 0 ? [script] : null;
  }
}

function wholeOf(ops: Ops): Entry {
  return { block: 0, from: 0, to: ops.length };
}

/** Where two levels differ: the first entry, and the ends of the differing middles. */
function changedRange(a: Side, b: Side): [first: number, aEnd: number, bEnd: number] {
  const least = Math.min(a.entries.length, b.entries.length);
  let first = 0;
  while (first < least && isSameEntry(a.ops, a.entries[first]!, b.ops, b.entries[first]!)) first++;
  let [aEnd, bEnd] = [a.entries.length, b.entries.length];
  while (aEnd > first && bEnd > first && isSameEntry(a.ops, a.entries[aEnd - 1]!, b.ops, b.entries[bEnd - 1]!)) {
    aEnd--;
    bEnd--;
  }
  return [first, aEnd, bEnd];
}

/**
 * Places of the values that differ, if the two have the same shape and it is likely that they show the same things:
 * no item became another one, and not much changed. Else null.
 */
function changedValues(template: RenderedTemplate, a: Ops, b: Ops): number[] | null {
  if (a.length !== b.length) return null;
  const [segments] = template.statics;
  const identities = identitiesOf(template);
  const most = Math.max(MIN_VALUES, a.length / VALUE_SHARE);
  const changed: number[] = [];
  for (let at = 0; at < a.length;) {
    const segment = a[at] as number;
    if (segment !== b[at]) return null;
    const end = at + segments[segment]!.length;
    for (let value = at + 1; value < end; value++) {
      if (a[value] === b[value] || isSameValue(a[value]!, b[value]!)) continue;
      const isFirst = value === at + 1 && identities[segment] === 1;
      if (isFirst && firstText(a[value] as Value) !== firstText(b[value] as Value)) return null;
      if (changed.push(value) > most) return null;
    }
    at = end;
  }
  return changed;
}

const identitySegments = new WeakMap<RenderedTemplate, Uint8Array>();

/** Per segment: whether its first value tells one pass of a loop from another. */
function identitiesOf(template: RenderedTemplate): Uint8Array {
  let flags = identitySegments.get(template);
  if (!flags) identitySegments.set(template, (flags = findIdentities(template)));
  return flags;
}

function findIdentities({ statics: [segments, blocks, parents], loops }: RenderedTemplate): Uint8Array {
  const flags = new Uint8Array(segments.length);
  const claimed = new Set<number>();
  segments.forEach((strings, segment) => {
    if (strings.length === 1) return;
    for (let block = blocks[segment]!; block >= 0; block = parents[block]!) {
      if (!loops[block] || (claimed.has(block) && block !== 0)) continue;
      claimed.add(block);
      flags[segment] = 1;
    }
  });
  return flags;
}

/** Writes the steps of one level; takes out what is neither kept nor changed before the place it comes to. */
class ScriptWriter {
  readonly #steps: Step[] = [];
  #kept: number;
  #cursor: number;

  constructor(first: number) {
    this.#kept = first;
    this.#cursor = first;
  }

  keep(index: number, stays: boolean): void {
    if (stays) {
      this.#takeOut(index);
      this.#kept++;
      this.#cursor++;
      return;
    }
    const last = this.#append("<");
    const run = last.at(-1);
    if (typeof run === "number" && run + 1 === index) last[last.length - 1] = [run, 2];
    else if (Array.isArray(run) && (run[0] as number) + (run[1] as number) === index) run[1] = (run[1] as number) + 1;
    else last.push(index);
  }

  change(index: number, stays: boolean, change: Change | null): void {
    if (!change) return this.keep(index, stays);
    if (!stays) return void this.#push(["=", index, change]);
    this.#takeOut(index);
    this.#push(change);
    this.#cursor++;
  }

  insert(ops: Ops): void {
    const last = this.#append("+");
    for (const op of ops) last.push(op);
  }

  /** Steps that would only keep what is left are left out. */
  end(oldEnd: number): Script {
    this.#takeOut(oldEnd);
    return this.#steps;
  }

  #takeOut(upTo: number): void {
    if (upTo > this.#cursor) this.#push(this.#cursor - upTo);
    this.#cursor = upTo;
  }

  /** The last step, if it is of this kind and nothing is kept behind it; else a new one. */
  #append(kind: "+" | "<"): unknown[] {
    const last = this.#steps.at(-1);
    if (this.#kept === 0 && Array.isArray(last) && last[0] === kind) return last as unknown[];
    const step: unknown[] = [kind];
    this.#push(step as unknown as Step);
    return step;
  }

  #push(step: Step): void {
    if (this.#kept > 0) this.#steps.push(this.#kept);
    this.#kept = 0;
    this.#steps.push(step);
  }
}
