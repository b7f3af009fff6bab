// Contenders side by side: a server each, a round of each in turn, and what has to be so before anything is reported.
import { median, spread } from "../measure.js";
import type { Contender } from "./contender.js";
import { CoreWatch, LOAD_CORE, pinSelf } from "./cores.js";
import { hasFlag } from "./flags.js";
import { BenchRefusal, MOST_FOREIGN, refuseNoise, WIDEST_BASELINE } from "./refusal.js";
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
 * So many rounds, in each of which every entrant has its turn. One round before them counts for nothing. A round during which others took
 * too much of our cores is taken again, whatever it measured, as long as there is patience.
 *
 * @param turn given a number that no other turn has
 */
export async function takeTurns<E, S>(
  entrants: readonly E[],
  rounds: number,
  turn: (entrant: E, number: number) => Promise<S>,
): Promise<Turns<S>> {
  const samples = new Map(entrants.map((entrant) => [entrant, [] as S[]]));
  let again = hasFlag("allow-noise") ? 0 : rounds * RETAKEN;
  let worst: number | null = null;
  for (let round = 0, counted = -1; counted < rounds; round += 1) {
    const { taken, foreign } = await takeRound(orderOf(entrants, round), turn);
    if (counted >= 0 && foreign !== null && foreign > MOST_FOREIGN && again-- > 0) continue;
    counted += 1;
    if (counted === 0) continue;
    if (foreign !== null) worst = Math.max(worst ?? 0, foreign);
    for (const [entrant, sample] of taken) samples.get(entrant)!.push(sample);
  }
  return { samples: [...samples.values()], foreign: worst };
}

/**
 * Whoever has two turns in a row finds everything warm the second time, and is cheaper by a third: so each round begins with another one
 * but never with the last of the round before, which takes three; two go by turns.
 */
export function orderOf<E>(entrants: readonly E[], round: number): readonly E[] {
  const first = entrants.length < 3 ? 0 : round % entrants.length;
  return [...entrants.slice(first), ...entrants.slice(0, first)];
}

async function takeRound<E, S>(
  order: readonly E[],
  turn: (entrant: E, number: number) => Promise<S>,
): Promise<{ readonly taken: ReadonlyMap<E, S>; readonly foreign: number | null }> {
  const taken = new Map<E, S>();
  let worst: number | null = null;
  for (const entrant of order) {
    const watch = new CoreWatch(ServerProcess.running());
    taken.set(entrant, await turn(entrant, (turns += 1)));
    const foreign = watch.foreign();
    if (foreign !== null) worst = Math.max(worst ?? 0, foreign);
  }
  return { taken, foreign: worst };
}

/**
 * @param indifferent how wide the middle half of the baseline may be in any case, in its own unit: of what is next to nothing, nothing is a large share
 * @throws BenchRefusal when the baseline spread too far, or others took too much of the cores
 */
export function mustBeQuiet(of: string, foreign: number | null, baseline: readonly number[], indifferent = 0): void {
  const widest = Math.max(WIDEST_BASELINE, indifferent / median(baseline));
  tolerably(() => refuseNoise(of, { spread: spread(baseline), foreign }, widest));
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
