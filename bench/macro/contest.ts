// Contenders side by side: a server each, a round of each in turn, and what has to be so before anything is reported.
import { median, spread } from "../measure.js";
import type { Contender } from "./contender.js";
import { CoreWatch, LOAD_CORE, pinSelf } from "./cores.js";
import { hasFlag } from "./flags.js";
import { BenchRefusal, MOST_FOREIGN, refuseNoise } from "./refusal.js";
import { spinFor } from "./spin.js";
import { ServerProcess } from "./server-process.js";

/** So many times as many turns may be taken again as count. */
const RETAKEN = 2;
let turns = 0;

type Program = Pick<Contender, "name" | "program">;

/** A contender with its server running. */
export interface Entrant<C extends Program = Contender> {
  readonly contender: C;
  readonly server: ServerProcess;
}

/**
 * Starts a server for each contender, pins the load to its own core, and ends all when the work is done.
 *
 * @example
 * await withEntrants([raw, convive], async ([plain, ours]) => { … });
 */
export async function withEntrants<C extends Program = Contender, T = unknown>(
  contenders: readonly C[],
  work: (entrants: readonly Entrant<C>[]) => Promise<T>,
): Promise<T> {
  pinSelf(LOAD_CORE);
  const entrants: Entrant<C>[] = [];
  try {
    for (const contender of contenders) {
      entrants.push({ contender, server: await ServerProcess.start(contender.program) });
    }
    return await work(entrants);
  } finally {
    for (const { server } of entrants) await server.stop();
  }
}

/** What was measured in turns. */
export interface Turns<S> {
  /** of each entrant, in their order */
  readonly samples: readonly (readonly S[])[];
  /** what others took of a core at most in a turn that counts, as a share; null where nobody tells */
  readonly foreign: number | null;
}

/**
 * So many rounds, in each of which every entrant has its turn; every second round backwards. One round before them counts for nothing.
 * A turn during which others took too much of our cores is taken again, whatever it measured, as long as there is patience.
 *
 * @param turn given a number that no other turn has
 */
export async function takeTurns<E, S>(
  entrants: readonly E[],
  rounds: number,
  turn: (entrant: E, number: number) => Promise<S>,
): Promise<Turns<S>> {
  const order = entrants.map((entrant) => ({ entrant, own: [] as S[] }));
  let again = hasFlag("allow-noise") ? 0 : rounds * entrants.length * RETAKEN;
  let worst: number | null = null;
  for (let round = 0; round <= rounds; round += 1) {
    for (const { entrant, own } of round % 2 === 0 ? order : order.toReversed()) {
      for (;;) {
        const watch = new CoreWatch(ServerProcess.running());
        const sample = await turn(entrant, (turns += 1));
        if (round === 0) break;
        const foreign = watch.foreign();
        if (foreign !== null && foreign > MOST_FOREIGN && again-- > 0) continue;
        if (foreign !== null) worst = Math.max(worst ?? 0, foreign);
        own.push(sample);
        break;
      }
    }
  }
  return { samples: order.map(({ own }) => own), foreign: worst };
}

/** @throws BenchRefusal when the baseline spread too far, or others took too much of the cores */
export function mustBeQuiet(of: string, foreign: number | null, baseline: readonly number[]): void {
  tolerably(() => refuseNoise(of, { spread: spread(baseline), foreign }));
}

const QUIET_MS = 50;
/** Timers of a server that does nothing, and of one that is profiled. */
const IDLE_CPU_MS = 5;
const SETTLE_PATIENCE_MS = 60_000;

/** Waits until a server has done all that it was told to. */
export async function settle(server: ServerProcess): Promise<void> {
  const deadline = performance.now() + SETTLE_PATIENCE_MS;
  for (;;) {
    const before = await server.ask<number>("cpuMs");
    await spinFor(QUIET_MS);
    if ((await server.ask<number>("cpuMs")) - before < IDLE_CPU_MS) return;
    if (performance.now() > deadline) throw new Error(`The server "${server.name}" does not come to rest.`);
  }
}

/** False when there is something to refuse; that throws, but with `--allow-noise`, for those who work on a bench: then it is only told of, and nothing measured may be quoted. */
export function tolerably(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (!hasFlag("allow-noise") || !(error instanceof BenchRefusal)) throw error;
    process.stderr.write(`! NOT TO BE QUOTED, ${error.message}\n`);
    return false;
  }
}

/** Median of the samples with how far their middle half spreads. */
export function middle(samples: readonly number[]): { readonly value: number; readonly spread: number } {
  return { value: median(samples), spread: spread(samples) };
}
