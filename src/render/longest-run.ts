/**
 * Which places of a sequence of different numbers form its longest increasing subsequence (patience sorting, O(n log n)).
 * Negative numbers are never part of it.
 */
export function longestRun(sequence: Int32Array): Uint8Array {
  const ends: number[] = [];
  const before = new Int32Array(sequence.length).fill(-1);
  for (let place = 0; place < sequence.length; place++) {
    const value = sequence[place]!;
    if (value < 0) continue;
    const length = firstNotBelow(ends, sequence, value);
    if (length > 0) before[place] = ends[length - 1]!;
    ends[length] = place;
  }
  const stays = new Uint8Array(sequence.length);
  for (let place = ends.at(-1) ?? -1; place >= 0; place = before[place]!) stays[place] = 1;
  return stays;
}

function firstNotBelow(ends: readonly number[], sequence: Int32Array, value: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sequence[ends[middle]!]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
