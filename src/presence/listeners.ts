import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";

/** Those who hear of something. What one of them throws is logged and never another's concern. */
export class Listeners<T> {
  readonly #all = new Set<{ readonly listener: T }>();

  constructor(
    private readonly logger: Logger,
    /** what failed, for the log */
    private readonly what: string,
  ) {}

  get size(): number {
    return this.#all.size;
  }

  /** Returns its undo, which is idempotent. */
  add(listener: T): () => void {
    const entry = { listener };
    this.#all.add(entry);
    return () => void this.#all.delete(entry);
  }

  tell(work: (listener: T) => unknown): void {
    for (const { listener } of this.#all) {
      try {
        const result = work(listener);
        if (result instanceof Promise) result.catch((error: unknown) => this.#failed(error));
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  #failed(error: unknown): void {
    this.logger.error({ error: messageOf(error), stack: (error as Error)?.stack }, `${this.what} failed`);
  }
}
