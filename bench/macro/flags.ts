/** `--NAME=1,2` on the command line as numbers, else what is given here. */
export function numbersFlag(
  name: string,
  otherwise: readonly number[],
  words: readonly string[] = process.argv,
): readonly number[] {
  const given = words.find((word) => word.startsWith(`--${name}=`));
  if (given === undefined) return otherwise;
  const numbers = given
    .slice(name.length + 3)
    .split(",")
    .map(Number);
  if (numbers.some((number) => !Number.isInteger(number) || number <= 0)) {
    throw new RangeError(`${given}: whole numbers above 0 are wanted, with commas between them.`);
  }
  return numbers;
}

export function hasFlag(name: string): boolean {
  return process.argv.includes(`--${name}`);
}
