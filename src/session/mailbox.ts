import type { Clock } from "../clock.js";
import { ConviveError } from "../errors.js";

/** What a mailbox asks of its owner. */
export interface MailboxOwner {
  /** Work threw; nothing of it may escape from here. */
  failed(error: unknown): void | Promise<void>;
  /** Work ran; `idle` when nothing waits behind it. */
  turned(idle: boolean): void;
  /** Work takes longer than any may; what waits behind it will not run. */
  overdue(): void;
}

export interface MailboxLimits {
  /** how much may wait before the mailbox calls itself full */
  readonly mailboxLength: number;
  /** how long one piece of work may take */
  readonly handlerMs: number;
}

type Work = () => unknown;

interface Letter {
  readonly work: Work;
  /** behind it */
  next?: Letter;
  /** Called instead when the work will not run, or will not end in time. */
  readonly drop?: (error: Error) => void;
}

/** Runs what is posted one at a time, each awaited, in the order posted. */
export class Mailbox {
  #first: Letter | undefined = undefined;
  #last: Letter | undefined = undefined;
  #length = 0;
  #isRunning = false;
  #isClosed = false;
  /** set once work that did not end was left behind */
  #lastWork: Promise<void> | null = null;

  constructor(
    private readonly owner: MailboxOwner,
    private readonly clock: Clock,
    private readonly limits: MailboxLimits,
  ) {}

  get isFull(): boolean {
    return this.#length >= this.limits.mailboxLength;
  }

  get isIdle(): boolean {
    return !this.#isRunning;
  }

  /** False when the mailbox is closed. Only what comes from outside is refused when full: that is the caller's question to `isFull`. */
  post(work: Work, drop?: Letter["drop"]): boolean {
    if (this.#isClosed) return false;
    this.#add(drop ? { work, drop } : { work });
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
      if (!this.post(settle, reject)) reject(ended());
    });
  }

  /** Resolves when all that was posted so far has run, or was given up. */
  settled(): Promise<void> {
    if (this.#lastWork) return this.#lastWork;
    return new Promise((resolve) => this.#add({ work: resolve, drop: () => resolve(this.#lastWork!) }));
  }

  /** Takes nothing more, runs what is queued and then this, once; what is not done after `waitMs` is left behind. */
  finish(work: () => Promise<void>, waitMs: number): void {
    if (this.#isClosed) return;
    const timer = this.clock.after(waitMs, () => {
      this.#lastWork = work();
      for (let letter = this.#take(); letter; letter = this.#take()) letter.drop?.(ended());
    });
    this.post(() => {
      timer.clear();
      return work();
    });
    this.#isClosed = true;
  }

  #add(letter: Letter): void {
    if (this.#last) this.#last.next = letter;
    else this.#first = letter;
    this.#last = letter;
    this.#length += 1;
    if (!this.#isRunning) void this.#run();
  }

  #take(): Letter | undefined {
    const letter = this.#first;
    if (!letter) return undefined;
    this.#first = letter.next;
    if (!this.#first) this.#last = undefined;
    this.#length -= 1;
    return letter;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // Leave the caller's stack first, so that posting never runs work in the middle of somebody else's.
    await Promise.resolve();
    for (let letter = this.#take(); letter; letter = this.#take()) {
      try {
        const result = letter.work();
        if (result instanceof Promise) await this.#inTime(result, letter);
      } catch (error) {
        await this.#report(error);
      }
      this.owner.turned(this.#length === 0);
    }
    this.#isRunning = false;
  }

  /** Nothing else can run until this ends; an owner that is told that it does not will close the mailbox. */
  async #inTime(result: Promise<unknown>, { drop }: Letter): Promise<void> {
    const { handlerMs } = this.limits;
    const timer = this.clock.after(handlerMs, () => {
      drop?.(
        new ConviveError("HANDLER_TIMEOUT", `It took more than ${handlerMs} ms (limits.handlerMs).`, { status: 408 }),
      );
      this.owner.overdue();
    });
    try {
      await result;
    } finally {
      timer.clear();
    }
  }

  async #report(error: unknown): Promise<void> {
    try {
      await this.owner.failed(error);
    } catch {
      // The owner logs; a throwing log must not stop the mailbox.
    }
  }
}

function ended(): ConviveError {
  return new ConviveError("SERVER_CLOSED", "The page has ended; nothing can be sent to its view.", { status: 410 });
}
