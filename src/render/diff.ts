import { EntryCursor, entriesAround } from "./entry-cursor.js";
import { EntryMatcher, firstText, isSameEntry, isSameValue, type Side } from "./entry-match.js";
import { longestRun } from "./longest-run.js";
import { ScriptWriter } from "./script-writer.js";
import type {
  Change,
  Edit,
  Entry,
  Ops,
  Rendered,
  RenderedTemplate,
  Script,
  SlotEdits,
  Step,
  Value,
} from "./rendered.js";
import { collectTemplates } from "./tree.js";

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
    const [a, b] = [wholeOf(previous.o), wholeOf(next.o)];
    const script = this.#levelChange(next.template, previous.o, a, next.o, b, -1);
    return script.length > 0 ? script : null;
  }

  /** @param identity place of a value among the new ones that may differ: the items are known to be the same; -1 for none */
  #levelChange(template: RenderedTemplate, a: Ops, x: Entry, b: Ops, y: Entry, identity: number): Script {
    const range = changedOps(a, x, b, y);
    if (!range) return [];
    const values = changedValues(template, a, x, b, y, range, identity);
    if (values) return this.#valueScript(template, a, b, y, y.from - x.from, values);
    return this.#levelScript(template, a, x, b, y, range);
  }

  // ── the same shape, other values ──

  /** Both sides have the same entries, the new ones `shift` further on; `changed` are the new places of values that differ, in order. */
  #valueScript(
    template: RenderedTemplate,
    a: Ops,
    b: Ops,
    level: Entry,
    shift: number,
    changed: readonly number[],
  ): Script {
    const script: Step[] = [];
    const cursor = new EntryCursor(template.statics, b, level);
    let done = 0;
    for (let next = 0; next < changed.length && cursor.next();) {
      if (cursor.to <= changed[next]!) continue;
      const inside: number[] = [];
      while (next < changed.length && changed[next]! < cursor.to) inside.push(changed[next++]!);
      const change = this.#valueChange(template, a, b, level, cursor.entry(), shift, inside);
      if (!change) continue;
      if (cursor.index > done) script.push(cursor.index - done);
      script.push(change);
      done = cursor.index + 1;
    }
    return script;
  }

  #valueChange(
    template: RenderedTemplate,
    a: Ops,
    b: Ops,
    level: Entry,
    entry: Entry,
    shift: number,
    changed: readonly number[],
  ): Change | null {
    if (entry.block === level.block) return this.#slots(a, entry.from - shift, b, entry);
    const script = this.#valueScript(template, a, b, entry, shift, changed);
    return script.length > 0 ? [script] : null;
  }

  /** Edits of one segment's values; null when none changed. */
  #slots(a: Ops, from: number, b: Ops, y: Entry): SlotEdits | null {
    const edits: Record<number, Value | Script> = {};
    let isChanged = false;
    for (let slot = 0; slot < y.to - y.from - 1; slot++) {
      const value = b[y.from + 1 + slot] as Value;
      const edit = this.#slot(a[from + 1 + slot] as Value, value);
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

  #levelScript(template: RenderedTemplate, a: Ops, x: Entry, b: Ops, y: Entry, range: OpRange): Script {
    const run = entriesAround(template.statics, a, x, range.from, range.aTo);
    const olds: Side = { ops: a, entries: run.entries };
    const news: Side = {
      ops: b,
      entries: entriesAround(template.statics, b, y, y.from - x.from + range.from, range.bTo).entries,
    };
    const [first, oldEnd, newEnd] = changedEntries(olds, news);
    const script = new ScriptWriter(run.index + first);
    if (Math.max(oldEnd, newEnd) - first > MAX_MIDDLE) {
      for (const entry of news.entries.slice(first, newEnd)) this.#insert(script, b, entry);
      return script.end(run.index + oldEnd);
    }
    const { old, equal } = new EntryMatcher(template, x.block, olds, news, first, oldEnd, newEnd).match();
    const stays = longestRun(old);
    for (let place = 0; place < old.length; place++) {
      const after = news.entries[first + place]!;
      const index = old[place]!;
      if (index < 0) this.#insert(script, b, after);
      else if (equal[place]) script.keep(run.index + index, stays[place] === 1);
      else
        script.change(
          run.index + index,
          stays[place] === 1,
          this.#change(template, x.block, a, olds.entries[index]!, b, after),
        );
    }
    return script.end(run.index + oldEnd);
  }

  #insert(script: ScriptWriter, ops: Ops, { from, to }: Entry): void {
    const inserted = ops.slice(from, to);
    collectTemplates(inserted, this.inserted);
    script.insert(inserted);
  }

  #change(template: RenderedTemplate, level: number, a: Ops, x: Entry, b: Ops, y: Entry): Change | null {
    if (x.block === level) return this.#slots(a, x.from, b, y);
    const script = this.#levelChange(template, a, x, b, y, y.from + 1);
    return script.length > 0 ? [script] : null;
  }
}

function wholeOf(ops: Ops): Entry {
  return { block: 0, from: 0, to: ops.length };
}

/** Where two stretches of ops differ: a common first place, counted in the old ones, and the ends behind the last difference. */
interface OpRange {
  readonly from: number;
  readonly aTo: number;
  readonly bTo: number;
}

function changedOps(a: Ops, x: Entry, b: Ops, y: Entry): OpRange | null {
  let from = x.from;
  const shift = y.from - x.from;
  const end = Math.min(x.to, y.to - shift);
  while (from < end && (a[from] === b[from + shift] || isSameValue(a[from]!, b[from + shift]!))) from++;
  if (from === x.to && from + shift === y.to) return null;
  let [aTo, bTo] = [x.to, y.to];
  while (aTo > from && bTo > from + shift && (a[aTo - 1] === b[bTo - 1] || isSameValue(a[aTo - 1]!, b[bTo - 1]!))) {
    aTo--;
    bTo--;
  }
  return { from, aTo, bTo };
}

/** Where two runs of entries differ: the first entry, and the ends of the differing middles. */
function changedEntries(a: Side, b: Side): [first: number, aEnd: number, bEnd: number] {
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
function changedValues(
  template: RenderedTemplate,
  a: Ops,
  x: Entry,
  b: Ops,
  y: Entry,
  { from, aTo, bTo }: OpRange,
  identity: number,
): number[] | null {
  const shift = y.from - x.from;
  if (aTo + shift !== bTo || x.to + shift !== y.to) return null;
  const identities = identitiesOf(template);
  const most = Math.max(MIN_VALUES, (x.to - x.from) / VALUE_SHARE);
  const changed: number[] = [];
  for (let at = from; at < aTo; at++) {
    const [before, after] = [a[at]!, b[at + shift]!];
    if (before === after || isSameValue(before, after)) continue;
    // Only segments are numbers.
    if (typeof before === "number" || typeof after === "number") return null;
    const segment = a[at - 1]!;
    const isFirst = typeof segment === "number" && identities[segment] === 1 && at + shift !== identity;
    if (isFirst && firstText(before) !== firstText(after)) return null;
    if (changed.push(at + shift) > most) return null;
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
