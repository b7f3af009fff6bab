// The server's side of the wire to the bench: what a server process does besides serving.
import { writeFileSync } from "node:fs";
import { Session, type Profiler } from "node:inspector";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { writeHeapSnapshot } from "node:v8";
import { within } from "./profile.js";

/** What the bench asks of a server process, and what comes back. */
export interface Question {
  readonly number: number;
  readonly name: string;
  readonly words: readonly unknown[];
}
export type Answer = { readonly number: number } & ({ readonly value: unknown } | { readonly error: string });

export interface ServerMemory {
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly externalBytes: number;
}

export interface ServerClock {
  readonly cpuMs: number;
  readonly atMs: number;
}

export type Answers = Readonly<Record<string, (...words: never[]) => unknown>>;

/** What was measured, by the clock of profiles. */
const windows: { readonly fromMicros: number; readonly toMicros: number }[] = [];
let measuredFrom = { cpuMs: 0, atMicros: 0 };
let profiler: Session | null = null;
/** It tells the time between two looks; looks only once it is asked for. */
const LOOP_GRAIN_MS = 10;
const loop = monitorEventLoopDelay({ resolution: LOOP_GRAIN_MS });

const COMMON: Answers = {
  /** Measuring begins now. */
  begin: () => {
    measuredFrom = { cpuMs: cpuMs(), atMicros: micros() };
  },
  /** Processor time and time since it began. */
  end: () => {
    const [used, toMicros] = [cpuMs(), micros()];
    const { atMicros: fromMicros } = measuredFrom;
    windows.push({ fromMicros, toMicros });
    return { cpuMs: used - measuredFrom.cpuMs, ms: (toMicros - fromMicros) / 1_000 };
  },
  cpuMs: () => cpuMs(),
  /** Processor time and the time at which it was that. */
  clock: (): ServerClock => ({ cpuMs: cpuMs(), atMs: micros() / 1_000 }),
  /** How late the event loop was since this was asked last, p99 in ms. */
  loopDelay: () => {
    const ms = Math.max(0, loop.percentile(99) / 1e6 - LOOP_GRAIN_MS);
    loop.reset();
    loop.enable();
    return ms;
  },
  /** After all garbage is gone. */
  memory: (): ServerMemory => {
    for (let time = 0; time < 3; time += 1) globalThis.gc?.();
    const { heapUsed, rss, external } = process.memoryUsage();
    return { heapBytes: heapUsed, rssBytes: rss, externalBytes: external };
  },
  snapshot: (file: string) => writeHeapSnapshot(file),
  startProfile: () => {
    profiler = new Session();
    profiler.connect();
    profiler.post("Profiler.enable");
    profiler.post("Profiler.setSamplingInterval", { interval: 500 });
    profiler.post("Profiler.start");
  },
  /** Writes the profile of what was measured since `startProfile` to a file; false when nothing was profiled. */
  stopProfile: (file: string) => {
    if (profiler === null) return false;
    const stopped = new Promise<Profiler.Profile>((resolve, reject) => {
      profiler?.post("Profiler.stop", (error, result) => (error ? reject(error) : resolve(result.profile)));
    });
    return stopped.then((profile) => {
      writeFileSync(file, JSON.stringify(within(profile, windows)));
      return true;
    });
  },
};

/** The clock that profiles are timed with. */
function micros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** Processor time of this process, in ms. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * Last line of every server program: tells the bench the port, and answers it until it is gone.
 *
 * @example
 * await obey(server, { crowd: () => room.size });
 */
export function obey(port: number, more: Answers = {}): void {
  const answers: Answers = { ...COMMON, ...more };
  process.on("message", ({ number, name, words }: Question) => {
    const work = async () => answers[name]!(...(words as never[]));
    work().then(
      (value) => process.send!({ number, value } satisfies Answer),
      (error: unknown) => process.send!({ number, error: String(error) } satisfies Answer),
    );
  });
  process.once("disconnect", () => process.exit());
  process.send!({ number: 0, value: port } satisfies Answer);
}
