import type { Visitor } from "./contender.js";

/** Moves a second of each mover. */
export const MOVES_PER_SECOND = 30;
/** A move is told apart by its place: x is its number, y who moved. Four digits each, so that every move is as long as every other. */
export const FIRST_MARK = 1_000;
export const LAST_MARK = 9_999;

/** People who all move at 30 Hz, their moves spread evenly over time. */
export class Pace {
  /** moves of all */
  sent = 0;
  /** when each mover sent each of his moves, by `x` */
  readonly #sentAt: readonly Float64Array[];
  readonly #numbers: number[];
  #startedAt = 0;
  #due = 0;

  constructor(
    private readonly movers: readonly Pick<Visitor, "point">[],
    private readonly now: () => number = () => performance.now(),
  ) {
    if (movers.length > LAST_MARK - FIRST_MARK) throw new RangeError(`${movers.length} movers have no marks.`);
    this.#numbers = movers.map(() => 0);
    this.#sentAt = movers.map(() => new Float64Array(LAST_MARK + 1));
  }

  get size(): number {
    return this.movers.length;
  }

  /** From here on they move. */
  start(): void {
    this.#startedAt = this.now();
    this.#due = 0;
  }

  /** Sends what is due; to be called over and over. */
  step(): void {
    const { length } = this.movers;
    const gapMs = 1_000 / MOVES_PER_SECOND / length;
    for (let now = this.now(); this.#startedAt + this.#due * gapMs <= now; now = this.now()) {
      this.#move(this.#due % length, now);
      this.#due += 1;
    }
  }

  /** How many moves one of them has made. */
  sentBy(mover: number): number {
    return this.#numbers[mover]!;
  }

  /** Where one of them is. */
  lastOf(mover: number): number {
    return markOf(this.#numbers[mover]! - 1);
  }

  /** When one of them sent a move. */
  sentAt(mover: number, x: number): number {
    return this.#sentAt[mover]![x]!;
  }

  #move(mover: number, now: number): void {
    const x = markOf(this.#numbers[mover]!++);
    this.#sentAt[mover]![x] = now;
    this.sent += 1;
    this.movers[mover]!.point(x, FIRST_MARK + mover);
  }
}

function markOf(number: number): number {
  return FIRST_MARK + (number % (LAST_MARK + 1 - FIRST_MARK));
}
