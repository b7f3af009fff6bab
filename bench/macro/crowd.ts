import { quantile } from "../measure.js";
import { Account, sum, type Telling } from "./account.js";
import { each, visit, type Visitor } from "./contender.js";
import type { Fleet } from "./fleet.js";
import type { Line } from "./line.js";
import { Pace } from "./pace.js";
import { refuseFullLoad } from "./refusal.js";
import { Sight } from "./sight.js";
import { spinFor, spinUntil } from "./spin.js";

const ROOM = "cursors";
const WARM_MS = 300;
const WINDOW_MS = 2_000;
/** Viewers who look at what they are sent, spread over the room; of the others' messages number and length are counted. */
const SIGHTS = 5;
/** A server that is full has so much to send after its time. */
const PATIENCE_MS = 30_000;

/** What was seen while all moved. */
export interface Movement {
  /** of a core, in percent */
  readonly share: number;
  readonly p50: number;
  readonly p99: number;
  /** per viewer and second */
  readonly frames: number;
  /** per viewer and second, heads of frames included */
  readonly kibibytes: number;
}

/** Those of a crowd who are on the same server: they are told the same. */
class Group {
  readonly sights: readonly Sight[];

  /** @param movers their numbers, in the order of their lines, which stand first */
  constructor(
    readonly lines: readonly Line[],
    movers: readonly number[],
    pace: Pace,
  ) {
    const step = (lines.length - 1) / (SIGHTS - 1);
    this.sights = Array.from({ length: SIGHTS }, (_, at) => {
      const place = Math.round(at * step);
      const sight = new Sight(pace, movers[place] ?? -1);
      lines[place]!.listener = sight;
      return sight;
    });
  }
}

/** Those who move and those who look on, all in one room of one or several servers. */
export class Crowd {
  readonly #pace: Pace;
  readonly #groups: readonly Group[];
  readonly #lines: readonly Line[];
  readonly #sights: readonly Sight[];

  private constructor(
    readonly fleet: Fleet,
    movers: readonly Visitor[],
    onlookers: readonly Visitor[],
    private readonly telling: Telling,
  ) {
    this.#pace = new Pace(movers);
    this.#groups = fleet.servers.map((_, server) => {
      const isHere = (at: number) => at % fleet.size === server;
      const here = [...movers.keys()].filter(isHere);
      const all = [...here.map((at) => movers[at]!), ...onlookers.filter((__, at) => isHere(at))];
      return new Group(
        all.map(({ line }) => line),
        here,
        this.#pace,
      );
    });
    this.#lines = this.#groups.flatMap(({ lines }) => lines);
    this.#sights = this.#groups.flatMap(({ sights }) => sights);
  }

  static async gather(fleet: Fleet, movers: number, onlookers: number, telling: Telling): Promise<Crowd> {
    const { contender } = fleet;
    const watching = await each(onlookers, (at) => {
      return visit(contender, fleet.portOf(at), { room: ROOM, id: `onlooker-${at}` });
    });
    const moving = await each(movers, (at) => {
      return visit(contender, fleet.portOf(at), { room: ROOM, id: `p${at}`, name: `Person ${1_000 + at}` });
    });
    await fleet.settle();
    return new Crowd(fleet, moving, watching, telling);
  }

  /** Messages that a viewer has had since he came, on average. */
  get heard(): number {
    return totalOf(this.#lines).frames / this.#lines.length;
  }

  /** Lets all move for a while. @throws BenchRefusal when anything is missing, or the load was the limit */
  async move(): Promise<Movement> {
    const accounts = this.#groups.map(({ lines }) => new Account(lines, this.#pace));
    this.#pace.start();
    await this.#moveFor(WARM_MS);
    const before = totalOf(this.#lines);
    for (const sight of this.#sights) sight.watch();
    await this.fleet.begin();
    this.#pace.start();
    const { ms, workMs } = await this.#moveFor(WINDOW_MS);
    const taken = await this.fleet.end();
    for (const sight of this.#sights) sight.rest();
    const after = totalOf(this.#lines);
    // The last moves of all are overtaken by no other and wait for their whole tick: they are not of the time that counts.
    await this.#moveFor(WARM_MS);
    await this.#comeToRest();
    const of = `${this.fleet.contender.name}, ${this.#pace.size} move and ${this.#lines.length} see it`;
    this.#groups.forEach(({ sights }, at) => accounts[at]!.check(of, this.telling, sights));
    refuseFullLoad(of, { windowMs: ms, loadWorkMs: workMs, serverCpuMs: taken.cpuMs });
    const perViewer = (total: number) => total / this.#lines.length / (ms / 1_000);
    const latencies = this.#sights.flatMap((sight) => sight.latencies);
    return {
      share: (100 * taken.cpuMs) / taken.ms,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      frames: perViewer(after.frames - before.frames),
      kibibytes: perViewer(after.bytes - before.bytes) / 1_024,
    };
  }

  #moveFor(lastMs: number) {
    const startedAt = performance.now();
    return spinUntil(() => {
      this.#pace.step();
      return performance.now() - startedAt >= lastMs;
    }, lastMs * 2);
  }

  /** All that was sent is done, and all that was told is read. */
  async #comeToRest(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    await this.fleet.settle();
    for (let told = -1; told !== totalOf(this.#lines).bytes && performance.now() < deadline;) {
      told = totalOf(this.#lines).bytes;
      await spinFor(WARM_MS / 3);
    }
  }
}

function totalOf(lines: readonly Line[]): { readonly frames: number; readonly bytes: number } {
  return { frames: sum(lines.map(({ frames }) => frames)), bytes: sum(lines.map(({ bytes }) => bytes)) };
}
