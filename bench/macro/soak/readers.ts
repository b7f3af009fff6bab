import { each } from "../contender.js";
import { PageLine } from "../page-line.js";
import { ROOM } from "./board.js";

const CONNECTIONS = 32;

/** Those who only fetch pages: one at a time on each connection. */
export class Readers {
  readonly #asked: number[];

  private constructor(private readonly lines: readonly PageLine[]) {
    this.#asked = lines.map(() => 0);
  }

  static async open(port: number): Promise<Readers> {
    return new Readers(
      await each(CONNECTIONS, (at) => PageLine.open(port, `/boards/${ROOM}`, { "X-Person": `reader-${at}` })),
    );
  }

  get asked(): number {
    return this.#asked.reduce((sum, count) => sum + count, 0);
  }

  get answered(): number {
    return this.lines.reduce((sum, { pages }) => sum + pages, 0);
  }

  /** On those connections that are free; returns how many. */
  ask(count: number): number {
    let left = count;
    for (const [at, line] of this.lines.entries()) {
      if (left === 0) break;
      if (line.pages < this.#asked[at]!) continue;
      this.#asked[at]! += 1;
      line.start();
      line.stop();
      left -= 1;
    }
    return count - left;
  }
}
