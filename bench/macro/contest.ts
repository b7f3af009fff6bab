// Contenders side by side: a server each, a round of each in turn, and what has to be so before anything is reported.
import { median, spread } from "../measure.js";
import type { Contender } from "./contender.js";
import { CoreWatch, LOAD_CORE, pinSelf } from "./cores.js";
import { hasFlag } from "./flags.js";
import { BenchRefusal, refuseNoise } from "./refusal.js";
import { spinFor } from "./spin.js";
import { ServerProcess } from "./server-process.js";

/** A contender with its server running. */
export interface Entrant {
  readonly contender: Contender;
  readonly server: ServerProcess;
}

/**
 * Starts a server for each contender, pins the load to its own core, and ends all when the work is done.
 *
 * @example
 * await withEntrants([raw, convive], async ([plain, ours]) => { … });
 */
export async function withEntrants<T>(
  contenders: readonly Contender[],
  work: (entrants: readonly Entrant[]) => Promise<T>,
): Promise<T> {
  pinSelf(LOAD_CORE);
  const entrants: Entrant[] = [];
  try {
    for (const contender of contenders) {
      entrants.push({ contender, server: await ServerProcess.start(contender.program) });
    }
    return await work(entrants);
  } finally {
    for (const { server } of entrants) await server.stop();
  }
}

/**
 * So many rounds, in each of which every entrant has its turn; every second round backwards. One round before them counts for nothing.
 * Gives the samples of each, in the order of the entrants.
 */
export async function takeTurns<E, S>(
  entrants: readonly E[],
  rounds: number,
  turn: (entrant: E, round: number) => Promise<S>,
): Promise<S[][]> {
  const samples: S[][] = entrants.map(() => []);
  const order = entrants.map((entrant, at) => ({ entrant, own: samples[at]! }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { entrant, own } of round % 2 === 0 ? order : order.toReversed()) {
      const sample = await turn(entrant, round);
      if (round > 0) own.push(sample);
    }
  }
  return samples;
}

/** Watches the cores while work is done, and refuses its result when the baseline spread too far or others took too much of them. */
export async function onQuietCores<T>(
  of: string,
  servers: readonly ServerProcess[],
  work: () => Promise<T>,
  baselineOf: (result: T) => readonly number[],
): Promise<T> {
  const watch = new CoreWatch(servers.map(({ pid }) => pid));
  const result = await work();
  tolerably(() => refuseNoise(of, { spread: spread(baselineOf(result)), foreign: watch.foreign() }));
  return result;
}

const QUIET_MS = 50;
/** Timers of a server that does nothing. */
const IDLE_CPU_MS = 2;
const SETTLE_PATIENCE_MS = 60_000;

/** Waits until a server has done all that it was told to. */
export async function settle(server: ServerProcess): Promise<void> {
  const deadline = performance.now() + SETTLE_PATIENCE_MS;
  for (;;) {
    await server.begin();
    await spinFor(QUIET_MS);
    const { cpuMs } = await server.end();
    if (cpuMs < IDLE_CPU_MS) return;
    if (performance.now() > deadline) throw new Error(`The server "${server.name}" does not come to rest.`);
  }
}

/** With `--allow-noise` a noisy machine is only told of, for those who work on a bench; nothing measured so may be quoted. */
function tolerably(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!hasFlag("allow-noise") || !(error instanceof BenchRefusal)) throw error;
    process.stderr.write(`! NOT TO BE QUOTED, ${error.message}\n`);
  }
}

/** Median of the samples with how far their middle half spreads. */
export function middle(samples: readonly number[]): { readonly value: number; readonly spread: number } {
  return { value: median(samples), spread: spread(samples) };
}
