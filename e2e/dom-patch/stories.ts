import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diff } from "../../src/render/diff.js";
import type { Rendered, Statics } from "../../src/render/rendered.js";
import { Templates } from "../../src/render/template.js";
import type { Random } from "../../src/testing/random.js";
import { hostileTemplates, parts } from "./hostile-templates.js";
import type { Story } from "./page.js";

export interface Row {
  readonly id: string;
  readonly name: string;
  readonly on: boolean;
  readonly kids: readonly Row[];
}

export interface Data {
  readonly title: string;
  readonly text: string;
  readonly raw: string;
  readonly on: boolean;
  readonly off: boolean;
  readonly rows: readonly Row[];
}

const WORDS = [
  "",
  " ",
  "a",
  "b",
  "Ada",
  "<b>",
  "&amp;",
  "a & b",
  "x\ny",
  "\nfoo",
  "\r\nq\r",
  "'\"",
  "lt;",
  "amp;",
  "é😀",
  "\0n",
  "#x41;",
];
const RAW = [
  "",
  "text",
  "<i>i</i>",
  "a<b>b</b>c",
  "&nbsp;x",
  "<p>1</p><p>2</p>",
  "<u>open",
  "</div>",
  "<!-- c -->",
  "<tr><td>t</td></tr>",
  "\n",
  "<input value=1>",
];

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)]!;
}

function row(random: Random, depth = 0): Row {
  const kids = depth < 2 && random() < 0.4 ? rows(random, 3, depth + 1) : [];
  return { id: String(Math.floor(random() * 40)), name: pick(random, WORDS), on: random() < 0.5, kids };
}

function rows(random: Random, most: number, depth = 0): Row[] {
  return Array.from({ length: Math.floor(random() * (most + 1)) }, () => row(random, depth));
}

export function randomData(random: Random): Data {
  return {
    title: pick(random, WORDS),
    text: pick(random, WORDS),
    raw: pick(random, RAW),
    on: random() < 0.5,
    off: random() < 0.5,
    rows: rows(random, 6),
  };
}

type Mutation = (data: Data, random: Random) => Data;

const MUTATIONS: readonly Mutation[] = [
  (data, random) => ({ ...data, title: pick(random, WORDS) }),
  (data, random) => ({ ...data, text: pick(random, WORDS) }),
  (data, random) => ({ ...data, raw: pick(random, RAW) }),
  (data) => ({ ...data, on: !data.on }),
  (data) => ({ ...data, off: !data.off }),
  (data, random) => ({ ...data, rows: data.rows.toSpliced(at(data, random), 0, row(random)) }),
  (data, random) => ({ ...data, rows: data.rows.toSpliced(at(data, random), 1) }),
  (data, random) => withRow(data, random, (old) => ({ ...old, name: pick(random, WORDS) })),
  (data, random) => withRow(data, random, (old) => ({ ...old, on: !old.on })),
  (data, random) => withRow(data, random, (old) => ({ ...old, kids: rows(random, 3, 1) })),
  (data) => ({ ...data, rows: data.rows.toReversed() }),
  (data, random) => ({ ...data, rows: data.rows.toSorted(() => random() - 0.5) }),
  (data, random) => {
    const from = at(data, random);
    const moved = data.rows.slice(from, from + 2);
    return { ...data, rows: data.rows.toSpliced(from, moved.length).toSpliced(at(data, random), 0, ...moved) };
  },
  (data) => ({ ...data, rows: data.rows.filter(({ on }) => on) }),
  (data) => ({ ...data, rows: [] }),
  (_, random) => randomData(random),
];

function at(data: Data, random: Random): number {
  return Math.floor(random() * (data.rows.length + 1));
}

function withRow(data: Data, random: Random, change: (old: Row) => Row): Data {
  const index = at(data, random);
  const old = data.rows[index];
  return old ? { ...data, rows: data.rows.with(index, change(old)) } : data;
}

function mutate(data: Data, random: Random): Data {
  let next = data;
  for (let count = random() < 0.7 ? 1 : 3; count > 0; count--) next = pick(random, MUTATIONS)(next, random);
  return next;
}

/** What may happen besides the edits. */
export interface Twists {
  readonly normalized?: readonly boolean[];
  /** Which edits send the whole rendering anew. */
  readonly whole?: readonly boolean[];
  readonly html?: string | undefined;
}

/** Tells stories of templates and data as a server would. */
export class Narrator {
  private readonly directory = mkdtempSync(join(tmpdir(), "convive-dom-patch-"));
  private readonly templates: Templates;

  constructor() {
    for (const [name, source] of Object.entries(parts)) writeFileSync(join(this.directory, `${name}.eta`), source);
    this.templates = new Templates({ directories: [this.directory] });
  }

  close(): void {
    this.templates.close();
    rmSync(this.directory, { recursive: true });
  }

  render(source: string, data: object): Rendered {
    return this.templates.render({ source }, data as Record<string, unknown>);
  }

  /** The states of one page, one after the other. */
  tell(name: string, source: string, states: readonly object[], twists: Twists = {}): Story {
    const { normalized = [], whole = [], html } = twists;
    const renderings = states.map((data) => this.render(source, data));
    const statics: Statics = Object.assign({}, ...renderings.map((rendering) => this.templates.staticsOf(rendering)));
    const [rendered, ...others] = renderings;
    const edits = others.map((next, index) => (whole[index] ? next : diff(renderings[index]!, next)));
    const story = { name, statics, rendered: rendered!, edits, normalized, html };
    return JSON.parse(JSON.stringify(story)) as Story;
  }

  /** A random story of each hostile template. */
  *tellRandom(random: Random, length: number): Generator<Story> {
    for (const [name, source] of Object.entries(hostileTemplates)) {
      const states = [randomData(random)];
      while (states.length <= length) states.push(mutate(states.at(-1)!, random));
      const isDisturbed = random() < 0.3;
      yield this.tell(name, source, states, {
        normalized: states.map(() => isDisturbed && random() < 0.3),
        whole: states.map(() => random() < 0.02),
        html: random() < 0.2 ? String(this.render(source, mutate(states[0]!, random))) : undefined,
      });
    }
  }
}
