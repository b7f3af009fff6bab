import type { ServerClock } from "../server-control.js";

/** By so much at most it is changed at a time, … */
const STEP = { least: 0.8, most: 1.3 };
/** … and by so much of what would be right: what is measured of a second swings. */
const GAIN = 0.5;

/** Keeps the rate of work at which a server takes a given share of a core. */
export class Governor {
  #before: ServerClock | null = null;

  constructor(
    /** pieces of work a second */
    public rate: number,
    /** of a core */
    private readonly target: number,
  ) {}

  /**
   * To be told again and again what time it is at the server and what it has used.
   * @param isShort whether less was done than was due: more would not be done either
   */
  heed(clock: ServerClock, isShort = false): void {
    const before = this.#before;
    this.#before = clock;
    if (before === null || clock.atMs <= before.atMs) return;
    const share = (clock.cpuMs - before.cpuMs) / (clock.atMs - before.atMs);
    const step = share > 0 ? (this.target / share) ** GAIN : STEP.most;
    this.rate *= Math.min(isShort ? 1 : STEP.most, Math.max(STEP.least, step));
  }

  /** What is past is not of one piece with what comes. */
  forget(): void {
    this.#before = null;
  }
}
