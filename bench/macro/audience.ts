// Those who look on while some join and leave: what it costs to tell all of them.
import { each, visit, type News, type Person, type Visitor } from "./contender.js";
import { deliver, type Delivered } from "./delivery.js";
import type { Fleet } from "./fleet.js";
import type { Line } from "./line.js";
import { refuseFullLoad, refuseMissing } from "./refusal.js";
import { spinFor } from "./spin.js";

/** In the list from the start; with those who join it never grows beyond the 100 names a page shows. */
const PEOPLE = 90;
const JOINERS = 10;
/** Longer than a room's tick: each change is the first one, told at once. */
const GAP_MS = 60;
const ROOM = "fan-out";

/** One turn: its joins, then its leaves. */
export interface Telling {
  readonly join: Cost;
  readonly leave: Cost;
}

export interface Cost {
  /** processor time of the servers, per change */
  readonly cpuMs: number;
  /** until the last viewer had it, of each change */
  readonly lastMs: readonly number[];
  /** per viewer and change, heads of frames included */
  readonly bytes: number;
  readonly payload: string;
}

/** All onlookers and the people of the list, in one room of one or several servers. */
export class Audience {
  private constructor(
    readonly fleet: Fleet,
    readonly lines: readonly Line[],
  ) {}

  static async gather(fleet: Fleet, viewers: number): Promise<Audience> {
    const { contender } = fleet;
    const onlookers = await each(viewers - PEOPLE, (at) => {
      return visit(contender, fleet.portOf(at), { room: ROOM, id: `onlooker-${at}` });
    });
    const people: Visitor[] = [];
    for (let at = 0; at < PEOPLE; at += 1) people.push(await visit(contender, fleet.portOf(at), person(at)));
    await fleet.settle();
    return new Audience(
      fleet,
      [...onlookers, ...people].map(({ line }) => line),
    );
  }

  /**
   * Some join, one after another, then they leave.
   * @param number that no other turn has
   * @throws BenchRefusal when a delivery is missing, or the load was the limit
   */
  async turn(number: number): Promise<Telling> {
    const { contender } = this.fleet;
    const numbers = Array.from({ length: JOINERS }, (_, at) => PEOPLE + number * JOINERS + at);
    const joiners = await each(JOINERS, (at) => contender.open(this.fleet.portOf(at), person(numbers[at]!)));
    await spinFor(GAP_MS);
    const news = (kind: News["kind"], at: number): News => {
      return { kind, name: person(numbers[at]!).name, count: PEOPLE + (kind === "join" ? at + 1 : JOINERS - at - 1) };
    };
    const join = await this.#costOf((at) => joiners[at]!.enter(), news.bind(null, "join"));
    const leave = await this.#costOf((at) => joiners[at]!.leave(), news.bind(null, "leave"));
    for (const { line } of joiners) line.destroy();
    return { join, leave };
  }

  async #costOf(change: (at: number) => void, newsOf: (at: number) => News): Promise<Cost> {
    const { fleet, lines } = this;
    const { contender } = fleet;
    const told: Delivered[] = [];
    const before = bytesOf(lines);
    await fleet.begin();
    for (let at = 0; at < JOINERS; at += 1) {
      const news = newsOf(at);
      const delivered = await deliver(
        lines,
        () => change(at),
        (payload) => contender.tells(payload, news),
      );
      refuseMissing(`${contender.name}, a ${news.kind} told to ${lines.length}`, delivered.count, lines.length);
      told.push(delivered);
      await spinFor(GAP_MS);
    }
    const { cpuMs } = await fleet.end();
    refuseFullLoad(`${contender.name}, ${lines.length} viewers`, {
      windowMs: sum(told.map(({ ms }) => ms)),
      loadWorkMs: sum(told.map(({ workMs }) => workMs)),
      serverCpuMs: cpuMs,
    });
    return {
      cpuMs: cpuMs / JOINERS,
      lastMs: told.map(({ ms }) => ms),
      bytes: (bytesOf(lines) - before) / lines.length / JOINERS,
      payload: told[0]!.payload.toString(),
    };
  }
}

function person(number: number): Person & { readonly name: string } {
  return { room: ROOM, id: `p${number}`, name: `Person ${1_000 + number}` };
}

function bytesOf(lines: readonly Line[]): number {
  return sum(lines.map(({ bytes }) => bytes));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
