import { frozenAt, unfrozenKind } from "./freeze.js";
import type { CodeReads, IncludeRead, Obstacle } from "./reads.js";
import type { Rendered } from "./rendered.js";

/** What sharing asks of a template. */
export interface Shareable {
  readonly name: string;
  readonly reads: CodeReads;
  lineOf(at: number): number;
  /** The template that one of its literal includes names; null when there is none. */
  included(include: IncludeRead): Shareable | null;
}

/** What a rendering depends on. */
export interface SharingPlan {
  /** Names that it and its includes may read from the context; null when they are not known. */
  readonly keys: readonly string[] | null;
  /** Why it can never be shared; null when that depends on the values only. */
  readonly obstacle: string | null;
}

/** Kept per template under one frozen value, and of those that read primitives only. */
const MAX_ENTRIES = 16;

/** Names go up from include to includer, less those that the include is given. */
export function planSharing(root: Shareable): SharingPlan {
  const all = withIncludes(root);
  const obstacle = firstObstacle(root, all);
  const isKnown = all.every(({ reads }) => !reads.unknown && reads.includes.every(({ name }) => name !== null));
  return { keys: isKnown ? [...keysOf(all).get(root)!] : null, obstacle };
}

function withIncludes(root: Shareable): Shareable[] {
  const all = [root];
  for (const template of all) {
    for (const include of template.reads.includes) {
      const target = include.name === null ? null : template.included(include);
      if (target && !all.includes(target)) all.push(target);
    }
  }
  return all;
}

function firstObstacle(root: Shareable, all: readonly Shareable[]): string | null {
  for (const template of all) {
    const found = obstacleIn(template);
    if (!found) continue;
    const where = template === root ? "" : `the included "${template.name}", `;
    return `${where}line ${template.lineOf(found.at)}: ${found.message}`;
  }
  return null;
}

function obstacleIn(template: Shareable): Obstacle | null {
  const { impure, unknown, includes } = template.reads;
  const lost = includes.find((include) => include.name === null || !template.included(include));
  const message =
    lost?.name === null ? "it includes a template by a computed name" : "it includes a template that is not there";
  return unknown ?? impure ?? (lost ? { at: lost.at, message } : null);
}

/** Templates may include each other: repeated until nothing is added. */
function keysOf(all: readonly Shareable[]): Map<Shareable, Set<string>> {
  const keys = new Map(all.map((template) => [template, new Set(template.reads.names.map(({ name }) => name))]));
  for (let size = -1, sum = 0; size !== sum;) {
    size = sum;
    for (const [template, own] of keys) {
      for (const include of template.reads.includes) {
        const target = include.name === null ? null : template.included(include);
        for (const key of (target && keys.get(target)) ?? []) if (!include.given.has(key)) own.add(key);
      }
    }
    sum = [...keys.values()].reduce((total, own) => total + own.size, 0);
  }
  return keys;
}

interface Entry {
  readonly values: readonly unknown[];
  readonly rendered: Rendered;
}

/** What a template reads at one moment, and where a rendering of it is kept. */
export interface Reading {
  readonly values: readonly unknown[];
  /** the most recently frozen value, with which the rendering dies; null when all are primitives */
  readonly home: object | null;
}

/** The values of these names, or why they cannot be shared. */
export function readShareable(keys: readonly string[], it: Readonly<Record<string, unknown>>): Reading | string {
  const values: unknown[] = [];
  let home: object | null = null;
  let latest = -1;
  for (const key of keys) {
    const value = it[key];
    values.push(value);
    if (value === null || (typeof value !== "object" && typeof value !== "function")) continue;
    const order = frozenAt(value);
    if (order === undefined) return `it.${key} is ${unfrozenKind(value)}`;
    if (order > latest) [home, latest] = [value, order];
  }
  return { values, home };
}

/** Renderings of one template, kept with the values they were made of. */
export class SharedRenderings {
  #byHome = new WeakMap<object, Entry[]>();
  #ofPrimitives: Entry[] = [];
  /** One, which outlives its values until the next: thousands of pages in a row ask for the same. */
  #last: Entry | null = null;

  /** What was asked for last, if it was made of these very values. */
  again(values: readonly unknown[]): Rendered | null {
    return this.#last && isSame(this.#last.values, values) ? this.#last.rendered : null;
  }

  find({ values, home }: Reading): Rendered | null {
    const entries = home ? this.#byHome.get(home) : this.#ofPrimitives;
    if (!entries) return null;
    for (const entry of entries) if (isSame(entry.values, values)) return (this.#last = entry).rendered;
    return null;
  }

  keep({ values, home }: Reading, rendered: Rendered): void {
    let entries = home ? this.#byHome.get(home) : this.#ofPrimitives;
    if (!entries) this.#byHome.set(home!, (entries = []));
    if (entries.length >= MAX_ENTRIES) entries.shift();
    entries.push((this.#last = { values, rendered }));
  }
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}
