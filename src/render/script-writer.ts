import type { Change, Ops, Script, Step } from "./rendered.js";

/** Writes the steps of one level; takes out what is neither kept nor changed before the place it comes to. */
export class ScriptWriter {
  readonly #steps: Step[] = [];
  #kept: number;
  #cursor: number;

  constructor(first: number) {
    this.#kept = first;
    this.#cursor = first;
  }

  keep(index: number, stays: boolean): void {
    if (stays) {
      this.#takeOut(index);
      this.#kept++;
      this.#cursor++;
      return;
    }
    const last = this.#append("<");
    const run = last.at(-1);
    if (typeof run === "number" && run + 1 === index) last[last.length - 1] = [run, 2];
    else if (Array.isArray(run) && (run[0] as number) + (run[1] as number) === index) run[1] = (run[1] as number) + 1;
    else last.push(index);
  }

  change(index: number, stays: boolean, change: Change | null): void {
    if (!change) return this.keep(index, stays);
    if (stays) {
      this.#takeOut(index);
      this.#push(change);
      this.#cursor++;
    } else this.#push(["=", index, change]);
  }

  insert(ops: Ops): void {
    const last = this.#append("+");
    for (const op of ops) last.push(op);
  }

  /** Steps that would only keep what is left are left out. */
  end(oldEnd: number): Script {
    this.#takeOut(oldEnd);
    return this.#steps;
  }

  #takeOut(upTo: number): void {
    if (upTo > this.#cursor) this.#push(this.#cursor - upTo);
    this.#cursor = upTo;
  }

  /** The last step, if it is of this kind and nothing is kept behind it; else a new one. */
  #append(kind: "+" | "<"): unknown[] {
    const last = this.#steps.at(-1);
    if (this.#kept === 0 && Array.isArray(last) && last[0] === kind) return last as unknown[];
    const step: unknown[] = [kind];
    this.#push(step as unknown as Step);
    return step;
  }

  #push(step: Step): void {
    if (this.#kept > 0) this.#steps.push(this.#kept);
    this.#kept = 0;
    this.#steps.push(step);
  }
}
