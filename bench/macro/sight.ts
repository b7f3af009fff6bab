import type { Line, LineListener } from "./line.js";
import { FIRST_MARK, type Pace } from "./pace.js";

/** Two marks with a bracket behind them: so every contender writes a place. */
const PLACE = /(\d{4}),(\d{4})\]/g;
const NUMBER = /"n":(\d+)/;

/** What one viewer sees of those who move; the messages of the others are only counted. */
export class Sight implements LineListener {
  /** from a move's way out to its arrival here, of those sent since `watch` */
  latencies: number[] = [];
  messages = 0;
  /** of them: such as tell of no move */
  strays = 0;
  /** numbers of messages that did not come, of a server that numbers them */
  gaps = 0;
  readonly #seen: number[];
  #from = Infinity;
  #until = Infinity;
  #number = 0;

  constructor(
    private readonly pace: Pace,
    /** number of the mover whose line it is; -1 for an onlooker's */
    private readonly own: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#seen = Array.from({ length: pace.size }, () => 0);
  }

  /** From here on latencies count, of moves that are sent until `rest`. */
  watch(): void {
    this.#from = this.now();
    this.#until = Infinity;
    this.latencies = [];
  }

  rest(): void {
    this.#until = this.now();
  }

  heard(_line: Line, bytes: Buffer, start: number, end: number): void {
    const now = this.now();
    const text = bytes.toString("latin1", start, end);
    const number = Number(NUMBER.exec(text)?.[1] ?? this.#number);
    if (this.#number > 0 && number > this.#number + 1) this.gaps += number - this.#number - 1;
    this.#number = number;
    this.messages += 1;
    let places = 0;
    for (const [, x, y] of text.matchAll(PLACE)) {
      places += 1;
      this.#see(Number(y) - FIRST_MARK, Number(x), now);
    }
    if (places === 0) this.strays += 1;
  }

  /** How many of the others are seen where they are. */
  get upToDate(): number {
    return this.#seen.filter((x, mover) => mover !== this.own && x === this.pace.lastOf(mover)).length;
  }

  /** How many others there are. */
  get others(): number {
    return this.pace.size - (this.own < 0 ? 0 : 1);
  }

  #see(mover: number, x: number, now: number): void {
    if (mover < 0 || mover >= this.pace.size || mover === this.own) return;
    this.#seen[mover] = x;
    const sentAt = this.pace.sentAt(mover, x);
    if (sentAt >= this.#from && sentAt <= this.#until) this.latencies.push(now - sentAt);
  }
}
