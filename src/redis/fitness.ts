import type { Clock } from "../clock.js";
import type { ConviveError } from "../errors.js";
import { checkServer, redisFailure } from "./failure.js";

/** What the check of a place's servers asks. */
export interface FitnessOwner {
  readonly clock: Clock;
  /** how often a server that is not fit is asked again */
  readonly everyMs: number;
  readonly place: string;
  /** What each server says of itself: INFO. */
  ask(): Promise<readonly string[]>;
  /** They were not fit, and are now. */
  becameFit(): void;
}

/** Whether servers can hold rooms. An administrator may put right what is wrong without any connection noticing, so it is asked again. */
export class Fitness {
  #failure: ConviveError | null = null;
  #askedAt = -Infinity;

  constructor(private readonly owner: FitnessOwner) {}

  get isFit(): boolean {
    return this.#failure === null;
  }

  /** @throws ConviveError REDIS_TOO_OLD or REDIS_EVICTS, and what asking fails with */
  async check(): Promise<void> {
    const { clock, place } = this.owner;
    this.#askedAt = clock.now();
    const infos = await this.owner.ask();
    this.#failure = null;
    try {
      for (const info of infos) checkServer(info, place);
    } catch (error) {
      this.#failure = redisFailure(error, place);
      throw this.#failure;
    }
  }

  /** Asks servers that are not fit once more, if the last time is long enough ago. @throws ConviveError why they are not */
  async checkAgain(): Promise<void> {
    const { clock, everyMs } = this.owner;
    if (clock.now() - this.#askedAt >= everyMs) {
      await this.check().catch(() => {});
      if (this.isFit) this.owner.becameFit();
    }
    if (this.#failure) throw this.#failure;
  }
}
