// Patching the page in headless Chromium: one cell of a big table, one avatar of a bar, and the index at the join.
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";
import { build } from "esbuild";
import { findChromium } from "../scripts/chromium.mjs";
import { diff } from "../src/render/diff.js";
import type { Rendered } from "../src/render/rendered.js";
import { Templates } from "../src/render/template.js";
import { findLiveView, measureLiveView } from "./live-view.js";
import { median } from "./measure.js";
import type * as page from "./patch-page.js";
import { runAlone } from "./report.js";
import { type Measurement, type Result, resultOf } from "./result.js";

declare global {
  // oxlint-disable-next-line no-var -- only `var` declares a global
  var patchPage: typeof page;
}

const BATCHES = 40;
const BATCH_SIZE = 20;
const TIMES = 15;

const source = `<h1><%= it.title %></h1>
<ul class="bar" data-presence><% for (const p of it.people) { %><li data-user-id="<%= p.id %>" live-style:background="<%= p.color %>"><img alt="" src="data:,"><%= p.name %></li><% } %></ul>
<table><thead><tr><th>id</th><th>name</th></tr></thead><tbody>
<% for (const row of it.rows) { %>
<tr id="r<%= row.id %>" class="<% if (row.isOn) { %>on<% } %>"><td><%= row.id %></td><td><%= row.name %></td><td><b><%= row.value %></b></td><td><% if (row.isOn) { %><i>on</i><% } %></td><td>static text of a cell</td></tr>
<% } %>
</tbody></table>`;

interface Person {
  readonly id: string;
  readonly name: string;
  readonly color: string;
}
interface Row {
  readonly id: number;
  readonly name: string;
  readonly value: number;
  readonly isOn: boolean;
}
interface Data {
  readonly title: string;
  readonly people: readonly Person[];
  readonly rows: readonly Row[];
}

const templates = new Templates({ directories: [] });
const render = (data: Data): Rendered => templates.render({ source }, { ...data });

function person(number: number): Person {
  return { id: `u${number}`, name: `Person ${number}`, color: "rgb(1, 2, 3)" };
}

function dataOf(rows: number): Data {
  return {
    title: "Orders",
    people: Array.from({ length: 100 }, (_, at) => person(at)),
    rows: Array.from({ length: rows }, (_, id) => ({ id, name: `Name of ${id}`, value: id * 7, isOn: id % 3 === 0 })),
  };
}

/** One edit after the other, as they travel. */
class Edits {
  private shown: Rendered;

  constructor(private data: Data) {
    this.shown = render(data);
  }

  /** Other values in as many rows, one row each. */
  cells(count: number, rowAt: (index: number) => number): string[] {
    return Array.from({ length: count }, (_, index) => {
      const at = rowAt(index);
      const row = this.data.rows[at]!;
      return this.to({ ...this.data, rows: this.data.rows.with(at, { ...row, value: row.value + 1 }) });
    });
  }

  /** One more person in the middle of the bar, then one less, and so on. */
  avatars(count: number): string[] {
    const { people } = this.data;
    return Array.from({ length: count }, (_, index) =>
      this.to({ ...this.data, people: index % 2 ? people : people.toSpliced(50, 0, person(1000 + index)) }),
    );
  }

  private to(data: Data): string {
    const next = render(data);
    const edit = JSON.stringify(diff(this.shown, next));
    this.data = data;
    this.shown = next;
    return edit;
  }
}

function batches(edits: readonly string[]): string[][] {
  return Array.from({ length: edits.length / BATCH_SIZE }, (_, at) =>
    edits.slice(at * BATCH_SIZE, (at + 1) * BATCH_SIZE),
  );
}

const ORIGIN = "http://bench.test/";

