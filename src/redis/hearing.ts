import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock, Timer } from "../clock.js";

/** What a probe asks of its link. */
export interface HearingLine {
  readonly clock: Clock;
  /** how often it is tried */
  readonly everyMs: number;
  subscribe(hear: (text: string) => void): Promise<unknown>;
  publish(text: string): Promise<unknown>;
  /** What was published a period ago has not been heard. */
  isDeaf(): void;
}

/** Tells itself something each period: a connection that only listens would not notice that nothing comes any more. */
export class HearingProbe {
  readonly #timer: Timer;
  #isSubscribed = false;
  #told = 0;
  #heard = 0;

  constructor(private readonly line: HearingLine) {
    this.#timer = line.clock.every(line.everyMs, () => void this.#round());
  }

  stop(): void {
    this.#timer.clear();
  }

  async #round(): Promise<void> {
    const { line } = this;
    // After a pause of this process it may be there already, and only be unread.
    if (this.#heard < this.#told) await nextTurn();
    if (this.#heard < this.#told) {
      this.#heard = this.#told;
      return line.isDeaf();
    }
    try {
      if (!this.#isSubscribed) await line.subscribe((text) => (this.#heard = Math.max(this.#heard, Number(text))));
      this.#isSubscribed = true;
      const next = this.#told + 1;
      await line.publish(String(next));
      this.#told = next;
    } catch {
      // Redis is away, which others notice; nothing is known of what is heard.
    }
  }
}
