import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";

/** Somebody who has something to show. */
export interface Showing {
  /** Shows it, unless something else began meanwhile that will. */
  showIfIdle(): void;
}

/** What changed in one turn of this process is shown at its end: one job for all the pages that see a room. */
export class ShowQueue {
  #waiting: Showing[] = [];

  constructor(private readonly logger: Logger) {}

  add(showing: Showing): void {
    if (this.#waiting.push(showing) === 1) queueMicrotask(() => this.#showAll());
  }

  #showAll(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (const each of all) {
      try {
        each.showIfIdle();
      } catch (error) {
        this.logger.error({ error: messageOf(error), stack: (error as Error)?.stack }, "a page could not be shown");
      }
    }
  }
}
