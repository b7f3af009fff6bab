import type { Clock } from "../clock.js";
import { ConviveError } from "../errors.js";

/** What a mailbox asks of its owner. */
export interface MailboxOwner {
  /** Work threw; nothing of it may escape from here. */
  failed(error: unknown): void | Promise<void>;
  /** Work ran; `idle` when nothing waits behind it. */
  turned(idle: boolean): void;
}

type Work = () => unknown;

/** Runs what is posted one at a time, each awaited, in the order posted. */
export class Mailbox {
  readonly #queue: Work[] = [];
  #isRunning = false;
  #isClosed = false;

  constructor(
    private readonly owner: MailboxOwner,
    private readonly maxLength: number,
  ) {}

  get isFull(): boolean {
    return this.#queue.length >= this.maxLength;
  }

  get isIdle(): boolean {
    return !this.#isRunning;
  }

  /** False when the mailbox is closed. Only what comes from outside is refused when full: that is the caller's question to `isFull`. */
  post(work: Work): boolean {
    if (this.#isClosed) return false;
    this.#queue.push(work);
    if (!this.#isRunning) void this.#run();
    return true;
  }

  /** Posts work whose result, or failure, goes to the caller alone. Rejects when the mailbox is closed. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = async () => {
        try {
          resolve(await work());
        } catch (error) {
          reject(error as Error);
        }
      };
      if (!this.post(settle))
        reject(new ConviveError("SERVER_CLOSED", "The page has ended; nothing can be sent to its view."));
    });
  }

  /** Resolves when all that was posted so far has run. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push(resolve);
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Takes nothing more, runs what is queued and then this, once; after `waitMs` also while other work is still running. */
  finish(work: Work, clock: Clock, waitMs: number): void {
    if (this.#isClosed) return;
    let isFinished = false;
    const finish = () => {
      timer.clear();
      if (isFinished) return undefined;
      isFinished = true;
      return work();
    };
    const timer = clock.after(waitMs, () => void finish());
    this.post(finish);
    this.#isClosed = true;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // Leave the caller's stack first, so that posting never runs work in the middle of somebody else's.
    await Promise.resolve();
    for (let work = this.#queue.shift(); work; work = this.#queue.shift()) {
      try {
        await work();
      } catch (error) {
        await this.#report(error);
      }
      this.owner.turned(this.#queue.length === 0);
    }
    this.#isRunning = false;
  }

  async #report(error: unknown): Promise<void> {
    try {
      await this.owner.failed(error);
    } catch {
      // The owner logs; a throwing log must not stop the mailbox.
    }
  }
}
