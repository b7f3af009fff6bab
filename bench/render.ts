import { Eta } from "eta";
import { changeBetween } from "../src/render/frames.js";
import { freeze } from "../src/render/freeze.js";
import type { InlineTemplate } from "../src/render/inline.js";
import { Templates } from "../src/render/template.js";
import { timeInterleaved } from "./measure.js";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Measurement, type Result } from "./result.js";

const NAME = "render";
const TOPIC = "lv:main";

const TABLE: InlineTemplate = {
  source: `<h1><%= it.title %></h1>
<table><thead><tr><th>Name</th><th>Mail</th><th>City</th><th>Score</th></tr></thead><tbody>
<% for (const row of it.rows) { %>
<tr><td><%= row.name %></td><td><%= row.mail %></td><td><%= row.city %></td><td><%= row.score %></td></tr>
<% } %>
</tbody></table>`,
};
const BRANCHES: InlineTemplate = {
  source: `<h1><%= it.title %></h1>
<table><tbody>
<% for (const row of it.rows) { %>
<tr><td><%= row.name %></td><td><%= row.mail %></td><td><% if (row.score > 500) { %><b><%= row.score %></b><% } else { %><%= row.score %><% } %></td></tr>
<% } %>
</tbody></table>`,
};
const BAR: InlineTemplate = {
  source: `<ul data-presence><% for (const p of it.people) { %><li data-user-id="<%= p.id %>" live-style:background="<%= p.color %>"><%= p.name %></li><% } %></ul><%= it.people.length %> online`,
};

interface Row {
  readonly name: string;
  readonly mail: string;
  readonly city: string;
  readonly score: number;
}

const CITIES = ["Bern", "Oslo", "Lima", "Rome", "Kyiv"];
const rows: readonly Row[] = Array.from({ length: 1000 }, (_, i) => ({
  name: `Person number ${i}`,
  mail: `person.${i}@mail.example.org`,
  city: CITIES[i % CITIES.length]!,
  score: (i * 7919) % 1000,
}));
const people = Array.from({ length: 100 }, (_, i) => ({ id: `user-${i}`, name: `Person ${i}`, color: "#3a7" }));

const templates = new Templates({ directories: [] });
const eta = new Eta();

/** What a page that was one and is now the other costs: tree, difference, frame. Nothing is frozen, so nothing is shared. */
function changing(template: InlineTemplate, states: readonly Record<string, unknown>[]): () => unknown {
  let turn = 0;
  let shown = templates.render(template, states[0]!);
  return () => {
    const next = templates.render(template, states[++turn % states.length]!);
    const frame = changeBetween(shown, next)!.frame(TOPIC);
    shown = next;
    return frame;
  };
}

/** Plain Eta, compiled once; the string is made flat, as it would be when it is written. */
function plain({ source }: InlineTemplate, states: readonly Record<string, unknown>[]): () => unknown {
  const render = eta.compile(source);
  let turn = 0;
  return () => {
    const html = render.call(eta, states[++turn % states.length]!, {});
    return html.charCodeAt(html.length >> 1);
  };
}

function costs(): Measurement[] {
  const changedRows = rows.with(500, { ...rows[500]!, score: 12_345 });
  const changedPeople = people.with(50, { ...people[50]!, name: "Somebody" });
  const cases: [string, InlineTemplate, Record<string, unknown>[]][] = [
    [
      "table of 1000 rows",
      TABLE,
      [
        { title: "T", rows },
        { title: "T", rows: changedRows },
      ],
    ],
    [
      "table of 1000 rows with branches",
      BRANCHES,
      [
        { title: "T", rows },
        { title: "T", rows: changedRows },
      ],
    ],
    ["bar of 100 people", BAR, [{ people }, { people: changedPeople }]],
  ];
  return cases.map(([name, template, states]) => {
    const size = Math.round(String(templates.render(template, states[0]!)).length / 1000);
    const { ours, plainEta } = timeInterleaved({ ours: changing(template, states), plainEta: plain(template, states) });
    return {
      case: `${name}, ${size} KB: tree + diff + encode`,
      value: ours.ms * 1000,
      unit: "µs",
      baseline: { name: "plain Eta to a string", value: plainEta.ms * 1000 },
      target: { ratio: 1.1 },
    };
  });
}

interface EditCase {
  readonly name: string;
  readonly next: readonly Row[];
  /** bytes that the payload may have */
  readonly bytes?: number;
}

const added: Row = { name: "Newcomer", mail: "new@example.org", city: "Bern", score: 1 };

