import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";

/** One `add` of a listener, who may be added again. */
class Entry<T> {
  constructor(readonly listener: T) {}
}

/** Those who hear of something. What one of them throws is logged and never another's concern. */
export class Listeners<T> {
  readonly #all = new Set<T | Entry<T>>();

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
    const entry = new Entry(listener);
    this.#all.add(entry);
    return () => void this.#all.delete(entry);
  }

  /** As `add` for one of very many, who comes once: nothing is kept but itself, until `leave`. */
  enter(listener: T): void {
    this.#all.add(listener);
  }

  leave(listener: T): void {
    this.#all.delete(listener);
  }

  tell(work: (listener: T) => unknown): void {
    for (const each of this.#all) {
      try {
        const result = work(each instanceof Entry ? (each as Entry<T>).listener : each);
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
