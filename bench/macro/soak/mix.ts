// All that a server has to do at once, at a rate that keeps it busy.
import { fetchPage } from "../contenders/convive.js";
import { refuseMissing } from "../refusal.js";
import type { ServerProcess } from "../server-process.js";
import type { ServerClock } from "../server-control.js";
import { spinFor, spinUntil } from "../spin.js";
import { Board, ROOM } from "./board.js";
import { Governor } from "./governor.js";
import { Presses } from "./presses.js";
import { Readers } from "./readers.js";
import { Visits } from "./visits.js";

/** One piece of work. */
const PIECE = { events: 20, pages: 2, visits: 0.2 };
const FIRST_RATE = 50;
const GOVERN_MS = 1_000;
/** Of what was wanted, so much is as good as all. */
const DONE = 0.95;
const PATIENCE_MS = 60_000;
const LOOK_MS = 500;

export class Mix {
  readonly #governor: Governor;
  #asksAt = 0;
  #steppedAt = 0;
  /** pieces since the rate was looked at last */
  #wanted = 0;
  #done = 0;
  readonly #due = { events: 0, pages: 0, visits: 0 };

  private constructor(
    readonly server: ServerProcess,
    readonly board: Board,
    readonly presses: Presses,
    readonly readers: Readers,
    readonly visits: Visits,
    share: number,
  ) {
    this.#governor = new Governor(FIRST_RATE, share);
  }

  /** @param share of a core that the server shall take */
  static async gather(server: ServerProcess, share: number): Promise<Mix> {
    const { port } = server;
    const board = await Board.gather(port);
    const visits = new Visits(port, board);
    return new Mix(server, board, await Presses.open(port), await Readers.open(port), visits, share);
  }

  /** Works for a while. */
  async work(lastMs: number): Promise<void> {
    this.board.pace.start();
    this.#governor.forget();
    const startedAt = (this.#steppedAt = performance.now());
    await spinUntil(() => {
      this.#step(performance.now());
      return performance.now() - startedAt >= lastMs || this.visits.failure !== null;
    }, lastMs * 2);
    if (this.visits.failure !== null) throw this.visits.failure;
  }

  /** Lets everything end. @throws BenchRefusal BENCH_DELIVERY_MISSING */
  async end(): Promise<void> {
    const { board, presses, readers, visits } = this;
    await spinUntil(() => {
      const isDone = visits.done === visits.begun && readers.answered === readers.asked;
      return isDone && presses.heardFrames === presses.owedFrames;
    }, PATIENCE_MS);
    refuseMissing("people who came and went", visits.done, visits.begun);
    refuseMissing("pages", readers.answered, readers.asked);
    refuseMissing("answers to events", presses.heardFrames, presses.owedFrames);
    refuseMissing("people in the room when all others have left", await this.#peopleLeft(), board.people);
    for (let told = -1; told !== board.heardBytes;) {
      told = board.heardBytes;
      await spinFor(LOOK_MS);
    }
    board.check();
  }

  /** Who lost his line is in the room for a while; what a page says in the end. */
  async #peopleLeft(): Promise<number> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const page = await fetchPage(this.server.port, `/boards/${ROOM}`, { "X-Person": "a late one" });
      const people = Number(/(\d+)[^\d]{0,40} online/.exec(page)?.[1]);
      if (people === this.board.people || performance.now() > deadline) return people;
      await spinFor(LOOK_MS);
    }
  }

  #step(now: number): void {
    this.board.pace.step();
    const pieces = (this.#governor.rate * (now - this.#steppedAt)) / 1_000;
    this.#steppedAt = now;
    this.#do("events", pieces, (count) => this.presses.press(count));
    this.#do("pages", pieces, (count) => this.readers.ask(count));
    this.#do("visits", pieces, (count) => this.visits.begin(count));
    if (now < this.#asksAt) return;
    this.#asksAt = now + GOVERN_MS;
    const isShort = this.#done < this.#wanted * DONE;
    this.#wanted = this.#done = 0;
    void this.server.ask<ServerClock>("clock").then((clock) => this.#governor.heed(clock, isShort));
  }

  /** What there was no room for is not made up for. */
  #do(what: keyof typeof PIECE, pieces: number, work: (count: number) => number): void {
    this.#due[what] += PIECE[what] * pieces;
    const whole = Math.floor(this.#due[what]);
    if (whole === 0) return;
    this.#due[what] -= whole;
    this.#wanted += whole / PIECE[what];
    this.#done += work(whole) / PIECE[what];
  }
}