function editCases(): EditCase[] {
  const itemBytes = Buffer.byteLength(JSON.stringify([added.name, added.mail, added.city, String(added.score)]));
  const random = sequence();
  return [
    { name: "one cell", next: rows.with(500, { ...rows[500]!, score: 99 }), bytes: 60 },
    { name: "a row at the front", next: [added, ...rows], bytes: 60 + itemBytes },
    { name: "a row at the end", next: [...rows, added], bytes: 60 + itemBytes },
    { name: "a row at the front, a cell elsewhere", next: [added, ...rows.with(700, { ...rows[700]!, score: 5 })] },
    { name: "a row out of the middle", next: rows.toSpliced(400, 1) },
    { name: "log: first out, one appended", next: [...rows.slice(1), added] },
    { name: "two rows swapped", next: rows.with(1, rows[998]!).with(998, rows[1]!) },
    { name: "reversed", next: rows.toReversed(), bytes: 5 * 1024 },
    { name: "sorted by another column", next: rows.toSorted((a, b) => a.score - b.score), bytes: 5 * 1024 },
    { name: "every third cell", next: rows.map((row, i) => (i % 3 ? row : { ...row, score: row.score + 1 })) },
    { name: "three in ten inserted, deleted, edited or moved", next: mixed(random) },
    { name: "filtered to 100", next: rows.filter((_, i) => i % 10 === 0) },
    { name: "all names changed", next: rows.map((row) => ({ ...row, name: `${row.name}!` })) },
  ];
}

/** Numbers from 0 to 1, the same in each run. */
function sequence(): () => number {
  let state = 11;
  return () => (state = (state * 48_271) % 0x7fffffff) / 0x7fffffff;
}

function mixed(random: () => number): Row[] {
  const next: Row[] = [];
  const moved: Row[] = [];
  for (const [i, row] of rows.entries()) {
    const chance = random();
    if (chance < 0.075) next.push({ ...added, name: `Newcomer ${i}` }, row);
    else if (chance < 0.225) next.push({ ...row, score: row.score + 1 });
    else if (chance < 0.3) moved.push(row);
    else if (chance >= 0.375) next.push(row);
  }
  for (const row of moved) next.splice(Math.floor(random() * next.length), 0, row);
  return next;
}

function edits(): Measurement[] {
  const shown = templates.render(TABLE, { title: "T", rows });
  const page = Buffer.byteLength(JSON.stringify(shown));
  return editCases().flatMap(({ name, next, bytes }) => {
    const rendered = templates.render(TABLE, { title: "T", rows: next });
    const { diff } = timeInterleaved({ diff: () => changeBetween(shown, rendered) });
    const size = Buffer.byteLength(changeBetween(shown, rendered)!.text);
    const baseline = { name: "whole tree", value: page };
    return [
      { case: `${name}: diff of 1000 rows`, value: diff.ms, unit: "ms", target: { value: 1.2 } },
      {
        case: `${name}: payload`,
        value: size,
        unit: "bytes",
        baseline,
        ...(bytes ? { target: { value: bytes } } : {}),
      },
    ];
  });
}

/** How often anything is done for a change that 1000 viewers see. */
function sharing(): Measurement[] {
  const viewers = 1000;
  const changes = 50;
  let list = freeze(people.slice(0, 10));
  let shown = Array.from({ length: viewers }, () => templates.render(BAR, { people: list }));
  const before = { ...templates.counts };
  const startedAt = performance.now();
  for (let change = 0; change < changes; change++) {
    list = freeze([...list, { id: `new-${change}`, name: `New ${change}`, color: "#aaa" }]);
    shown = shown.map((previous) => {
      const next = templates.render(BAR, { people: list, own: {} });
      changeBetween(previous, next)!.frame(TOPIC);
      return next;
    });
  }
  const perViewer = ((performance.now() - startedAt) * 1000) / changes / viewers;
  const counts = (["renders", "diffs", "encodes"] as const).map((what) => ({
    case: `a change seen by 1000: ${what}`,
    value: (templates.counts[what] - before[what]) / changes,
    unit: "per change",
    target: { value: 1.05 },
  }));
  return [...counts, { case: "a change seen by 1000: context to frame", value: perViewer, unit: "µs per viewer" }];
}

export const bench: Bench = {
  name: NAME,
  run(): Promise<Result[]> {
    return Promise.resolve([...costs(), ...edits(), ...sharing()].map((measurement) => resultOf(NAME, measurement)));
  },
};

await runAlone(import.meta.url, bench);
