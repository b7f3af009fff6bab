// `npm run bench [-- NAME …] [-- --json]`: every bench in a process of its own, so that none heats or litters another's; those that last long only by name.
// Results also go into `.cache/bench/results.jsonl` and, as a picture, `results.svg`. What else begins with `--` goes to the benches.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { plot } from "./plot.js";
import { machine, noise, table } from "./report.js";
import type { Result } from "./result.js";

/** Rests on what the others measured, so it comes last. */
const MODEL = "scaling";
const OUTPUT = join(import.meta.dirname, "../.cache/bench");

/** Names of the benches in a folder: the files that export `bench`; one that exports `longBench` has to be asked for by its whole name. */
export function findBenches(folder: string, filters: readonly string[]): string[] {
  const kindOf = (name: string) =>
    /^export const (bench|longBench)\b/m.exec(readFileSync(join(folder, `${name}.ts`), "utf8"))?.[1];
  const isWanted = (name: string) => filters.length === 0 || filters.some((filter) => name.includes(filter));
  return readdirSync(folder)
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => file.slice(0, -".ts".length))
    .filter((name) => (kindOf(name) === "longBench" ? filters.includes(name) : kindOf(name) && isWanted(name)))
    .toSorted();
}

/** What a bench measured, and whether that is all of it; whatever else it prints goes to the terminal. */
export async function runBench(
  file: string,
  flags: readonly string[] = [],
): Promise<{ readonly results: Result[]; readonly isWhole: boolean }> {
  const child = spawn(process.execPath, ["--expose-gc", "--import=tsx", file, "--json", ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const code = await new Promise((resolve) => child.on("close", resolve));
  const lines = output.split("\n").filter((line) => line.startsWith("{"));
  return { results: lines.map((line) => JSON.parse(line) as Result), isWhole: code === 0 && lines.length > 0 };
}

async function main(words: readonly string[]): Promise<void> {
  const asJson = words.includes("--json");
  const names = findBenches(
    import.meta.dirname,
    words.filter((word) => !word.startsWith("-")),
  );
  const flags = words.filter((word) => word.startsWith("--") && word !== "--json");
  const startedOn = machine();
  const results: Result[] = [];
  const failed: string[] = [];
  if (!asJson) console.log(`${startedOn}\n`);
  for (const name of [...names.filter((each) => each !== MODEL), ...names.filter((each) => each === MODEL)]) {
    if (!asJson) process.stderr.write(`${name} …\n`);
    const found = await runBench(join(import.meta.dirname, `${name}.ts`), flags);
    if (!found.isWhole) failed.push(name);
    if (asJson) for (const result of found.results) console.log(JSON.stringify(result));
    results.push(...found.results);
    if (results.length > 0) keep(results, startedOn);
  }
  if (!asJson && results.length > 0) console.log(`\n${table(results)}${noise(results)}`);
  for (const name of failed) console.error(`✗ ${name} did not measure all of what it should.`);
  if (names.length === 0) console.error("✗ No bench has that name.");
  process.exitCode = failed.length > 0 || names.length === 0 ? 1 : 0;
}

/** What other benches measured before stays: the capacity model rests on the last run of each. */
function keep(results: readonly Result[], startedOn: string): void {
  mkdirSync(OUTPUT, { recursive: true });
  const file = join(OUTPUT, "results.jsonl");
  const all = [...keptBeside(results, existsSync(file) ? readFileSync(file, "utf8") : ""), ...results];
  writeFileSync(file, all.map((result) => `${JSON.stringify(result)}\n`).join(""));
  writeFileSync(join(OUTPUT, "results.svg"), plot(results, startedOn));
}

/** Of earlier lines, those of benches that did not run now. */
export function keptBeside(results: readonly Result[], earlier: string): Result[] {
  const ran = new Set(results.map(({ bench }) => bench));
  const lines = earlier.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Result).filter(({ bench }) => !ran.has(bench));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(process.argv.slice(2));
