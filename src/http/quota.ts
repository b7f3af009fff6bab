/** Counts what each holder has, up to a limit. */
export class Quota {
  readonly #counts = new Map<string, number>();

  constructor(private readonly limit: number) {}

  /** An idempotent release, or null when the holder has all it may have. */
  take(holder: string): (() => void) | null {
    const count = this.#counts.get(holder) ?? 0;
    if (count >= this.limit) return null;
    this.#counts.set(holder, count + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = this.#counts.get(holder)! - 1;
      if (left === 0) this.#counts.delete(holder);
      else this.#counts.set(holder, left);
    };
  }
}
