import { masked, jsonText, printable } from "./text.js";
import type { Terminal } from "./terminal.js";

type Color = "green" | "yellow" | "red" | "cyan" | "dim" | "bold";

const CODES: Readonly<Record<Color, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** Says things: results to standard output, for people or as JSON; remarks and progress to standard error. */
export class Printer {
  readonly #isColored: boolean;
  #progress = "";

  constructor(
    private readonly terminal: Terminal,
    readonly isJson: boolean,
  ) {
    const { NO_COLOR = "", TERM } = terminal.env;
    this.#isColored = terminal.isTty && NO_COLOR === "" && TERM !== "dumb";
  }

  /** The one value of a command, as JSON where it was asked for. */
  result(value: unknown, text: string): void {
    this.#clear();
    this.terminal.out(this.isJson ? `${jsonText(value, 2)}\n` : text);
  }

  /** One of many: a line each. */
  line(value: unknown, text: string): void {
    this.#clear();
    this.terminal.out(`${this.isJson ? jsonText(value) : text}\n`);
  }

  /** What is no result: a line to standard error. */
  remark(text: string): void {
    this.#clear();
    this.terminal.err(`${printable(text)}\n`);
  }

  error(code: string, text: string): void {
    this.#clear();
    const message = masked(text);
    this.terminal.err(this.isJson ? `${jsonText({ error: { code, message } })}\n` : `convive: ${printable(message)}\n`);
  }

  /** How far long work has come, in one line that changes; for people only. */
  progress(text: string): void {
    if (!this.terminal.isErrorTty) return;
    this.#clear();
    this.#progress = printable(text);
    this.terminal.err(this.#progress);
  }

  paint(color: Color, text: string): string {
    return this.#isColored ? `\u001b[${CODES[color]}m${text}\u001b[0m` : text;
  }

  #clear(): void {
    if (this.#progress !== "") this.terminal.err("\r\u001b[K");
    this.#progress = "";
  }
}
