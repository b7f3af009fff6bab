import { ConviveError } from "../errors.js";
import { resolveLimits, type Limits } from "../options.js";
import { checkRights, checkSpeed, type Check, type Finding, type Patient } from "./doctor-check.js";
import { checkClock, checkMemory, checkPersistence, checkRole, checkVersion } from "./doctor-server.js";
import { checkForeign, checkLayout, checkLeases, checkLimits, checkPubSub, checkRegisters } from "./doctor-store.js";
import { EXIT, exitOf, misused, type Exit } from "./exit.js";
import { textOf, type Command, type Invocation } from "./invocation.js";
import { jsonText, masked, printable } from "./text.js";

/** In the order in which one would ask. */
export const CHECKS: readonly Check[] = [
  checkSpeed,
  checkVersion,
  checkRole,
  checkRights,
  checkPubSub,
  checkClock,
  checkMemory,
  checkPersistence,
  checkLimits,
  checkLayout,
  checkLeases,
  checkRegisters,
  checkForeign,
];
const COLORS = { ok: "green", warn: "yellow", fail: "red" } as const;

export const doctorCommand: Command = {
  name: "doctor",
  words: [],
  summary: "check Redis and what is in it, and say what to do",
  more: [
    "Nothing is written. Ends with 1 when a check fails; a warning is no failure. The limits checked are the",
    "defaults, or with --limits those given to convive(), as JSON: --limits '{\"leaseMs\":30000}'.",
  ].join("\n"),
  options: { limits: { type: "string", value: "JSON", help: "the app's limits, as far as they are not the defaults" } },
  run: examine,
};

async function examine(invocation: Invocation): Promise<Exit> {
  const limits = parseLimits(textOf(invocation, "limits"));
  const store = invocation.connect();
  const findings: Finding[] = [];
  const refused = await store.link.opened.then(
    () => null,
    (error: unknown) => error,
  );
  if (refused) findings.push({ check: "connection", state: "fail", ...told(refused) });
  for (const check of refused ? [] : CHECKS) {
    invocation.print.progress(`${check.title} …`);
    findings.push(await run(check, { ...store, limits }));
  }
  report(invocation, findings);
  if (refused) return exitOf(refused);
  return findings.some(({ state }) => state === "fail") ? EXIT.failed : EXIT.ok;
}

async function run({ title, look }: Check, patient: Patient): Promise<Finding> {
  try {
    return { check: title, ...(await look(patient)) };
  } catch (error) {
    return { check: title, state: "fail", ...told(error) };
  }
}

/** What Redis said, and the next step, both in the error's text. */
function told(error: unknown): { message: string; code?: string } {
  const message = masked(error instanceof Error ? error.message : String(error));
  return error instanceof ConviveError ? { message, code: error.code } : { message };
}

function report({ print }: Invocation, findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(({ check, state, message, next }) => {
    const line = `${print.paint(COLORS[state], state.padEnd(4))}  ${check.padEnd(width)}  ${printable(message)}\n`;
    return next === undefined ? line : `${line}${" ".repeat(width + 8)}→ ${printable(next)}\n`;
  });
  const worst = (["fail", "warn"] as const).find((state) => findings.some((each) => each.state === state)) ?? "ok";
  print.result({ state: worst, checks: findings }, lines.join(""));
}

function parseLimits(text: string | undefined): Limits {
  if (text === undefined) return resolveLimits();
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw misused(`--limits is no JSON: ${jsonText(text)}.`);
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw misused('--limits is an object, such as {"leaseMs":30000}.');
  }
  return resolveLimits(given);
}
