// A reporter of node:test: one line a file, failures in full, and the tally with the failures as JSON in the file that TALLY_FILE names.
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { emptyTally, isWholeFile, outcomeOf } from "./tally.mjs";

const STACK_LINES = 12;
/** The events that arrive file by file; others, such as `test:enqueue`, tell of files still to come. */
const ORDERED = new Set(["test:pass", "test:fail", "test:stdout", "test:stderr", "test:diagnostic"]);

/** What is known of the file whose events are arriving; node:test sends the events of one file after those of another. */
class FileReport {
  tally = emptyTally();
  ms = 0;
  /** @type {string[]} */
  failures = [];
  /** @type {string[]} */
  printed = [];

  /** @param {string} file */
  constructor(file) {
    this.file = file;
  }

  toString() {
    const { passed, failed, skipped } = this.tally;
    const counts = [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`];
    const head = `${failed > 0 ? "✗" : "✓"} ${this.file}  ${counts.filter(Boolean).join(", ")}  ${Math.round(this.ms)} ms\n`;
    const shown = failed > 0 || process.env["SHOW_OUTPUT"] ? this.printed.join("") : "";
    return head + shown + this.failures.join("");
  }
}

/** @param {AsyncIterable<{ type: string, data: any }>} source */
export default async function* reporter(source) {
  const total = emptyTally();
  /** @type {string[]} */
  const failures = [];
  let current = /** @type {FileReport | null} */ (null);
  for await (const { type, data } of source) {
    if (!ORDERED.has(type) || data.file === undefined) continue;
    const file = relative(process.cwd(), data.file);
    if (current?.file !== file) {
      if (current !== null) yield current.toString();
      current = new FileReport(file);
    }
    if (type === "test:stdout" || type === "test:stderr") current.printed.push(data.message);
    if (type === "test:diagnostic" && data.nesting > 0) current.printed.push(`  ${data.message}\n`);
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.nesting === 0) current.ms += data.details?.duration_ms ?? 0;
    const outcome = outcomeOf(type, data);
    if (outcome === null) continue;
    total[outcome] += 1;
    current.tally[outcome] += 1;
    if (outcome !== "failed") continue;
    current.failures.push(describeFailure(type, data));
    failures.push(`✗ ${file}${current.failures.at(-1)}`);
  }
  if (current !== null) yield current.toString();
  const tallyFile = process.env["TALLY_FILE"];
  if (tallyFile) writeFileSync(tallyFile, JSON.stringify({ ...total, failures }));
}

/**
 * @param {string} type
 * @param {any} data
 */
function describeFailure(type, data) {
  if (type === "test:pass") return "\n  This file holds no test.\n\n";
  // No line is named: node:test knows that of the compiled file only, while the stack has the right one.
  const { error } = data.details;
  const { exitCode, signal } = error;
  const ended = exitCode || signal ? `\n    Its process ended with ${signal ?? `code ${exitCode}`}.` : "";
  return `\n  ✗ ${isWholeFile(data) ? "The file itself" : data.name}\n${indent(errorText(error))}${ended}\n\n`;
}

/** @param {any} error */
function errorText(error) {
  const cause = error?.cause ?? error;
  const text = typeof cause?.stack === "string" ? cause.stack : String(cause?.message ?? cause);
  const lines = text
    .split("\n")
    .filter((/** @type {string} */ line) => !/^\s+at .*(node:internal|node:async_hooks)/.test(line));
  const firstFrame = lines.findIndex((/** @type {string} */ line) => /^\s+at /.test(line));
  return lines.slice(0, firstFrame < 0 ? undefined : firstFrame + STACK_LINES).join("\n");
}

/** @param {string} text */
const indent = (text) => text.replace(/^/gm, "    ");
