/** A source of numbers from 0 up to 1; the same seed gives the same numbers. */
export type Chance = () => number;

/** mulberry32: small, quick, and even enough for what is counted here. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Until the next of things that happen so often a second, whenever the last one was. */
export function nextIn(perSecond: number, chance: Chance): number {
  return -Math.log(1 - chance()) / perSecond;
}

/** Whole numbers below a bound. */
export function below(bound: number, chance: Chance): number {
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
