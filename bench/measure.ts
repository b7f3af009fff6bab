/** Middle of the values: what a measurement most often is, whatever its outliers. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `q` (0–1) of the values lies, interpolated between neighbours. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError("No values were measured.");
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)]!;
  return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at));
}

/** Width of the middle half, as a share of the median: above 0.2 or so the machine was not quiet. */
export function spread(values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);
}

export interface Timing {
  /** Median time of one call. */
  readonly ms: number;
  readonly spread: number;
}

export interface TimingOptions {
  /** How often each candidate has its turn; 15. */
  readonly rounds?: number;
  /** How long a turn lasts at least, so that the clock's grain does not show; 10 ms. */
  readonly turnMs?: number;
  readonly now?: () => number;
}

/**
 * Times candidates turn by turn, so that whatever the machine does meanwhile falls on all of them. Every second round
 * runs backwards: the first of a round is not always the same. Each is warmed up by finding how many calls fill a turn.
 *
 * @example
 * const { ours, plain } = timeInterleaved({ ours: () => render(it), plain: () => eta.render("page", it) });
 */
export function timeInterleaved<Name extends string>(
  candidates: Readonly<Record<Name, () => unknown>>,
  { rounds = 15, turnMs = 10, now = () => performance.now() }: TimingOptions = {},
): Record<Name, Timing> {
  const turns = namesOf(candidates).map((name) => {
    const work = candidates[name];
    return { name, work, calls: callsPerTurn(work, turnMs, now), samples: [] as number[] };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { work, calls, samples } of round % 2 === 0 ? turns : turns.toReversed()) {
      samples.push(timeTurn(work, calls, now) / calls);
    }
  }
  return timingsOf(turns);
}

/** As `timeInterleaved`, for work that is awaited; one call a turn. */
export async function timeInterleavedAsync<Name extends string>(
  candidates: Readonly<Record<Name, () => Promise<unknown>>>,
  { rounds = 15, now = () => performance.now() }: Omit<TimingOptions, "turnMs"> = {},
): Promise<Record<Name, Timing>> {
  const turns = namesOf(candidates).map((name) => ({ name, work: candidates[name], samples: [] as number[] }));
  for (const { work } of turns) await work();
  for (let round = 0; round < rounds; round++) {
    for (const { work, samples } of round % 2 === 0 ? turns : turns.toReversed()) {
      const startedAt = now();
      await work();
      samples.push(now() - startedAt);
    }
  }
  return timingsOf(turns);
}

/** Keeps what work returns alive, so that the compiler cannot leave the work out. */
let sink: unknown;

function timeTurn(work: () => unknown, calls: number, now: () => number): number {
  const startedAt = now();
  for (let call = 0; call < calls; call++) sink = work();
  const ms = now() - startedAt;
  void sink;
  return ms;
}

function callsPerTurn(work: () => unknown, turnMs: number, now: () => number): number {
  let calls = 1;
  while (timeTurn(work, calls, now) < turnMs) calls *= 2;
  return calls;
}

function namesOf<Name extends string>(candidates: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(candidates) as Name[];
}

function timingsOf<Name extends string>(
  turns: readonly { name: Name; samples: readonly number[] }[],
): Record<Name, Timing> {
  const timings = turns.map(({ name, samples }) => [name, { ms: median(samples), spread: spread(samples) }] as const);
  return Object.fromEntries(timings) as Record<Name, Timing>;
}
