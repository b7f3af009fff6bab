import type { Clock, Timer } from "../clock.js";

interface Planned {
  readonly work: () => void;
  readonly everyMs: number | null;
  due: number;
}

const START_OF_WALL_TIME = Date.UTC(2026, 0, 1);

/**
 * A clock that stands still until it is told to advance. Timers run in the order they are due; after each, everything that it set off
 * (promises, immediate callbacks) is done before the next one runs.
 *
 * @example
 * const clock = new FakeClock();
 * clock.after(1_000, () => console.log("a second later"));
 * await clock.advance(1_000);
 */
export class FakeClock implements Clock {
  readonly #planned = new Set<Planned>();
  #now = 0;
  #wallOffset = START_OF_WALL_TIME;

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#wallOffset + this.#now;
  }

  /** Timers that have not run and were not cleared. */
  get timers(): number {
    return this.#planned.size;
  }

  after(ms: number, work: () => void): Timer {
    return this.#plan(ms, work, null);
  }

  every(ms: number, work: () => void): Timer {
    return this.#plan(ms, work, ms);
  }

  /** Sets the wall clock forward or back, as an administrator would; `now` does not notice. */
  skew(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Time goes by while something works: what is due meanwhile runs later. */
  spend(ms: number): void {
    this.#now += ms;
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.due);
      if (next.everyMs === null) this.#planned.delete(next);
      else next.due += next.everyMs;
      next.work();
      await settle();
    }
    this.#now = Math.max(this.#now, end);
  }

  #plan(ms: number, work: () => void, everyMs: number | null): Timer {
    const planned: Planned = { work, everyMs, due: this.#now + Math.max(ms, everyMs === null ? 0 : 1) };
    this.#planned.add(planned);
    return { clear: () => void this.#planned.delete(planned) };
  }

  #next(end: number): Planned | null {
    let next: Planned | null = null;
    for (const planned of this.#planned) {
      if (planned.due <= end && (!next || planned.due < next.due)) next = planned;
    }
    return next;
  }
}

/** Resolves when all promises and immediate callbacks of now have run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 2; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
