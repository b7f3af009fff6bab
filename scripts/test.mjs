// `npm test [-- PATH …]`: the checks, then node:test, then the browser. A PATH keeps the tests whose path holds it and leaves the checks out.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runChecks } from "./check.mjs";
import { findChromium } from "./chromium.mjs";
import { addTallies, closingLine, exitCodeOf, recapOf, settleTally, tallyOfBrowserReport } from "./tally.mjs";
import { findTests } from "./test-files.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const REPORTS = join(ROOT, ".cache/test-reports");
const UNIT_CONCURRENCY = 2;
const TEST_DEADLINE_MS = 120_000;

/** @typedef {import("./tally.mjs").Tally} Tally */

/**
 * Runs a test runner with its output passed through, then reads the report that it had to leave behind.
 * @param {{ words: readonly string[], env: NodeJS.ProcessEnv, report: string, read: (json: any) => Tally, cwd?: string }} runner
 * @returns {Promise<Tally>}
 */
async function runRunner({ words, env, report, read, cwd = ROOT }) {
  rmSync(report, { force: true });
  const ok = await new Promise((resolve) => {
    const child = spawn(process.execPath, words, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", () => resolve(false));
    child.on("close", (code) => resolve(code === 0));
  });
  const { tally, problem } = settleTally(readReport(report, read), { ok });
  rmSync(report, { force: true });
  if (problem !== null) console.log(`✗ ${problem}`);
  return tally;
}

/**
 * @param {string} file
 * @param {(json: any) => Tally} read
 */
function readReport(file, read) {
  if (!existsSync(file)) return null;
  try {
    return read(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null;
  }
}

/**
 * @param {readonly string[]} files
 * @param {{ cwd?: string, showOutput?: boolean }} [options]
 */
export function runUnitTests(files, { cwd = ROOT, showOutput = false } = {}) {
  const report = join(REPORTS, `unit-${process.pid}.json`);
  mkdirSync(REPORTS, { recursive: true });
  return runRunner({
    cwd,
    words: [
      "--import=tsx",
      "--test",
      `--test-concurrency=${UNIT_CONCURRENCY}`,
      `--test-timeout=${TEST_DEADLINE_MS}`,
      `--test-reporter=${new URL("./unit-reporter.mjs", import.meta.url)}`,
      "--test-reporter-destination=stdout",
      ...files,
    ],
    env: { TALLY_FILE: report, ...(showOutput ? { SHOW_OUTPUT: "1" } : {}) },
    report,
    read: (json) => json,
  });
}

/** @param {readonly string[]} files */
export async function runBrowserTests(files) {
  if (findChromium() === null) {
    console.log("✗ The browser tests need Chromium: install it, or name one with CHROMIUM_PATH.");
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const report = join(REPORTS, `browser-${process.pid}.json`);
  return runRunner({
    words: ["node_modules/@playwright/test/cli.js", "test", "--reporter=list,json", ...files],
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: report },
    report,
    read: tallyOfBrowserReport,
  });
}

/** @param {readonly string[]} filters */
async function main(filters) {
  const { unit, browser } = findTests(ROOT, filters);
  /** @type {Tally[]} */
  const tallies = [];
  if (filters.length === 0) tallies.push(await runChecks());
  if (unit.length > 0) tallies.push(await runUnitTests(unit, { showOutput: filters.length > 0 }));
  if (browser.length > 0) tallies.push(await runBrowserTests(browser));
  if (unit.length + browser.length === 0) {
    console.log(
      filters.length > 0 ? `✗ No test file has ${filters.join(" or ")} in its path.` : "✗ There is no test file.",
    );
    tallies.push({ passed: 0, failed: 1, skipped: 0 });
  }
  const tally = addTallies(tallies);
  const recap = recapOf(tally);
  if (recap !== "") console.log(`\nWhat failed before the browser tests, once more:\n\n${recap}`);
  console.log(closingLine(tally));
  process.exitCode = exitCodeOf(tally);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(process.argv.slice(2).filter((word) => !word.startsWith("-")));
}
