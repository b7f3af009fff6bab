interface Waiting {
  readonly enter: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Lets so many commands be under way at once; the others wait for their turn, in order. So thousands of rooms that write in one moment do not
 * make each other late: a command's time runs from when it is sent.
 */
export class Gate {
  readonly #waiting: Waiting[] = [];
  #underWay = 0;

  constructor(private readonly limit: number) {}

  /**
   * What is urgent, such as the renewal of a lease, waits for no turn.
   * @throws what `fail` was given while the work waited
   */
  async pass<T>(work: () => Promise<T>, isUrgent = false): Promise<T> {
    if (isUrgent) return work();
    if (this.#underWay < this.limit) this.#underWay += 1;
    else await new Promise<void>((enter, fail) => this.#waiting.push({ enter, fail }));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next.enter();
      else this.#underWay -= 1;
    }
  }

  /** Whoever waits need not wait any longer: what is under way does not come to an end. */
  fail(error: unknown): void {
    for (const { fail } of this.#waiting.splice(0)) fail(error);
  }
}
