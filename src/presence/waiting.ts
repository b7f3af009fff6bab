import type { Clock } from "../clock.js";

interface Wait {
  readonly isReady: () => boolean;
  readonly resolve: () => void;
}

/** Those who wait until a room has come so far, but no longer than a while. */
export class Waiting {
  readonly #all = new Set<Wait>();

  constructor(
    private readonly clock: Clock,
    private readonly longestMs: number,
  ) {}

  until(isReady: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        timer.clear();
        this.#all.delete(wait);
        resolve();
      };
      const timer = this.clock.after(this.longestMs, end);
      const wait: Wait = { isReady, resolve: end };
      this.#all.add(wait);
    });
  }

  /** The room has come further. */
  check(): void {
    for (const { isReady, resolve } of [...this.#all]) if (isReady()) resolve();
  }

  /** It comes no further. */
  end(): void {
    for (const { resolve } of [...this.#all]) resolve();
  }
}
