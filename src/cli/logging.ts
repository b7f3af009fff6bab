import type { Logger } from "../logger.js";
import type { Printer } from "./printer.js";

/** A command tells what went wrong itself. */
export const silent: Logger = { info: () => {}, warn: () => {}, error: () => {} };

/** What goes wrong meanwhile, for a command that goes on. */
export function remarking(print: Printer): Logger {
  const remark = (facts: object, message = "") => {
    const { error } = facts as { error?: unknown };
    print.remark(`${message}${typeof error === "string" ? `: ${error}` : ""}`);
  };
  return { info: () => {}, warn: remark, error: remark };
}
