// The measurements that the model rests on: those of the last `npm run bench` where there are some, else those kept beside this file.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "../result.js";

const RECORDED = join(import.meta.dirname, "figures.json");
const LATEST = join(import.meta.dirname, "../../.cache/bench/results.jsonl");

/** One measurement, by the bench and the case it came from. */
export interface Figure {
  readonly bench: string;
  readonly case: string;
  readonly value: number;
  readonly unit: string;
  /** why it is to be replaced by a run of its bench */
  readonly provisional?: string;
}

export interface Figures {
  /** machine and versions, as the report of the bench says them */
  readonly machine: string;
  readonly date: string;
  readonly lines: readonly Figure[];
}

export function readRecorded(): Figures {
  return JSON.parse(readFileSync(RECORDED, "utf8")) as Figures;
}

export function writeRecorded(figures: Figures): void {
  writeFileSync(RECORDED, `${JSON.stringify(figures, null, 2)}\n`);
}

/** What the last run of the benches measured; nothing where there was none. */
export function readLatest(): Result[] {
  if (!existsSync(LATEST)) return [];
  const lines = readFileSync(LATEST, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Result);
}

/** Recorded figures, each replaced by a later measurement of the same bench and case. */
export function withLatest(
  recorded: Figures,
  latest: readonly Pick<Result, "bench" | "case" | "value" | "unit">[],
): Figures {
  const found = new Map(latest.toReversed().map((line) => [nameOf(line), line]));
  const lines = recorded.lines.map((line): Figure => {
    const later = found.get(nameOf(line));
    return later ? { bench: line.bench, case: line.case, value: later.value, unit: later.unit } : line;
  });
  return { ...recorded, lines };
}

/** A figure by its name. @throws RangeError when it was never measured, or in another unit */
export function figureOf({ lines }: Figures, bench: string, name: string, unit: string): number {
  const found = lines.find((line) => line.bench === bench && line.case === name);
  if (found === undefined) throw new RangeError(`No run of "${bench}" measured "${name}".`);
  if (found.unit !== unit) throw new RangeError(`"${bench}: ${name}" is in ${found.unit}, not in ${unit}.`);
  return found.value;
}

function nameOf({ bench, case: name }: { readonly bench: string; readonly case: string }): string {
  return `${bench}: ${name}`;
}
