/** One measurement: how much there was of each cause, and what was measured. */
export interface Observation {
  readonly causes: readonly number[];
  readonly value: number;
}

/**
 * What one of each cause costs: least squares of the relative errors, none below zero. A cause that would come out below zero is left out, since
 * nothing gives time back.
 *
 * @example
 * leastSquares([{ causes: [1, 100], value: 0.7 }, { causes: [1, 5_000], value: 29.9 }]); // [0.104, 0.00596]: once, and for each viewer
 * @throws RangeError when there are fewer observations than causes
 */
export function leastSquares(observations: readonly Observation[]): number[] {
  const count = observations[0]?.causes.length ?? 0;
  if (count === 0 || observations.length < count) throw new RangeError("There are fewer observations than causes.");
  const rows = observations.map(({ causes, value }) => causes.map((cause) => cause / value));
  let kept = Array.from({ length: count }, (_, at) => at);
  for (;;) {
    const found = solve(normal(rows, kept));
    const least = found.reduce((worst, value, at) => (value < found[worst]! ? at : worst), 0);
    if (found[least]! >= 0) return Array.from({ length: count }, (_, at) => found[kept.indexOf(at)] ?? 0);
    kept = kept.filter((_, at) => at !== least);
  }
}

/** The equations whose answer has the least squares; each row is meant to give 1. */
function normal(rows: readonly (readonly number[])[], kept: readonly number[]): number[][] {
  const sum = (of: (row: readonly number[]) => number) => rows.reduce((total, row) => total + of(row), 0);
  return kept.map((a) => [...kept.map((b) => sum((row) => row[a]! * row[b]!)), sum((row) => row[a]!)]);
}

/** Gauss, with the largest pivot first; changes what it is given. */
function solve(equations: number[][]): number[] {
  const size = equations.length;
  for (let column = 0; column < size; column += 1) {
    const below = equations.slice(column).map((row) => Math.abs(row[column]!));
    const pivot = column + below.indexOf(Math.max(...below));
    [equations[column], equations[pivot]] = [equations[pivot]!, equations[column]!];
    if (equations[column]![column] === 0) throw new RangeError("The observations do not tell the causes apart.");
    for (let row = 0; row < size; row += 1) {
      if (row === column) continue;
      const factor = equations[row]![column]! / equations[column]![column]!;
      equations[row] = equations[row]!.map((value, at) => value - factor * equations[column]![at]!);
    }
  }
  return equations.map((row, at) => row[size]! / row[at]!);
}
