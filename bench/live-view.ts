// What the server of Phoenix LiveView would send for the page of `patch.ts`: its client is a baseline.
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import { median } from "./measure.js";
import type * as driver from "./live-view-page.js";

declare global {
  // oxlint-disable-next-line no-var -- only `var` declares a global
  var liveViewPage: typeof driver;
}

const TIMES = 9;
const PEOPLE = 100;
const MIDDLE = PEOPLE / 2;

type Keyed = Record<string, unknown>;

/** Path of its script, or null: the package is only wanted here. */
export function findLiveView(): string | null {
  try {
    const main = createRequire(import.meta.url).resolve("phoenix_live_view");
    return main.replace(/[^/\\]+$/, "phoenix_live_view.min.js");
  } catch {
    return null;
  }
}

/** Milliseconds of its client for one cell, and for one avatar into or out of the bar. */
export async function measureLiveView(page: Page, rows: number): Promise<{ cell: number; avatar: number }> {
  const run = async (diffs: readonly string[], shown: string) => {
    const given = [{ html: "", rendered: renderedOf(rows) }, diffs, shown] as const;
    const { ms, shows } = await page.evaluate((all) => liveViewPage.patchLiveView(...all), given);
    if (!shows) throw new Error("LiveView's client does not show what it was sent.");
    return median(ms);
  };
  const cells = Array.from({ length: TIMES }, (_, at) =>
    JSON.stringify({ 2: { k: { [at * 7]: { 4: `cell ${at}` }, kc: rows } } }),
  );
  const avatars = Array.from({ length: TIMES }, (_, at) =>
    JSON.stringify({ 1: { k: at % 2 ? oneLess() : oneMore(at) } }),
  );
  return { cell: await run(cells, `cell ${TIMES - 1}`), avatar: await run(avatars, `New ${TIMES - 1}`) };
}

function renderedOf(rows: number): object {
  const row = [
    '<tr id="r',
    '" class="',
    '"><td>',
    "</td><td>",
    "</td><td><b>",
    "</b></td><td>static text of a cell</td></tr>\n",
  ];
  return {
    s: ["<h1>", '</h1><ul class="bar">', "</ul><table><tbody>", "</tbody></table>"],
    0: "Orders",
    1: {
      s: ['<li data-user-id="', '"><img alt="" src="data:,">', "</li>"],
      k: keyed(PEOPLE, (at) => ({ 0: `u${at}`, 1: `Person ${at}` })),
    },
    2: { s: row, k: keyed(rows, (at) => ({ 0: `${at}`, 1: "on", 2: `${at}`, 3: `Name of ${at}`, 4: `${at * 7}` })) },
  };
}

function keyed(count: number, entry: (at: number) => object): Keyed {
  return { ...Array.from({ length: count }, (_, at) => entry(at)), kc: count };
}

/** Every entry behind the new one is told its old place. */
function oneMore(number: number): Keyed {
  const moved = Array.from({ length: PEOPLE - MIDDLE }, (_, at) => [MIDDLE + 1 + at, MIDDLE + at]);
  return { ...Object.fromEntries(moved), [MIDDLE]: { 0: `n${number}`, 1: `New ${number}` }, kc: PEOPLE + 1, km: true };
}

function oneLess(): Keyed {
  const moved = Array.from({ length: PEOPLE - MIDDLE }, (_, at) => [MIDDLE + at, MIDDLE + 1 + at]);
  return { ...Object.fromEntries(moved), kc: PEOPLE, km: true };
}
