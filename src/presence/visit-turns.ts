import { ConviveError, messageOf, type ErrorCode } from "../errors.js";
import type { Logger } from "../logger.js";

/** A full room, or one that is not for everybody, refuses day by day. */
const REFUSALS: readonly ErrorCode[] = ["PRESENCE_ROOM_FULL", "PRESENCE_FORBIDDEN"];

/** One change of a visitor's place after another: a second `track` finds what the first one made. */
export class VisitTurns {
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly logger: Logger,
    private readonly key: string,
  ) {}

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    // Logged also where it is handled: who forgets to await would hear nothing at all.
    this.#last = turn.catch((error: unknown) => this.#tell(error));
    return turn;
  }

  #tell(error: unknown): void {
    const facts = { key: this.key, error: messageOf(error) };
    if (error instanceof ConviveError && REFUSALS.includes(error.code))
      this.logger.info(facts, "a presence was refused");
    else this.logger.warn(facts, "a change of a presence failed; await it to hear of it in the view");
  }
}
