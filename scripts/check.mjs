// `npm run check`: format, lint, the house's own rules, types, type tests, snippets. Every check is one item of the closing line.
import { fileURLToPath, pathToFileURL } from "node:url";
import { compile } from "./compile.mjs";
import { runCommand } from "./run-command.mjs";
import { closingLine, emptyTally, exitCodeOf } from "./tally.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const AT_ONCE = 2;
const TSC_7 = "node_modules/typescript/bin/tsc";
const TSC_5_9 = "node_modules/typescript-5.9/bin/tsc";
const PACKAGE = "tsconfig.package.json";

/** @typedef {{ name: string, run: () => Promise<import("./run-command.mjs").CommandResult>, after?: string }} Check */

/** @param {...string} words */
const node =
  (...words) =>
  () =>
    runCommand(process.execPath, words, { cwd: ROOT });

/** @type {readonly Check[]} */
const CHECKS = [
  { name: "types", run: () => compile() },
  { name: "house rules", run: node("scripts/check-house.mjs") },
  { name: "lint", run: node("node_modules/oxlint/bin/oxlint") },
  {
    name: "format",
    run: node("node_modules/prettier/bin/prettier.cjs", "--check", ".", "--cache", "--cache-location=.cache/prettier"),
  },
  // These read the declarations that "types" emits, as a user's compiler does.
  { name: "type tests, TypeScript 7", run: node(TSC_7, "-p", PACKAGE), after: "types" },
  { name: "type tests, older decorators", run: node(TSC_7, "-p", PACKAGE, "--experimentalDecorators"), after: "types" },
  { name: "type tests, TypeScript 5.9", run: node(TSC_5_9, "-p", PACKAGE), after: "types" },
  { name: "snippets", run: node("--import=tsx", "scripts/snippets.ts"), after: "types" },
];

/**
 * @param {readonly Check[]} [checks]
 * @param {(text: string) => void} [print]
 */
export async function runChecks(checks = CHECKS, print = (text) => process.stdout.write(text)) {
  const tally = emptyTally();
  /** @type {string[]} */
  const failures = [];
  const waiting = [...checks];
  /** @type {Set<string>} */
  const open = new Set(checks.map((check) => check.name));
  /** @type {Set<Promise<void>>} */
  const running = new Set();

  /** @param {Check} check */
  const start = (check) => {
    const work = check.run().then((result) => {
      open.delete(check.name);
      running.delete(work);
      tally[result.ok ? "passed" : "failed"] += 1;
      print(`${result.ok ? "✓" : "✗"} ${check.name}  ${Math.round(result.ms)} ms\n`);
      if (result.ok) return;
      print(`\n${result.output.trimEnd()}\n\n`);
      failures.push(`✗ ${check.name}\n${result.output}`);
    });
    running.add(work);
  };

  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex((check) => check.after === undefined || !open.has(check.after));
    if (next >= 0 && running.size < AT_ONCE) start(/** @type {Check} */ (waiting.splice(next, 1)[0]));
    else await Promise.race(running);
  }
  return failures.length > 0 ? { ...tally, failures } : tally;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const tally = await runChecks();
  console.log(closingLine(tally));
  process.exitCode = exitCodeOf(tally);
}
