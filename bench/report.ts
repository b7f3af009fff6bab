import { existsSync, readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { pathToFileURL } from "node:url";
import { unlessRefused } from "./macro/refusal.js";
import type { Bench, Result, Target } from "./result.js";

const PACKAGES = ["eta", "express", "ws", "morphdom"];
const PEERS = ["socket.io", "y-protocols"];
const GIB = 2 ** 30;
/** Above it a figure says more of the machine than of us. */
const NOISY = 0.3;

/** Machine and versions, since a figure means nothing without them. */
export function machine(): string {
  const { length: cores, 0: cpu } = cpus();
  const packages = [...PACKAGES.map((name) => [name, "../"]), ...PEERS.map((name) => [name, "./"])] as [
    string,
    string,
  ][];
  const versions = packages.flatMap(([name, place]) => versionOf(name, place) ?? []);
  return [
    `${cpu?.model.trim() ?? "unknown CPU"} × ${cores}, ${Math.round(totalmem() / GIB)} GiB, ${process.platform} ${release()}`,
    `Node ${process.versions.node}, ${versions.join(", ")}`,
    `load ${loadavg()[0]!.toFixed(1)} at the start`,
  ].join("\n");
}

/** Null for one that is not installed. */
function versionOf(name: string, place: string): string | null {
  const file = new URL(`${place}node_modules/${name}/package.json`, import.meta.url);
  if (!existsSync(file)) return null;
  return `${name} ${(JSON.parse(readFileSync(file, "utf8")) as { version: string }).version}`;
}

const HEADINGS = ["ratio", "target", "met", "bench", "case", "value", "spread", "baseline"];

/** The results as a table with aligned columns. */
export function table(results: readonly Result[]): string {
  const rows = [HEADINGS, ...results.map(row)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const lines = rows.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column]!)).join("  "));
  return lines.map((line) => line.trimEnd()).join("\n");
}

function row({ bench, case: name, value, unit, spread, baseline, ratio, target, met }: Result): string[] {
  return [
    ratio === null ? "" : `${number(ratio)} ×`,
    target === null ? "" : targetText(target, unit),
    met === null ? "" : met ? "yes" : "NO",
    bench,
    name,
    `${number(value)} ${unit}`,
    spread === null ? "" : `± ${Math.round(spread * 50)} %`,
    baseline === null ? "" : `${baseline.name} ${number(baseline.value)} ${unit}`,
  ];
}

export function targetText(target: Target, unit: string): string {
  return "value" in target ? `≤ ${number(target.value)} ${unit}` : `≤ ${number(target.ratio)} ×`;
}

/** Three digits that say something: 1234, 12.3, 0.0123. */
export function number(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** Says of which results the machine was not quiet enough; nothing when it was. */
export function noise(results: readonly Result[]): string {
  const noisy = results.filter(({ spread }) => spread !== null && spread > NOISY);
  const lines = noisy.map(({ bench, case: name }) => `  ${bench}: ${name}`);
  return noisy.length === 0 ? "" : `\n! The machine was not quiet; run these again:\n${lines.join("\n")}`;
}

/**
 * Last line of every bench, which makes its file runnable alone: `node --import tsx bench/render.ts [--json]`.
 *
 * @example
 * await runAlone(import.meta.url, bench);
 */
export async function runAlone(module: string, bench: Bench): Promise<void> {
  if (module !== pathToFileURL(process.argv[1] ?? "").href) return;
  const results = await unlessRefused(() => bench.run());
  if (process.argv.includes("--json")) for (const result of results) console.log(JSON.stringify(result));
  else console.log(`${machine()}\n\n${table(results)}${noise(results)}`);
}
