// Ten minutes at four fifths of a core: people come and go, move, press and read. Does the server hold what it held?
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { convive } from "./macro/contenders/convive.js";
import { middle, tolerably, withEntrants } from "./macro/contest.js";
import { numbersFlag } from "./macro/flags.js";
import { refuseLooseShare } from "./macro/refusal.js";
import type { ServerClock } from "./macro/server-control.js";
import type { ServerProcess } from "./macro/server-process.js";
import { flatnessOf } from "./macro/soak/flatness.js";
import { Mix } from "./macro/soak/mix.js";
import { quantile } from "./measure.js";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Measurement, type Result } from "./result.js";

const NAME = "soak";
const MINUTES = 10;
/** Between two looks, in s. */
const EVERY = 15;
const SHARE = 80;
const BOUNDS = { from: 75, to: 85 };
/** What a server begins with counts for nothing: graces have to run out, and code has to be compiled. */
const WARM = { minutes: 2, share: 0.2 };
const MINUTE_MS = 60_000;
const MIB = 2 ** 20;
const OUTPUT = join(import.meta.dirname, "../.cache/bench");

/** What was seen at one time, of what was since the look before. */
interface Look {
  readonly minute: number;
  /** after all garbage is gone, what lies beside V8's heap included */
  readonly heapMib: number;
  readonly rssMib: number;
  /** of a core, in percent */
  readonly share: number;
  readonly loopDelayMs: number;
  readonly moveP99Ms: number;
  readonly joinP99Ms: number;
  readonly eventsPerSecond: number;
  readonly pagesPerSecond: number;
  readonly visitsPerSecond: number;
}

async function run(): Promise<Result[]> {
  const minutes = numbersFlag("minutes", [MINUTES])[0]!;
  return withEntrants([convive], async ([entrant]) => {
    const { server } = entrant!;
    const mix = await Mix.gather(server, SHARE / 100);
    await server.profile();
    const looks = await soak(mix, minutes);
    await mix.end();
    await server.snapshot(NAME);
    await server.stop(NAME);
    const warm = Math.min(WARM.minutes, minutes * WARM.share);
    const counted = looks.filter(({ minute }) => minute > warm);
    tolerably(() => {
      refuseLooseShare(
        NAME,
        counted.map(({ share }) => share),
        BOUNDS,
      );
    });
    return summarize(`${minutes} minutes`, counted).map((each) => resultOf(NAME, each));
  });
}

async function soak(mix: Mix, minutes: number): Promise<Look[]> {
  const file = join(OUTPUT, "soak.jsonl");
  mkdirSync(OUTPUT, { recursive: true });
  rmSync(file, { force: true });
  const everyMs = numbersFlag("every", [EVERY])[0]! * 1_000;
  const startedAt = performance.now();
  const looks: Look[] = [];
  while (performance.now() - startedAt < minutes * MINUTE_MS) {
    const seen = await workAndLook(mix, everyMs);
    looks.push({ minute: (performance.now() - startedAt) / MINUTE_MS, ...seen });
    appendFileSync(file, `${JSON.stringify(looks.at(-1))}\n`);
  }
  return looks;
}

async function workAndLook(mix: Mix, lastMs: number): Promise<Omit<Look, "minute">> {
  const { server, board, presses, readers, visits } = mix;
  const before = await clockOf(server);
  await server.ask("loopDelay");
  const done = { events: presses.sent, pages: readers.answered, visits: visits.done };
  visits.latencies = [];
  board.watch();
  await mix.work(lastMs);
  const after = await clockOf(server);
  const loopDelayMs = await server.ask<number>("loopDelay");
  const [moves, joins] = [board.latencies(), visits.latencies];
  const { heapBytes, externalBytes, rssBytes } = await server.memory();
  const seconds = (after.atMs - before.atMs) / 1_000;
  return {
    heapMib: (heapBytes + externalBytes) / MIB,
    rssMib: rssBytes / MIB,
    share: (after.cpuMs - before.cpuMs) / seconds / 10,
    loopDelayMs,
    moveP99Ms: quantile(moves, 0.99),
    joinP99Ms: quantile(joins, 0.99),
    eventsPerSecond: (presses.sent - done.events) / seconds,
    pagesPerSecond: (readers.answered - done.pages) / seconds,
    visitsPerSecond: (visits.done - done.visits) / seconds,
  };
}

function clockOf(server: ServerProcess): Promise<ServerClock> {
  return server.ask<ServerClock>("clock");
}

function summarize(of: string, looks: readonly Look[]): Measurement[] {
  const flatness = (what: "heapMib" | "rssMib") => {
    return flatnessOf(looks.map((look) => ({ minute: look.minute, value: look[what] })));
  };
  const [heap, rss] = [flatness("heapMib"), flatness("rssMib")];
  const row = (what: keyof Look, name: string, unit: string): Measurement => {
    return { case: `${of}: ${name}`, ...middle(looks.map((look) => look[what])), unit };
  };
  const percent = ({ slope, mean }: typeof heap) => (100 * slope) / mean;
  return [
    row("share", "share of a core", "%"),
    { case: `${of}: heap grows per minute`, value: percent(heap), unit: "%", target: { value: 1 } },
    { case: `${of}: heap, last third ÷ first`, value: heap.growth, unit: "×", target: { value: 1.05 } },
    { case: `${of}: process grows per minute`, value: percent(rss), unit: "%" },
    { case: `${of}: process, last third ÷ first`, value: rss.growth, unit: "×" },
    row("heapMib", "heap and external", "MiB"),
    row("rssMib", "the whole process", "MiB"),
    row("loopDelayMs", "event loop late, p99", "ms"),
    row("moveP99Ms", "from a move to another's page, p99", "ms"),
    row("joinP99Ms", "from a join to another's page, p99", "ms"),
    row("eventsPerSecond", "events", "a second"),
    row("pagesPerSecond", "pages", "a second"),
    row("visitsPerSecond", "people who come and go", "a second"),
  ];
}

export const longBench: Bench = { name: NAME, run };

await runAlone(import.meta.url, longBench);
