import type { Clock, Timer } from "../clock.js";

/** When a room tells what has changed: at once after a pause, else once per tick. */
export class RoomPace {
  #isDue = false;
  #isResting = false;
  #isStopped = false;
  #tick: Timer | null = null;

  /** `take` takes what has changed and returns how it is told; null when nothing has. */
  constructor(
    private readonly clock: Clock,
    private readonly tickMs: number,
    private readonly take: () => (() => void) | null,
  ) {}

  /** Something may have changed that is not told yet. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** Tells what has changed now, or with the tick that runs. */
  due(): void {
    this.#isDue = true;
    if (!this.#isResting) this.#tell();
  }

  stop(): void {
    this.#isStopped = true;
    this.#tick?.clear();
  }

  #tell(): void {
    this.#isDue = false;
    const tell = this.take();
    if (!tell) return;
    // What comes while this is told waits for the tick. It is begun when all is told, so that nobody waits for that.
    this.#isResting = true;
    const beganAt = this.clock.now();
    try {
      tell();
    } finally {
      const leftMs = Math.max(this.tickMs - (this.clock.now() - beganAt), 0);
      if (!this.#isStopped) this.#tick = this.clock.after(leftMs, () => this.#ticked());
    }
  }

  #ticked(): void {
    this.#isResting = false;
    if (this.#isDue) this.#tell();
  }
}