async function openPage() {
  const executablePath = findChromium();
  const browser = await chromium.launch(executablePath === null ? {} : { executablePath });
  const page = await browser.newPage();
  // LiveView's client wants an origin, for its storage.
  await page.route(ORIGIN, (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><body></body>" }),
  );
  await page.goto(ORIGIN);
  await page.addScriptTag({ content: await bundle("patch-page.ts", "patchPage") });
  await page.addScriptTag({ content: await bundle("live-view-page.ts", "liveViewPage") });
  return { browser, page };
}

async function bundle(file: string, globalName: string): Promise<string> {
  const entryPoints = [fileURLToPath(new URL(file, import.meta.url))];
  const options = { bundle: true, minify: true, format: "iife", target: "es2020", write: false } as const;
  return (await build({ ...options, entryPoints, globalName })).outputFiles[0]!.text;
}

type BrowserPage = Awaited<ReturnType<typeof openPage>>["page"];

/** Other rows each time, as far as there are so many, and the same row again and again. */
async function measureRows(page: BrowserPage, rows: number, liveView: string | null): Promise<Measurement[]> {
  const data = dataOf(rows);
  const rendered = render(data);
  const shown = { rendered, statics: templates.staticsOf(rendered) };
  const run = async (edits: readonly string[]) =>
    median(await page.evaluate((given) => patchPage.patchInBatches(...given), [wire(shown), batches(edits)] as const));
  const count = BATCHES * BATCH_SIZE;
  const others = await run(new Edits(data).cells(count, (index) => (index * 37) % rows));
  const same = await run(new Edits(data).cells(count, () => rows >> 1));
  const avatars = await run(new Edits(data).avatars(count));
  const pages = Array.from({ length: TIMES }, (_, at) => {
    const changed = data.rows.with(at, { ...data.rows[at]!, value: -1 });
    return String(render({ ...data, rows: changed }));
  });
  const bars = Array.from({ length: TIMES }, (_, at) =>
    String(render({ ...data, people: data.people.toSpliced(50, at % 2, person(1)) })),
  );
  const morph = async (all: readonly string[]) =>
    median(await page.evaluate((given) => patchPage.morphWhole(...given), [wire(shown), all] as const));
  const [cellMorph, barMorph] = [await morph(pages), await morph(bars)];
  const joins = median(await page.evaluate((given) => patchPage.join(...given), [wire(shown), TIMES] as const));
  const ofCell = { name: "whole-root morphdom", value: cellMorph };
  const ofBar = { name: "whole-root morphdom", value: barMorph };
  const target = { value: 0.05 };
  const beside: Measurement[] = [];
  if (liveView !== null && rows === 1000) {
    await page.addScriptTag({ path: liveView });
    const { cell, avatar } = await measureLiveView(page, rows);
    const name = "phoenix_live_view";
    beside.push(
      { case: `one cell, ${rows} rows, beside LiveView`, value: others, unit: "ms", baseline: { name, value: cell } },
      {
        case: `one avatar, ${rows} rows, beside LiveView`,
        value: avatars,
        unit: "ms",
        baseline: { name, value: avatar },
      },
    );
  }
  return [
    { case: `one cell, another row each time, ${rows} rows`, value: others, unit: "ms", baseline: ofCell, target },
    { case: `one cell, the same row, ${rows} rows`, value: same, unit: "ms", baseline: ofCell, target },
    { case: `one avatar into or out of 100, ${rows} rows`, value: avatars, unit: "ms", baseline: ofBar, target },
    { case: `index at the join, ${rows} rows`, value: joins, unit: "ms", baseline: ofCell, target: { ratio: 3 } },
    ...beside,
  ];
}

/** As it comes to a browser: what only the server knows stays behind. */
function wire<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

export const bench = {
  name: "patch",
  async run(): Promise<Result[]> {
    const { browser, page } = await openPage();
    try {
      const measurements: Measurement[] = [];
      const liveView = findLiveView();
      for (const rows of [100, 1000, 5000]) measurements.push(...(await measureRows(page, rows, liveView)));
      return measurements.map((measurement) => resultOf("patch", measurement));
    } finally {
      await browser.close();
      templates.close();
    }
  },
};

await runAlone(import.meta.url, bench);
