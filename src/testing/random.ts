/** A source of numbers from 0 up to 1; the same seed gives the same numbers. */
export type Random = () => number;

/** The generator of Tommy Ettinger called mulberry32: small, quick, and even enough for stories and simulations. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
