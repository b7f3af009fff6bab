// How far it goes: a model fitted to what the other benches measured, and a million viewers simulated with it. `--record` keeps the figures
// and makes the tables of docs/scaling.md anew.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasFlag } from "./macro/flags.js";
import { machine, runAlone } from "./report.js";
import { resultOf, type Bench, type Measurement, type Result } from "./result.js";
import { checks } from "./scaling/check.js";
import { costsFrom } from "./scaling/costs.js";
import { readLatest, readRecorded, withLatest, writeRecorded, type Figures } from "./scaling/figures.js";
import { tablesFrom, withTables } from "./scaling/page.js";
import { plan, PLANS, type Planned } from "./scaling/plans.js";

const NAME = "scaling";
const PAGE = join(import.meta.dirname, "../docs/scaling.md");
const DAY = "yyyy-mm-dd".length;

async function run(): Promise<Result[]> {
  const latest = readLatest();
  const figures = withLatest(readRecorded(), latest);
  const costs = costsFrom(figures);
  const planned = PLANS.map((each) => plan(each, costs));
  if (hasFlag("record")) record(figures, planned, latest.length > 0);
  const checked = checks(figures).map(({ what, unit, measured, predicted }): Measurement => {
    return { case: `predicted: ${what}`, value: predicted, unit, baseline: { name: "measured", value: measured } };
  });
  return [...planned.flatMap(rowsOf), ...checked].map((measurement) => resultOf(NAME, measurement));
}

/** A plan that no number of nodes carries has no row. */
function rowsOf({ plan: name, nodes, shards }: Planned): Measurement[] {
  const of = `a million viewers, ${name}`;
  return [
    ...(nodes === null ? [] : [{ case: `${of}: nodes`, value: nodes, unit: "nodes" }]),
    ...(shards === null ? [] : [{ case: `${of}: shards`, value: shards, unit: "shards" }]),
  ];
}

function record(figures: Figures, planned: readonly Planned[], isNew: boolean): void {
  const date = new Date().toISOString().slice(0, DAY);
  const kept = isNew ? { ...figures, machine: machine(), date } : figures;
  writeRecorded(kept);
  writeFileSync(PAGE, withTables(readFileSync(PAGE, "utf8"), tablesFrom(kept, planned)));
}

export const bench: Bench = { name: NAME, run };

await runAlone(import.meta.url, bench);
