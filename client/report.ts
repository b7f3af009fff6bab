/** Where failures of user code and of the page go: the console, and never further. */
export function report(error: unknown): void {
  // oxlint-disable-next-line no-console
  console.error("[convive]", error);
}

/** Runs code that is not ours; what it throws is reported and stops nothing. */
export function guard(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    report(error);
  }
}
