import { DIFF } from "../protocol.js";
import { difference, type Difference } from "./diff.js";
import {
  entries,
  type Edit,
  type Entry,
  type Rendered,
  type RenderedTemplate,
  type Script,
  type Statics,
} from "./rendered.js";
import { isTree } from "./tree.js";

/** What one page, or all that show the same, must be sent. */
export interface RenderedChange {
  readonly edit: Edit;
  /** JSON of the edit */
  readonly text: string;
  /** Statics that a page may lack: of templates it cannot reach by literal includes. */
  readonly statics: Statics | null;
  /** The whole frame, encoded once per topic; the same bytes for everybody. */
  frame(topic: string): Buffer;
}

/** Frames of one change, for the topics it goes to. */
const MAX_FRAMES = 16;
/** Stands for the shared part while the text around it is made; no template can print it, values have no NUL. */
const HOLE = "\0";
const HOLE_TEXT = JSON.stringify(HOLE);

const changes = new WeakMap<Rendered, WeakMap<Rendered, RenderedChange>>();
const parts = new WeakMap<Difference, SharedPart>();

/**
 * What must be sent to a page that shows `previous`, or null when nothing changed. Of shared renderings it is one object
 * for all; so is the frame of pages of their own whose only change is one shared part at the same place.
 */
export function changeBetween(previous: Rendered, next: Rendered): RenderedChange | null {
  if (previous === next) return null;
  if (!previous.isShared || !next.isShared) return ownChange(previous, next);
  let after = changes.get(previous);
  if (!after) changes.set(previous, (after = new WeakMap()));
  const known = after.get(next);
  if (known) return known;
  const change = changeOf(difference(previous, next), previous.template);
  if (change) after.set(next, change);
  return change;
}

function changeOf(found: Difference, root: RenderedTemplate): RenderedChange | null {
  return found.edit && new Change(found.edit, missingStatics(found, root), root);
}

function ownChange(previous: Rendered, next: Rendered): RenderedChange | null {
  const place = onlySharedPart(previous, next);
  if (!place) return changeOf(difference(previous, next), previous.template);
  const found = difference(...place.pair);
  if (!found.edit) return null;
  let part = parts.get(found);
  if (!part) parts.set(found, (part = new SharedPart(found)));
  return part.at(place.around, next.template);
}

function missingStatics({ inserted }: Difference, root: RenderedTemplate): Statics | null {
  const missing: Record<string, Statics[string]> = {};
  let isNeeded = false;
  for (const { reachable } of Object.values(inserted)) {
    for (const [id, statics] of Object.entries(reachable)) {
      if (Object.hasOwn(root.reachable, id)) continue;
      missing[id] = statics;
      isNeeded = true;
    }
  }
  return isNeeded ? missing : null;
}

class Change implements RenderedChange {
  readonly #frames = new Map<string, Buffer>();
  #text: string | null;

  constructor(
    readonly edit: Edit,
    readonly statics: Statics | null,
    private readonly template: RenderedTemplate,
    text: string | null = null,
  ) {
    this.#text = text;
  }

  get text(): string {
    return (this.#text ??= JSON.stringify(this.edit));
  }

  frame(topic: string): Buffer {
    let frame = this.#frames.get(topic);
    if (frame) return frame;
    this.template.counts.encodes++;
    const statics = this.statics ? `,"s":${JSON.stringify(this.statics)}` : "";
    frame = Buffer.from(`[null,null,${JSON.stringify(topic)},"${DIFF}",{"d":${this.text}${statics}}]`);
    if (this.#frames.size < MAX_FRAMES) this.#frames.set(topic, frame);
    return frame;
  }
}

/** A shared part's difference, in the pages it stands in. */
class SharedPart {
  readonly #byPage = new Map<RenderedTemplate, Map<string, RenderedChange>>();
  readonly #text: string;

  constructor(private readonly found: Difference) {
    this.#text = JSON.stringify(found.edit);
  }

  /** @param around the script of a page, with a hole where this goes */
  at(around: Script, page: RenderedTemplate): RenderedChange {
    let byPlace = this.#byPage.get(page);
    if (!byPlace) this.#byPage.set(page, (byPlace = new Map()));
    const place = JSON.stringify(around);
    let change = byPlace.get(place);
    if (!change) {
      const text = place.replace(HOLE_TEXT, () => this.#text);
      change = new Change(JSON.parse(text) as Edit, missingStatics(this.found, page), page, text);
      if (byPlace.size < MAX_FRAMES) byPlace.set(place, change);
    }
    return change;
  }
}

interface SharedPlace {
  readonly pair: readonly [Rendered, Rendered];
  readonly around: Script;
}

/** The one shared part that two renderings of a page differ in; null when they differ in anything else. */
function onlySharedPart(previous: Rendered, next: Rendered): SharedPlace | null {
  const at = next.template.holdsHtml ? onlyDifference(previous, next) : -1;
  if (at < 0) return null;
  const [before, after] = [previous.o[at], next.o[at]];
  if (!isTree(before) || !isTree(after) || before.t !== after.t) return null;
  if (before.isShared && after.isShared) return { pair: [before, after], around: scriptTo(next, at, HOLE) };
  const inner = onlySharedPart(before, after);
  return inner && { pair: inner.pair, around: scriptTo(next, at, inner.around) };
}

/** The place of the only value that differs, in renderings of one shape; else -1. */
function onlyDifference({ t, o }: Rendered, next: Rendered): number {
  if (t !== next.t || o.length !== next.o.length) return -1;
  let found = -1;
  for (let at = 0; at < o.length; at++) {
    if (o[at] === next.o[at]) continue;
    if (found >= 0) return -1;
    found = at;
  }
  return found;
}

/** The script that changes the value at one place of the ops, and nothing else. */
function scriptTo({ o, template }: Rendered, at: number, change: string | Script): Script {
  const steps: unknown[] = [];
  let into = steps;
  for (let level: Entry = { block: 0, from: 0, to: o.length }; ;) {
    const list = entries(template.statics, o, level.block, level.from, level.to);
    const index = list.findIndex(({ to }) => at < to);
    const entry = list[index]!;
    if (index > 0) into.push(index);
    if (entry.block === level.block) {
      into.push({ [at - entry.from - 1]: change });
      return steps as Script;
    }
    const inside: unknown[] = [];
    into.push([inside]);
    [into, level] = [inside, entry];
  }
}
