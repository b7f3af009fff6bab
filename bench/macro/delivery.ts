import type { Line, LineListener } from "./line.js";
import { spinUntil, type Spun } from "./spin.js";

const PATIENCE_MS = 20_000;

/** What became of one change. */
export interface Delivered extends Spun {
  /** lines that heard it */
  readonly count: number;
  /** messages beside it: other bytes, or the same again */
  readonly others: number;
  /** the message, the same for all */
  readonly payload: Buffer;
}

let changes = 0;

/**
 * Waits until one change has reached all lines, and counts each: the first message that `tells` it is kept, and what the others hear
 * must be the same byte for byte. Never sleeps.
 *
 * @example
 * const { ms, count } = await deliver(lines, () => joiner.enter(), (payload) => payload.includes("Ann"));
 */
export async function deliver(
  lines: readonly Line[],
  change: () => void,
  tells: (payload: Buffer) => boolean,
  patienceMs = PATIENCE_MS,
): Promise<Delivered> {
  const counter = new DeliveryCounter((changes += 1), tells);
  for (const line of lines) line.listener = counter;
  const spun = await spinUntil(() => counter.count >= lines.length, patienceMs, change);
  const { count, others, payload } = counter;
  return { ...spun, count, others, payload };
}

/** Tells whether every line has heard one change. */
export class DeliveryCounter implements LineListener {
  count = 0;
  others = 0;
  payload = Buffer.alloc(0);

  constructor(
    private readonly change: number,
    private readonly tells: (payload: Buffer) => boolean,
  ) {}

  heard(line: Line, bytes: Buffer, start: number, end: number): void {
    if (line.change === this.change || !this.#isIt(bytes, start, end)) this.others += 1;
    else {
      line.change = this.change;
      this.count += 1;
    }
  }

  #isIt(bytes: Buffer, start: number, end: number): boolean {
    if (this.payload.length > 0) return bytes.compare(this.payload, 0, this.payload.length, start, end) === 0;
    const given = bytes.subarray(start, end);
    if (!this.tells(given)) return false;
    this.payload = Buffer.from(given);
    return true;
  }
}
