// People who come and go, each a new one: they leave, lose their line and come back, or just close the page.
import { ticketOf } from "../../../src/testing/visitor.js";
import type { Person, Visitor } from "../contender.js";
import { connect, convive, fetchPage, headersOf, urlOf } from "../contenders/convive.js";
import { ROOM, type Board } from "./board.js";

/** At once: with those who stay no more than the 100 names that a page shows. */
const MOST = 40;

export class Visits {
  begun = 0;
  done = 0;
  /** until the others were told of each who came, since it was looked at last */
  latencies: number[] = [];
  failure: unknown = null;

  constructor(
    private readonly port: number,
    private readonly board: Board,
  ) {}

  /** As many as there is room for; returns how many. */
  begin(count: number): number {
    const most = Math.min(count, MOST - (this.begun - this.done));
    for (let left = most; left > 0; left -= 1) {
      const number = (this.begun += 1);
      this.#visit(number).then(
        () => (this.done += 1),
        (error: unknown) => (this.failure ??= error),
      );
    }
    return most;
  }

  #visit(number: number): Promise<void> {
    const name = `Visitor ${number}`;
    if (number % 4 === 0) return this.#lookIn({ room: `${ROOM}-${number}`, id: `v${number}`, name });
    return this.#stay({ room: ROOM, id: `v${number}`, name }, number % 4 === 1);
  }

  /** Into a room of his own, and off without a word. */
  async #lookIn(person: Person): Promise<void> {
    const visitor = await convive.open(this.port, person);
    await enter(visitor);
    visitor.line.close();
  }

  /** Until the others know, perhaps again on another line, and then he leaves. */
  async #stay(person: Person & { readonly name: string }, isBroken: boolean): Promise<void> {
    const ticket = ticketOf(await fetchPage(this.port, urlOf(person), headersOf(person)));
    let visitor = await connect(this.port, person, ticket);
    const told = this.board.doorkeeper.untilTold(person.name);
    const startedAt = performance.now();
    await Promise.all([enter(visitor), told.then(() => this.latencies.push(performance.now() - startedAt))]);
    if (isBroken) {
      visitor.line.destroy();
      visitor = await connect(this.port, person, ticket);
      await enter(visitor);
    }
    visitor.leave();
    visitor.line.close();
  }
}

function enter(visitor: Visitor): Promise<unknown> {
  const welcomed = visitor.line.next("the answer to a join", convive.isWelcome);
  visitor.enter();
  return welcomed;
}
