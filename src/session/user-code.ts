import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";

/** The one place where code of the user, called outside of its own handlers, may throw: it is logged and disturbs nobody. */
export class UserCode {
  constructor(
    private readonly logger: Logger,
    private readonly facts: object,
  ) {}

  attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.log(error, "a callback of a view failed");
    }
  }

  async run(work: () => unknown): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.log(error, "a callback of a view failed");
    }
  }

  log(error: unknown, message: string): void {
    this.logger.error({ ...this.facts, error: messageOf(error), stack: (error as Error)?.stack }, message);
  }
}
