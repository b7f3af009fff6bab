import type { Terminal } from "../cli/terminal.js";

/** A terminal that writes down what it is told. */
export class FakeTerminal implements Terminal {
  output = "";
  errors = "";
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly env: Readonly<Record<string, string | undefined>> = {},
    readonly isTty = false,
    readonly isErrorTty = isTty,
  ) {}

  get lines(): string[] {
    return this.output.split("\n").slice(0, -1);
  }

  out(text: string): void {
    this.output += text;
  }
  err(text: string): void {
    this.errors += text;
  }
  onEnd(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  /** As Ctrl-C. */
  end(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
