/** What a measurement aims at: at most so much of its unit, or at most so many times its baseline. */
export type Target = { readonly value: number } | { readonly ratio: number };

export interface Baseline {
  readonly name: string;
  /** In the unit of the result, measured in the same run. */
  readonly value: number;
}

export interface Measurement {
  readonly case: string;
  readonly value: number;
  readonly unit: string;
  /** width of the middle half of what was measured, as a share of the median */
  readonly spread?: number;
  readonly baseline?: Baseline;
  readonly target?: Target;
}

/** One line of `npm run bench -- --json`. */
export interface Result {
  readonly bench: string;
  readonly case: string;
  readonly value: number;
  readonly unit: string;
  readonly spread: number | null;
  readonly baseline: Baseline | null;
  /** value ÷ baseline */
  readonly ratio: number | null;
  readonly target: Target | null;
  readonly met: boolean | null;
}

export interface Bench {
  /** The name of its file, without `.ts`. */
  readonly name: string;
  run(): Promise<Result[]>;
}

/**
 * Holds a measurement against its baseline and its target.
 *
 * @example
 * resultOf("render", { case: "1000 rows", value: 0.29, unit: "ms", baseline: { name: "plain Eta", value: 0.27 }, target: { ratio: 1.1 } });
 */
export function resultOf(bench: string, measurement: Measurement): Result {
  const { case: name, value, unit, spread, baseline, target } = measurement;
  const ratio = baseline === undefined ? null : value / baseline.value;
  return {
    bench,
    case: name,
    value,
    unit,
    spread: spread ?? null,
    baseline: baseline ?? null,
    ratio,
    target: target ?? null,
    met: target === undefined ? null : isMet(target, value, ratio),
  };
}

function isMet(target: Target, value: number, ratio: number | null): boolean {
  if ("value" in target) return value <= target.value;
  if (ratio === null) throw new TypeError("A target that is a ratio needs a baseline.");
  return ratio <= target.ratio;
}
