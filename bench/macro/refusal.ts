/** Why a bench reports nothing; each message says what to do. */
export type RefusalCode =
  | "BENCH_LOAD_IS_THE_LIMIT"
  | "BENCH_DELIVERY_MISSING"
  | "BENCH_TICK_NOT_HELD"
  | "BENCH_SHARE_NOT_HELD"
  | "BENCH_MACHINE_NOISY";

/** A measurement that would say more of the machine, or of the load, than of the server. */
export class BenchRefusal extends Error {
  override readonly name = "BenchRefusal";

  constructor(
    readonly code: RefusalCode,
    message: string,
  ) {
    super(`${code}: ${message}`);
  }
}

/** What the load did while a server was measured. */
export interface LoadShare {
  /** from the first frame sent to the last one heard */
  readonly windowMs: number;
  /** how much of it the load was reading and writing, rather than looking whether there is something to read */
  readonly loadWorkMs: number;
  /** processor time of the server in it */
  readonly serverCpuMs: number;
}

/** Above it the load had no time to spare … */
const FULL_LOAD = 0.9;
/** … and below it the server had. */
const FULL_SERVER = 0.8;
/** What else may run on the two cores, as a share of one. */
export const MOST_FOREIGN = 0.1;
/** Width of the middle half of the baseline's samples, as a share of their median. */
export const WIDEST_BASELINE = 0.3;

/**
 * Server and load each have a core: when the load is full and the server is not, it was the load that took so long.
 * @throws BenchRefusal BENCH_LOAD_IS_THE_LIMIT
 */
export function refuseFullLoad(of: string, { windowMs, loadWorkMs, serverCpuMs }: LoadShare): void {
  if (loadWorkMs / windowMs <= FULL_LOAD || serverCpuMs / windowMs >= FULL_SERVER) return;
  throw new BenchRefusal(
    "BENCH_LOAD_IS_THE_LIMIT",
    `${of}: the load worked ${percent(loadWorkMs / windowMs)} of the time and the server ${percent(serverCpuMs / windowMs)}. ` +
      "Its figures would be the load's: give the load a faster core, or ask for fewer viewers with --viewers=N.",
  );
}

/** @throws BenchRefusal BENCH_DELIVERY_MISSING */
export function refuseMissing(of: string, delivered: number, expected: number): void {
  if (delivered === expected) return;
  throw new BenchRefusal(
    "BENCH_DELIVERY_MISSING",
    `${of}: ${delivered} of ${expected} deliveries arrived in time. A server that tells fewer is cheaper, so nothing is reported: ` +
      "run it again; if it stays, the server loses frames, or a frame differs from what the contender's `tells` expects.",
  );
}

/** Of the messages that were due, so many must have come. */
const TICK_HELD = 0.9;

/** Messages per second. */
interface Ticks {
  readonly told: number;
  readonly due: number;
}

export function areTicksHeld({ told, due }: Ticks): boolean {
  return told >= due * TICK_HELD;
}

/**
 * A server that is late tells less often, and looks cheap.
 * @throws BenchRefusal BENCH_TICK_NOT_HELD
 */
export function refuseLateTicks(of: string, { told, due }: Ticks): void {
  if (areTicksHeld({ told, due })) return;
  throw new BenchRefusal(
    "BENCH_TICK_NOT_HELD",
    `${of}: ${told.toFixed(1)} messages a second came where ${due.toFixed(1)} were due. Fewer messages cost less, so the share of a core ` +
      "would say nothing: run it where nothing else does, or with fewer viewers.",
  );
}

/** Of the samples, so many must have been within the bounds. */
const SHARE_HELD = 0.9;

/**
 * A server that rests for a while has time to clear up.
 * @param shares of a core, in percent
 * @throws BenchRefusal BENCH_SHARE_NOT_HELD
 */
export function refuseLooseShare(of: string, shares: readonly number[], bounds: { from: number; to: number }): void {
  const { from, to } = bounds;
  const held = shares.filter((share) => share >= from && share <= to).length;
  if (shares.length > 0 && held >= shares.length * SHARE_HELD) return;
  throw new BenchRefusal(
    "BENCH_SHARE_NOT_HELD",
    `${of}: ${held} of ${shares.length} times the server took ${from} to ${to} % of a core (${shares.map((share) => share.toFixed(0)).join(", ")}). ` +
      "What it holds would say little: run it where nothing else does.",
  );
}

/**
 * @param widest of the baseline's middle half, as a share of its median
 * @throws BenchRefusal BENCH_MACHINE_NOISY
 */
export function refuseNoise(
  of: string,
  seen: { readonly spread: number; readonly foreign: number | null },
  widest = WIDEST_BASELINE,
): void {
  const { spread, foreign } = seen;
  const isForeign = foreign !== null && foreign > MOST_FOREIGN;
  if (spread <= widest && !isForeign) return;
  const others = foreign === null ? "unknown here" : `${percent(foreign)}, at most ${percent(MOST_FOREIGN)}`;
  throw new BenchRefusal(
    "BENCH_MACHINE_NOISY",
    `${of}: the middle half of the raw baseline spreads over ${percent(spread)} of its median (at most ${percent(widest)}); ` +
      `others on the busier of our two cores took ${others}. Where nothing else runs it can be told; --allow-noise shows the figures all the same.`,
  );
}

/** So often is measured what a noisy machine spoilt: from the start, and nothing of before is kept. */
const TRIES = 3;

/**
 * A refusal is no crash: it says its reason and what to do, and of this nothing is reported; what else is measured is. Noise, which only the
 * baseline and the cores tell of, may be over the next time.
 */
export async function unlessRefused<T>(work: () => Promise<T[]>): Promise<T[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof BenchRefusal)) throw error;
      const isOver = error.code !== "BENCH_MACHINE_NOISY" || tries === TRIES;
      console.error(isOver ? `✗ ${error.message}` : `! ${error.message} It is measured anew.`);
      if (!isOver) continue;
      process.exitCode = 1;
      return [];
    }
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
