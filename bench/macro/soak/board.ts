// One board that stays: those who move before those who look on, while others come and go.
import { Account } from "../account.js";
import { visit, each, type Visitor } from "../contender.js";
import { convive } from "../contenders/convive.js";
import type { Line, LineListener } from "../line.js";
import { Pace } from "../pace.js";
import { Sight } from "../sight.js";

export const ROOM = "soak";
const MOVERS = 40;
const ONLOOKERS = 60;
/** Who tell how old each move is that reaches them. */
const SIGHTS = 5;
const NAME = /Visitor \d+/g;
const DIFF = '"diff"';

/** An onlooker who also looks for the names of those who come. */
class Doorkeeper implements LineListener {
  readonly #awaited = new Map<string, () => void>();

  constructor(private readonly sight: Sight) {}

  heard(line: Line, bytes: Buffer, start: number, end: number): void {
    this.sight.heard(line, bytes, start, end);
    if (this.#awaited.size === 0) return;
    const text = bytes.toString("latin1", start, end);
    if (!text.includes(DIFF)) return;
    for (const [name] of text.matchAll(NAME)) this.#awaited.get(name)?.();
  }

  /** When he has been told of somebody. */
  untilTold(name: string): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited.set(name, () => {
        this.#awaited.delete(name);
        resolve();
      });
    });
  }
}

export class Board {
  readonly pace: Pace;
  readonly doorkeeper: Doorkeeper;
  readonly #lines: readonly Line[];
  readonly #sights: readonly Sight[];
  readonly #account: Account;

  private constructor(movers: readonly Visitor[], onlookers: readonly Visitor[]) {
    this.pace = new Pace(movers);
    this.#lines = [...movers, ...onlookers].map(({ line }) => line);
    this.#sights = Array.from({ length: SIGHTS }, () => new Sight(this.pace, -1));
    this.#sights.forEach((sight, at) => (onlookers[at]!.line.listener = sight));
    this.doorkeeper = new Doorkeeper(this.#sights[0]!);
    onlookers[0]!.line.listener = this.doorkeeper;
    this.#account = new Account(this.#lines, this.pace);
  }

  static async gather(port: number): Promise<Board> {
    const onlookers = await each(ONLOOKERS, (at) => visit(convive, port, { room: ROOM, id: `onlooker-${at}` }));
    const movers = await each(MOVERS, (at) => {
      return visit(convive, port, { room: ROOM, id: `p${at}`, name: `Person ${1_000 + at}` });
    });
    return new Board(movers, onlookers);
  }

  get people(): number {
    return this.pace.size;
  }

  get heardBytes(): number {
    return this.#lines.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** From here on latencies are of the next look. */
  watch(): void {
    for (const sight of this.#sights) sight.watch();
  }

  /** From a move to another's page, of all since `watch`. */
  latencies(): readonly number[] {
    return this.#sights.flatMap((sight) => sight.latencies);
  }

  /** Everybody was told the same, nothing is missing, and all are seen where they are. @throws BenchRefusal BENCH_DELIVERY_MISSING */
  check(): void {
    const seen = this.#sights.map(({ upToDate, others, messages, gaps }) => {
      // Messages without a move tell of those who come and go.
      return { upToDate, others, messages, gaps, strays: 0 };
    });
    this.#account.check("a board among much else", { isBatched: true, echoes: false }, seen);
  }
}
