import type {
  Change,
  Move,
  Ops,
  Script,
  SlotEdits,
  Statics,
  Step,
  Value,
  WireRendered,
} from "../../src/render/rendered.js";
import { isText } from "./markup.js";
import { type Child, Part, type Range, Region, type Segment, type Slot, childrenOf, regionOf } from "./regions.js";

/** Does to the page what the steps say. False: it could not, and shows something older. */
export interface Page {
  readonly statics: Statics;
  /** Whether a node still stands where the region found it, with nobody's else beside it. */
  isKnown(node: Node | null, region: Region): node is ChildNode;
  /** Changes a region whose place in the page is known, else its model only. */
  enter(region: Region, script: Script, isKnown: boolean): boolean;
  insert(items: readonly Region[], place: ChildNode): boolean;
  remove(item: Region): boolean;
  move(item: Region, place: ChildNode): boolean;
  write(text: Text, value: string): void;
  /** Shows a value, or the region that it became, in place of what the range shows. */
  refresh(range: Range, shown: Region | string): boolean;
  /** @param before the HTML that the part had */
  updatePart(part: Part, before: string | null): boolean;
}

/**
 * One script on one level. The model takes every step; the page takes them as long as each finds its place, and if it
 * does not, the caller shows the whole level anew.
 */
export class LevelEdit {
  private readonly old: readonly Child[];
  /** The new entries up to the cursor; null while they are the old ones. */
  private next: Child[] | null = null;
  private cursor = 0;
  /** Numbers of old entries that change place, and of those that have. */
  private readonly moving = new Set<number>();
  private readonly moved = new Set<number>();
  /** Parts to be written at the end, with the HTML that they had. */
  private readonly parts = new Map<Part, string | null>();

  constructor(
    private readonly page: Page,
    private readonly region: Region,
    /** Whether the page is up to date as far as the steps went. */
    private isDone: boolean,
  ) {
    this.old = region.open(page.statics);
  }

  run(script: Script): boolean {
    if (script.some(isStructural)) this.next = [];
    for (const step of script) if (Array.isArray(step)) for (const at of placesOf(step)) this.moving.add(at);
    for (const step of script) this.step(step);
    if (this.next) {
      this.keep(this.old.length - this.cursor);
      this.region.children = this.next;
    }
    for (const [part, before] of this.parts) this.check(this.isDone && this.page.updatePart(part, before));
    return this.isDone;
  }

  private step(step: Step): void {
    if (typeof step === "number") {
      if (step > 0) this.keep(step);
      else this.takeOut(-step);
    } else if (!Array.isArray(step) || Array.isArray(step[0])) {
      const child = this.old[this.cursor++]!;
      this.change(child, step as Change);
      this.next?.push(child);
    } else if (step[0] === "+") this.insert(step.slice(1) as Ops);
    else
      for (const at of placesOf(step)) {
        this.put(at);
        if (step[0] === "=") this.change(this.old[at]!, step[2] as Change);
      }
  }

  private keep(count: number): void {
    for (let at = 0; this.next && at < count; at++) this.next.push(this.old[this.cursor + at]!);
    this.cursor += count;
  }

  private takeOut(count: number): void {
    for (const end = this.cursor + count; this.cursor < end; this.cursor++) {
      const child = this.old[this.cursor]!;
      if (this.moving.has(this.cursor)) continue;
      if (child instanceof Region && child.part) this.touch(child.part);
      else this.check(this.isKnownItem(child) && this.page.remove(child));
    }
  }

  private insert(ops: Ops): void {
    const { template, block } = this.region;
    const children = childrenOf(this.page.statics, template, block, ops);
    this.next!.push(...children);
    const items = children.filter((child) => child instanceof Region);
    const place = items.length === children.length ? this.place() : null;
    if (place instanceof Part) {
      this.touch(place);
      for (const item of items) item.part = place;
    } else this.check(!!place && this.isDone && this.page.insert(items, place));
  }

  private put(at: number): void {
    const child = this.old[at]!;
    this.next!.push(child);
    this.moved.add(at);
    const place = this.place();
    if (place instanceof Part) this.touch(place);
    else this.check(!!place && this.isKnownItem(child) && this.page.move(child, place));
  }

  /** What lies behind the cursor: before it, or in it if it is a tag, goes what comes next. */
  private place(): ChildNode | Part | null {
    let at = this.cursor;
    while (this.moved.has(at)) at++;
    const child = this.old[at];
    if (child instanceof Region && child.part) return child.part;
    const node = !child ? this.region.end : child instanceof Region ? child.first : child.before;
    return node instanceof Part || this.page.isKnown(node, this.region) ? node : null;
  }

  private change(child: Child, change: Change): void {
    if (!(child instanceof Region)) {
      for (const index of Object.keys(change)) this.changeSlot(child, +index, (change as SlotEdits)[+index]!);
    } else if (child.part) {
      this.touch(child.part);
      this.page.enter(child, (change as readonly [Script])[0], false);
    } else this.check(this.page.enter(child, (change as readonly [Script])[0], this.isKnownItem(child)));
  }

  private changeSlot(segment: Segment, index: number, edit: Value | Script): void {
    const slot = segment.slots[index];
    const value = segment.values[index]!;
    if (slot instanceof Part) this.touch(slot);
    if (value instanceof Region && Array.isArray(edit)) {
      const isKnown = this.isDone && slot === value && this.page.isKnown(value.first, this.region);
      const isDone = this.page.enter(value, edit as Script, isKnown);
      if (!(slot instanceof Part)) this.check(isDone);
      return;
    }
    const next = typeof edit === "string" ? edit : regionOf(edit as WireRendered);
    segment.values[index] = next;
    if (!(slot instanceof Part)) this.check(this.isDone && this.write(segment, index, slot, value, next));
  }

  private write(segment: Segment, index: number, slot: Slot, value: string | Region, next: string | Region): boolean {
    if (!slot || slot instanceof Part || !this.page.isKnown(slot.first, this.region)) return false;
    if ("isText" in slot && slot.isText) {
      const node = slot.first as Text;
      if (typeof next !== "string" || !isText(next) || node.data !== decode(value as string)) return false;
      this.page.write(node, decode(next));
      return true;
    }
    const { first, last } = slot;
    const range = typeof next === "string" ? { first, last, isText: false } : Object.assign(next, { first, last });
    segment.slots[index] = range;
    return this.page.refresh(range, next);
  }

  /** Keeps what a part was, before it is changed first. */
  private touch(part: Part): void {
    if (!this.parts.has(part)) this.parts.set(part, part.toHtml(this.page.statics));
  }

  private isKnownItem(child: Child): child is Region {
    return this.isDone && child instanceof Region && this.page.isKnown(child.first, this.region);
  }

  private check(isDone: boolean): void {
    if (!isDone) this.isDone = false;
  }
}

function isStructural(step: Step): boolean {
  return typeof step === "number" ? step < 0 : Array.isArray(step) && typeof step[0] === "string";
}

/** Numbers of the old entries that a step puts elsewhere. */
function placesOf(step: readonly unknown[]): number[] {
  if (step[0] === "=") return [step[1] as number];
  if (step[0] !== "<") return [];
  return (step as Move).slice(1).flatMap((at) => {
    if (!Array.isArray(at)) return at as number;
    const [first, count] = at as [number, number];
    return Array.from({ length: count }, (_, index) => first + index);
  });
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

function decode(text: string): string {
  return text.includes("&") ? text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name]!) : text;
}
