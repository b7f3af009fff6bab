/** @typedef {{ passed: number, failed: number, skipped: number, failures?: readonly string[] }} Tally failures: what each says, to be told again at the end */
/** @typedef {"passed" | "failed" | "skipped" | null} Outcome null: not a test of its own */

const RECAP_LINES = 30;
const RECAP_COLUMNS = 1_000;

/** @returns {Tally} */
export const emptyTally = () => ({ passed: 0, failed: 0, skipped: 0 });

/**
 * @param {readonly Tally[]} tallies
 * @returns {Tally}
 */
export function addTallies(tallies) {
  const sum = emptyTally();
  for (const { passed, failed, skipped } of tallies) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  const failures = tallies.flatMap((tally) => tally.failures ?? []);
  return failures.length > 0 ? { ...sum, failures } : sum;
}

/**
 * What one `test:pass` or `test:fail` of node:test counts as. A suite is no test; a test that fails only because of a
 * test inside of it was told already; and node reports a file that holds no test as one passed test, named as the file.
 * @param {string} type
 * @param {{ name: string, file?: string | undefined, skip?: string | boolean | undefined, todo?: string | boolean | undefined, details?: any }} data
 * @returns {Outcome}
 */
export function outcomeOf(type, data) {
  if (type === "test:pass" && isWholeFile(data)) return "failed";
  if (data.details?.type === "suite" && type === "test:pass") return null;
  if (type === "test:fail") {
    if (data.details?.error?.failureType === "subtestsFailed") return null;
    return data.todo === undefined || data.todo === false ? "failed" : "skipped";
  }
  if (data.todo !== undefined && data.todo !== false) return "skipped";
  return data.skip === undefined || data.skip === false ? "passed" : "skipped";
}

/**
 * node:test tells of a whole file, one that holds no test or that died, as of a test named as the file.
 * @param {{ name: string, file?: string | undefined }} data
 */
export function isWholeFile({ name, file }) {
  return file !== undefined && /\.[cm]?[jt]s$/.test(name) && file.endsWith(name);
}

/**
 * The tally of Playwright's JSON report; an error outside of any test counts as one that failed.
 * @param {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number }, errors?: readonly unknown[] }} report
 * @returns {Tally}
 */
export function tallyOfBrowserReport({ stats, errors = [] }) {
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + errors.length,
    skipped: stats.skipped,
  };
}

/**
 * What a runner counted, held against how it ended: one that died, or that counted nothing, has failed.
 * @param {Tally | null} counted
 * @param {{ ok: boolean }} ended
 * @returns {{ tally: Tally, problem: string | null }}
 */
export function settleTally(counted, ended) {
  const tally = counted ?? emptyTally();
  const problem = problemOf(counted, tally, ended);
  return problem === null ? { tally, problem } : { tally: { ...tally, failed: tally.failed + 1 }, problem };
}

/**
 * @param {Tally | null} counted
 * @param {Tally} tally
 * @param {{ ok: boolean }} ended
 */
function problemOf(counted, tally, ended) {
  if (counted === null) return "The runner ended without a report.";
  if (tally.failed > 0) return null;
  if (!ended.ok) return "The runner failed, though every test it counted passed.";
  return tally.passed + tally.skipped === 0 ? "The runner executed no test." : null;
}

/**
 * @param {Tally} tally
 * @returns {string}
 */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * The failures once more, each cut short: whoever looks at the end of a long output sees them.
 * @param {Tally} tally
 */
export function recapOf({ failures = [] }) {
  return failures.map(shorten).join("\n");
}

/** @param {string} failure */
function shorten(failure) {
  const lines = failure.trimEnd().split("\n");
  const left = lines.slice(0, RECAP_LINES).map((line) => line.slice(0, RECAP_COLUMNS));
  return [
    ...left,
    ...(lines.length > left.length ? [`  … ${lines.length - left.length} more lines above`] : []),
    "",
  ].join("\n");
}

/**
 * A run is green when something passed and nothing failed.
 * @param {Tally} tally
 */
export function exitCodeOf({ passed, failed }) {
  return passed > 0 && failed === 0 ? 0 : 1;
}
