/**
 * What a template renders to, as it travels, and what changes it. Shared by server and browser.
 *
 * A **segment** is a straight run of static text and `<%= %>` values between two `<% %>` tags: it is printed whole or not
 * at all. A rendering is a flat list of **ops**: the number of a segment, then one value per slot of it, and so on.
 * A `{ }` block of the template is a **level**; one pass through a block (a row, an avatar, an open `if`) is an **item**.
 * `entries()` groups the ops of one level into its own segments and the items of the blocks right below it.
 *
 *     Rendered  {"t": id, "o": [segment, value…, segment, value…]}      value: escaped string | Rendered
 *     statics   {id: [segments, blocks, parents, kinds]}
 *       segments  per segment its strings: one more than it has slots
 *       blocks    per segment the block it stands in; 0 is the template itself
 *       parents   per block the block around it; -1 for block 0
 *       kinds     per segment a string: where the segment begins (t, a, r or x), then per slot what it is
 *                   t text · h raw HTML of `<%~ %>`, an include among them · a inside an open tag
 *                   r text of textarea, title, style, script… · x anything that cannot be changed alone (comment, tag name, template…)
 *
 *     edit      script | Rendered (another template: replace all)
 *     script    [step…], a cursor over the *old* entries of one level; entries left over at the end are kept
 *       n                     keep n entries
 *       -n                    take n entries out (those that a "<" or "=" step of this script names move, the others go)
 *       {slot: value|script}  change values of the segment at the cursor; a script goes into the Rendered of that slot
 *       [script]              go into the item at the cursor
 *       ["+", op…]            insert segments with their values; they make entries of this level
 *       ["<", i | [i, n]…]    put the old entries number i (to i + n - 1) here
 *       ["=", i, change]      put the old entry number i here, changed: {slot: …} of a segment, [script] of an item
 *
 * One cell of a row: `[501,[{"4":"v1"}]]`. Two rows swapped: `[2,["<",999],-1,996,["<",2],-1]`.
 */
export type Value = string | WireRendered;
/** Segment number, its values, segment number, its values… */
export type Ops = readonly (number | Value)[];

export interface WireRendered {
  readonly t: string;
  readonly o: Ops;
}

export type TemplateStatics = readonly [
  segments: readonly (readonly string[])[],
  blocks: readonly number[],
  parents: readonly number[],
  kinds: readonly string[],
];
export type Statics = Readonly<Record<string, TemplateStatics>>;

export interface SlotEdits {
  readonly [slot: number]: Value | Script;
}
export type Change = SlotEdits | readonly [Script];
export type Insert = readonly ["+", ...Ops];
export type Move = readonly ["<", ...(number | readonly [first: number, count: number])[]];
export type MoveChanged = readonly ["=", number, Change];
export type Step = number | Change | Insert | Move | MoveChanged;
/** The same as `Script`, named for readers of the grammar. */
export type Steps = readonly Step[];
export interface Script extends Steps {}
export type Edit = Script | WireRendered;

/** What was done and what was saved, since the start. */
export interface RenderCounts {
  renders: number;
  shared: number;
  diffs: number;
  encodes: number;
}

/** What the server knows of a template. */
export interface RenderedTemplate {
  /** Hash of the statics: the same on every node and after a restart. */
  readonly id: string;
  readonly statics: TemplateStatics;
  /** Statics of what it includes by literal names, its own among them: a page has them since its join. */
  readonly reachable: Statics;
  /** Per block: there may be several passes through it within one pass of the block around it. */
  readonly loops: readonly boolean[];
  /** Some of its slots take HTML: includes among others. */
  readonly holdsHtml: boolean;
  readonly counts: RenderCounts;
}

/** A rendering on the server: JSON of it is a `WireRendered`, printing it gives HTML. Never changed once made. */
export interface Rendered extends WireRendered {
  readonly template: RenderedTemplate;
  /** Others that see the same were, or will be, given this very object. */
  readonly isShared: boolean;
  /** The HTML. */
  toString(): string;
}

/** Ops `from` to `to` (exclusive) of one level: an own segment if `block` is the level's own, else a pass through `block`. */
export interface Entry {
  readonly block: number;
  readonly from: number;
  to: number;
}

/** The block right below `level` that `block` lies in; `level` itself for its own. */
export function blockBelow(parents: readonly number[], block: number, level: number): number {
  if (block === level) return level;
  while (parents[block] !== level) block = parents[block]!;
  return block;
}

