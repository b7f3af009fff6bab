import type { Change, Ops, Script, SlotEdits, Step, Value } from "../../src/render/rendered.js";
import { isText } from "./markup.js";
import { parse } from "./parse.js";
import { type Child, Part, type Range, Region, type Segment, type Slot } from "./regions.js";

/** Does to the page what the steps say. False: it could not, and shows something older. */
export interface Page {
  /** Whether a node still stands where the region found it, with nobody's else beside it. */
  isKnown(node: Node | null, region: Region): node is ChildNode;
  /** Changes a region whose place in the page is known, else its model only. */
  enter(region: Region, script: Script, isKnown: boolean): boolean;
  insert(items: readonly Region[], place: ChildNode): boolean;
  remove(item: Range): boolean;
  move(item: Range, place: ChildNode): boolean;
  write(text: Text, value: string): boolean;
  /** Shows a value, or the region that it became, in place of what the range shows. */
  refresh(range: Range, shown: Region | string): boolean;
  /** @param before the HTML that the part had */
  updatePart(part: Part, before: string | null): boolean;
}

const LONG = 99;

/**
 * One script on one level. The model takes every step; the page takes them as long as each finds its place, and if it
 * does not, the caller shows the whole level anew.
 */
export class LevelEdit {
  private readonly old: readonly Child[];
  /** The new entries up to the cursor; null while they are the old ones. */
  private next: Child[] | null = null;
  private cursor = 0;
  /** Numbers of old entries that were put elsewhere, and of those that leave their place. */
  private readonly moved = new Set<number>();
  private readonly left: number[] = [];
  /** Parts to be written at the end, with the HTML that they had. */
  private readonly parts = new Map<Part, string | null>();

  constructor(
    private readonly page: Page,
    private readonly region: Region,
    /** Whether the page is up to date as far as the steps went. */
    private isDone: boolean,
  ) {
    this.old = region.open();
  }

  run(script: Script): boolean {
    if (script.some(isStructural)) this.next = [];
    for (const step of script) this.step(step);
    if (this.next) {
      this.keep(this.old.length - this.cursor);
      for (const at of this.left) if (!this.moved.has(at)) this.remove(this.old[at]!);
      this.region.children = this.next;
    }
    for (const [part, before] of this.parts) this.act(null, () => this.page.updatePart(part, before));
    return this.isDone;
  }

  private step(step: Step): void {
    if (typeof step === "number") {
      if (step > 0) this.keep(step);
      else for (let count = step; count < 0; count++) this.left.push(this.cursor++);
    } else if (!isStructural(step)) {
      const child = this.old[this.cursor]!;
      this.change(child, step as Change);
      this.keep(1);
    } else {
      const [kind, ...rest] = step as readonly [string, ...unknown[]];
      if (kind === "+") this.insert(rest as Ops);
      else if (kind === "=") this.change(this.put(rest[0] as number), rest[1] as Change);
      else
        for (const at of rest as (number | readonly [number, number])[]) {
          const [first, count] = typeof at === "number" ? [at, 1] : at;
          for (let more = 0; more < count; more++) this.put(first + more);
        }
    }
  }

  private keep(count: number): void {
    const end = this.cursor + count;
    // One copy of a long stretch, so that an item more costs the same on any page.
    if (count > LONG) this.next = this.next && this.next.concat(this.old.slice(this.cursor, end));
    else this.next?.push(...this.old.slice(this.cursor, end));
    this.cursor = end;
  }

  private remove(child: Child): void {
    this.act(child, () => this.isKnown(child) && this.page.remove(child));
  }

  private insert(ops: Ops): void {
    const children = this.region.group(ops);
    this.next!.push(...children);
    const items = children.filter((child) => child instanceof Region);
    const place = this.place();
    if (place instanceof Part) for (const item of items) item.part = place;
    this.act(place, () => !!place && items.length === children.length && this.page.insert(items, place as ChildNode));
  }

  private put(at: number): Child {
    const child = this.old[at]!;
    this.next!.push(child);
    this.moved.add(at);
    const place = this.place();
    this.act(place, () => !!place && this.isKnown(child) && this.page.move(child, place as ChildNode));
    return child;
  }

  /** What lies behind the cursor: before it, or in it if it is a tag, goes what comes next. */
  private place(): ChildNode | Part | null {
    let at = this.cursor;
    while (this.moved.has(at)) at++;
    const child = this.old[at];
    if (child instanceof Region) return child.part ?? (this.isKnown(child) ? child.first : null);
    const node = child ? child.before : this.region.end;
    return node instanceof Part || this.page.isKnown(node, this.region) ? node : null;
  }

  private change(child: Child, change: Change): void {
    if (child instanceof Region) this.enter(child, child.part, (change as readonly [Script])[0]);
    else
      for (const [index, edit] of Object.entries(change as SlotEdits)) {
        const slot = child.slots[+index];
        const value = child.values[+index];
        if (value instanceof Region && Array.isArray(edit)) this.enter(value, slot, edit as Script);
        else this.replace(child, +index, slot, edit as Value);
      }
  }

  private enter(region: Region, place: Slot | null, script: Script): void {
    if (place instanceof Part) this.touch(place);
    const isDone = this.page.enter(region, script, !(place instanceof Part) && this.isKnown(region));
    this.act(place, () => isDone);
  }

  private replace(segment: Segment, index: number, slot: Slot, edit: Value): void {
    if (slot instanceof Part) this.touch(slot);
    const value = segment.values[index]!;
    const next = this.region.valueOf(edit);
    segment.values[index] = next;
    this.act(slot, () => {
      const range = slot as Range;
      if (!this.isKnown(range)) return false;
      if (range.isText) return this.write(range.first as Text, value, next);
      const { first, last } = range;
      const shown = next instanceof Region ? Object.assign(next, { first, last }) : { first, last };
      segment.slots[index] = shown;
      return this.page.refresh(shown, next);
    });
  }

  private write(text: Text, value: string | Region, next: string | Region): boolean {
    const isSound = typeof next === "string" && isText(next) && text.data === decode(value as string);
    return isSound && this.page.write(text, decode(next));
  }

  /** What lies in a part is written with it at the end; the rest at once, while the page keeps up. */
  private act(place: unknown, work: () => boolean): void {
    const part = place instanceof Region ? place.part : place;
    if (part instanceof Part) this.touch(part);
    else this.isDone = this.isDone && work();
  }

  /** Keeps what a part was before it is changed first. */
  private touch(part: Part): void {
    if (!this.parts.has(part)) this.parts.set(part, part.toHtml());
  }

  private isKnown(range: Child | Range): range is Range {
    return this.isDone && "first" in range && this.page.isKnown(range.first, this.region);
  }
}

function isStructural(step: Step): boolean {
  return typeof step === "number" ? step < 0 : Array.isArray(step) && typeof step[0] === "string";
}

function decode(text: string): string {
  return text.includes("&") ? parse(text, document.body).textContent! : text;
}
