/** What a resource carries, over all its parts and seconds. */
export interface Spread {
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
}

export function spreadOf(values: Float64Array): Spread {
  const sorted = values.toSorted();
  return { mean: sum(sorted) / sorted.length, p99: sorted[Math.ceil(0.99 * sorted.length) - 1]!, max: sorted.at(-1)! };
}

/** Work in µs of so many parts, second by second. */
export class Ledger {
  readonly #steady: Float64Array;
  readonly #bySecond: Float64Array;

  constructor(
    parts: number,
    private readonly seconds: number,
  ) {
    this.#steady = new Float64Array(parts);
    this.#bySecond = new Float64Array(parts * seconds);
  }

  /** In one second, or (null) in each. */
  add(part: number, second: number | null, us: number): void {
    if (second === null) this.#steady[part]! += us;
    else this.#bySecond[part * this.seconds + second]! += us;
  }

  /** Of each part in each second, as a share of a core. */
  spread(): Spread {
    const share = (us: number, at: number) => (us + this.#steady[Math.floor(at / this.seconds)]!) / 1_000_000;
    return spreadOf(this.#bySecond.map(share));
  }

  /** µs per second, all parts together. */
  get total(): number {
    return sum(this.#steady) + sum(this.#bySecond) / this.seconds;
  }
}

export function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