/**
 * Whether a segment begins an entry of a level, after the segment `last`. A pass through a block ends where the text
 * goes backwards: at an own segment of the block, or at one of another block inside it.
 */
export function beginsEntry(template: TemplateStatics, level: number, last: number, segment: number): boolean {
  const [, blocks, parents] = template;
  const inLevel = (of: number) => blockBelow(parents, blocks[of]!, level);
  const block = inLevel(segment);
  if (block === level || block !== inLevel(last)) return true;
  const inside = blockBelow(parents, blocks[segment]!, block);
  if (inside === block) return segment <= last;
  return segment < last && inside !== blockBelow(parents, blocks[last]!, block);
}

/**
 * The entries of one level, in order. Whether an entry begins depends on two neighbouring segments only, so any run of
 * whole entries groups alone as it does among others.
 *
 * @param level block whose entries are wanted: 0 for a whole rendering, `entry.block` for the inside of an item
 */
export function entries(template: TemplateStatics, ops: Ops, level = 0, from = 0, to = ops.length): Entry[] {
  const [segments, blocks, parents] = template;
  const list: Entry[] = [];
  let last = 0;
  let entry: Entry | undefined;
  for (let at = from; at < to;) {
    const segment = ops[at] as number;
    const end = at + segments[segment]!.length;
    if (entry && !beginsEntry(template, level, last, segment)) entry.to = end;
    else list.push((entry = { block: blockBelow(parents, blocks[segment]!, level), from: at, to: end }));
    last = segment;
    at = end;
  }
  return list;
}

export function staticsOf(statics: Statics, id: string): TemplateStatics {
  const template = statics[id];
  if (!template) throw new Error("No statics of template " + id);
  return template;
}

/** What a rendering looks like after an edit; `rendered` stays as it is. Inverse of the server's `diff`: `patch(a, diff(a, b))` equals `b`. */
export function patch(rendered: WireRendered, edit: Edit, statics: Statics): WireRendered {
  if (!Array.isArray(edit)) return edit as WireRendered;
  const { t, o } = rendered;
  return { t, o: patchLevel(statics, staticsOf(statics, t), o, { block: 0, from: 0, to: o.length }, edit as Script) };
}

function patchLevel(statics: Statics, template: TemplateStatics, ops: Ops, level: Entry, script: Script): Ops {
  const old = entries(template, ops, level.block, level.from, level.to);
  const result: (number | Value)[] = [];
  const append = (more: Ops) => {
    for (const op of more) result.push(op);
  };
  const keep = (first: number, count: number) => {
    if (count > 0) append(ops.slice(old[first]!.from, old[first + count - 1]!.to));
  };
  const change = (index: number, how: Change) => {
    const entry = old[index]!;
    if (Array.isArray(how)) append(patchLevel(statics, template, ops, entry, how[0]));
    else append(patchSegment(statics, ops.slice(entry.from, entry.to), how as SlotEdits));
  };
  const move = (ranges: Move) => {
    for (const at of ranges as readonly (number | string | readonly [number, number])[]) {
      if (typeof at === "number") keep(at, 1);
      else if (typeof at !== "string") keep(at[0], at[1]);
    }
  };
  let cursor = 0;
  for (const step of script) {
    if (typeof step === "number") {
      if (step > 0) keep(cursor, step);
      cursor += Math.abs(step);
    } else if (!Array.isArray(step) || Array.isArray(step[0])) change(cursor++, step as Change);
    else if (step[0] === "+") append(step.slice(1) as Ops);
    else if (step[0] === "=") change(step[1] as number, step[2] as Change);
    else move(step as unknown as Move);
  }
  keep(cursor, old.length - cursor);
  return result;
}

function patchSegment(statics: Statics, op: Ops, edits: SlotEdits): Ops {
  return op.map((value, index) => {
    const edit = index ? edits[index - 1] : undefined;
    if (edit === undefined) return value;
    return typeof edit === "string" ? edit : patch(value as WireRendered, edit, statics);
  });
}

/** The HTML of a rendering. */
export function toHtml({ t, o }: WireRendered, statics: Statics): string {
  const [segments] = staticsOf(statics, t);
  let html = "";
  for (let at = 0; at < o.length;) {
    const strings = segments[o[at++] as number]!;
    html += strings[0];
    for (let slot = 1; slot < strings.length; slot++) {
      const value = o[at++] as Value;
      html += (typeof value === "string" ? value : toHtml(value, statics)) + strings[slot];
    }
  }
  return html;
}
