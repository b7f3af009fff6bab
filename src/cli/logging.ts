import type { Logger } from "../logger.js";
import type { Printer } from "./printer.js";

/** The same is not said again within this. */
const REPEAT_MS = 60_000;

/** A command tells what went wrong itself. */
export const silent: Logger = { info: () => {}, warn: () => {}, error: () => {} };

/** What goes wrong meanwhile, for a command that goes on. What is tried again every second is told once. */
export function remarking(print: Printer): Logger {
  const said = new Map<string, number>();
  const remark = (facts: object, message = "") => {
    const { error } = facts as { error?: unknown };
    const text = `${message}${typeof error === "string" ? `: ${error}` : ""}`;
    if (performance.now() - (said.get(text) ?? -Infinity) < REPEAT_MS) return;
    said.set(text, performance.now());
    print.remark(text);
  };
  return { info: () => {}, warn: remark, error: remark };
}
