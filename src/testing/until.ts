import { AssertionError } from "node:assert";

const DEADLINE_MS = 60_000;
const PAUSE_MS = 10;

/** Waits for a condition, as long as a loaded machine may take; `describe` says what there was instead. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  describe: () => unknown = () => isSo.toString(),
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) {
      throw new AssertionError({ message: `it did not come to be so in time: ${JSON.stringify(await describe())}` });
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
