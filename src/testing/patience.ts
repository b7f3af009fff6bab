const DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 10;

/** Waits until it is so; generous, since a machine may be loaded. A look that fails is a no. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  let failure: unknown;
  for (;;) {
    try {
      if (await isSo()) return;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) throw new Error(`It did not come to be so: ${what}`, { cause: failure });
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
