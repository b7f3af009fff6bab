import type { Line } from "./line.js";
import type { Pace } from "./pace.js";
import { refuseMissing } from "./refusal.js";
import type { Sight } from "./sight.js";

type Traffic = Pick<Line, "frames" | "bytes">;
type Seen = Pick<Sight, "upToDate" | "others" | "messages" | "gaps" | "strays">;

/** How a server tells moves. */
export interface Telling {
  /** one message per tick, the same for all; else each move by itself, to all but who moved */
  readonly isBatched: boolean;
  /** tells who moved, too */
  readonly echoes: boolean;
}

/** What every line is owed from here on. */
export class Account {
  readonly #before: readonly Traffic[];
  readonly #sentBefore: readonly number[];

  constructor(
    private readonly lines: readonly Traffic[],
    private readonly pace: Pick<Pace, "size" | "sentBy">,
  ) {
    this.#before = lines.map(({ frames, bytes }) => ({ frames, bytes }));
    this.#sentBefore = Array.from({ length: pace.size }, (_, mover) => pace.sentBy(mover));
  }

  /** @throws BenchRefusal BENCH_DELIVERY_MISSING */
  check(of: string, telling: Telling, sights: readonly Seen[]): void {
    const upToDate = sum(sights.map((sight) => sight.upToDate));
    refuseMissing(`${of}: last places`, upToDate, sum(sights.map(({ others }) => others)));
    const heard = sum(sights.map(({ messages }) => messages));
    refuseMissing(`${of}: messages in a row`, heard - sum(sights.map(({ gaps, strays }) => gaps + strays)), heard);
    const frames = this.lines.map((line, at) => line.frames - this.#before[at]!.frames);
    const owed = telling.isBatched ? frames.map(() => frames[0]!) : this.#relayed(telling);
    refuseMissing(`${of}: messages`, sum(frames.map((count, at) => Math.min(count, owed[at]!))), sum(owed));
    refuseMissing(`${of}: messages, none twice`, sum(frames), sum(owed));
    if (!telling.isBatched) return;
    const bytes = this.lines.map((line, at) => line.bytes - this.#before[at]!.bytes);
    refuseMissing(`${of}: bytes`, sum(bytes), bytes[0]! * bytes.length);
  }

  /** Every move to everybody, but for who made it. */
  #relayed({ echoes }: Telling): readonly number[] {
    const sent = this.#sentBefore.map((before, mover) => this.pace.sentBy(mover) - before);
    const all = sum(sent);
    return this.lines.map((_, at) => all - (echoes ? 0 : (sent[at] ?? 0)));
  }
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
