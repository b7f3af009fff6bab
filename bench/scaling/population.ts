import type { Random } from "../../src/testing/random.js";

/** Until the next of things that happen so often a second, whenever the last one was. */
export function nextIn(perSecond: number, chance: Random): number {
  return -Math.log(1 - chance()) / perSecond;
}

/** Whole numbers below a bound. */
export function below(bound: number, chance: Random): number {
  return Math.floor(chance() * bound);
}

export interface RoomSizes {
  /** all together */
  readonly viewers: number;
  readonly largest: number;
  /** the room of rank k has `largest ÷ k^exponent` viewers, at least one */
  readonly exponent: number;
}

/** Sizes of rooms by Zipf: few large ones, very many small ones; the largest first. They sum up to the viewers. */
export function roomSizes({ viewers, largest, exponent }: RoomSizes): number[] {
  const sizes: number[] = [];
  for (let left = viewers; left > 0; left -= sizes.at(-1)!) {
    const size = Math.max(1, Math.floor(largest / (sizes.length + 1) ** exponent));
    sizes.push(Math.min(size, left));
  }
  return sizes;
}
