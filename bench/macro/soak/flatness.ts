import { median } from "../../measure.js";

/** Something that was looked at over time. */
export interface Look {
  readonly minute: number;
  readonly value: number;
}

export interface Flatness {
  readonly mean: number;
  /** of the straight line through all, per minute */
  readonly slope: number;
  /** middle of the last third ÷ middle of the first */
  readonly growth: number;
}

/** How flat a line is. @throws RangeError for fewer than three looks */
export function flatnessOf(looks: readonly Look[]): Flatness {
  if (looks.length < 3) throw new RangeError(`${looks.length} looks make no line: let it last longer.`);
  const [minute, mean] = [meanOf(looks.map((look) => look.minute)), meanOf(looks.map((look) => look.value))];
  const above = looks.map((look) => (look.minute - minute) * (look.value - mean));
  const below = looks.map((look) => (look.minute - minute) ** 2);
  const third = Math.floor(looks.length / 3);
  const middleOf = (some: readonly Look[]) => median(some.map(({ value }) => value));
  return {
    mean,
    slope: meanOf(above) / meanOf(below),
    growth: middleOf(looks.slice(-third)) / middleOf(looks.slice(0, third)),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
