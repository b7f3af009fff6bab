import type { Clock } from "../clock.js";

/** A token bucket: `rate` a second, `burst` at once. */
export class Bucket {
  #level: number;
  #filledAt: number;

  constructor(
    private readonly clock: Clock,
    private readonly ratePerSecond: number,
    private readonly burst = ratePerSecond,
  ) {
    this.#level = burst;
    this.#filledAt = clock.now();
  }

  /** As good as a new one. */
  get isFull(): boolean {
    this.#fill();
    return this.#level === this.burst;
  }

  take(): boolean {
    this.#fill();
    if (this.#level < 1) return false;
    this.#level -= 1;
    return true;
  }

  #fill(): void {
    const now = this.clock.now();
    this.#level = Math.min(this.burst, this.#level + ((now - this.#filledAt) / 1_000) * this.ratePerSecond);
    this.#filledAt = now;
  }
}

/** Counts offences; each is forgotten after a while. */
export class Strikes {
  #count = 0;
  #countedAt: number;

  constructor(
    private readonly clock: Clock,
    private readonly limit: number,
    private readonly decayMs: number,
  ) {
    this.#countedAt = clock.now();
  }

  /** True when this one is one too many. Offences within a tenth of the decay count once: a burst is one offence. */
  strike(): boolean {
    const now = this.clock.now();
    const sinceLast = now - this.#countedAt;
    if (this.#count > 0 && sinceLast < this.decayMs / 10) return false;
    this.#count = Math.max(0, this.#count - Math.floor(sinceLast / this.decayMs)) + 1;
    this.#countedAt = now;
    return this.#count > this.limit;
  }
}
