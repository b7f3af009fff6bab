// The same viewers on two nodes over a Redis, half on each, and on one: what does it cost that a room is in two places?
import { tickMs } from "../src/cursor/room.js";
import { DEFAULT_LIMITS } from "../src/options.js";
import type { RedisServerProcess } from "../src/testing/redis-server.js";
import { Audience, type Telling } from "./macro/audience.js";
import { convive } from "./macro/contenders/convive.js";
import { middle, mustBeQuiet, takeTurns, tolerably } from "./macro/contest.js";
import { Crowd, type Movement } from "./macro/crowd.js";
import { numbersFlag } from "./macro/flags.js";
import { withFleets } from "./macro/fleets.js";
import { redisToll, tollBetween } from "./macro/redis-toll.js";
import { refuseLateTicks, unlessRefused } from "./macro/refusal.js";
import { spinFor } from "./macro/spin.js";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Measurement, type Result, type Target } from "./result.js";

const NAME = "two-nodes";
const VIEWERS = [1_000];
const MOVERS = [100];
const FAN_OUT_ROUNDS = 7;
const CURSOR_ROUNDS = 5;
const SIZES = [1, 2];
const ONE = "one node";
/** In which nobody moves, and what nodes ask of Redis all the same is counted: some of it every 5 s only. */
const IDLE_MS = 10_000;

async function run(): Promise<Result[]> {
  const measurements: Measurement[] = [];
  for (const viewers of numbersFlag("viewers", VIEWERS)) {
    measurements.push(...(await unlessRefused(() => fanOut(viewers))));
  }
  for (const movers of numbersFlag("movers", MOVERS)) {
    measurements.push(...(await unlessRefused(() => cursors(movers))));
  }
  return measurements.map((each) => resultOf(NAME, each));
}

async function fanOut(viewers: number): Promise<Measurement[]> {
  const of = `${viewers} viewers`;
  return withFleets(convive, SIZES, async (fleets) => {
    const crowds: Audience[] = [];
    for (const fleet of fleets) crowds.push(await Audience.gather(fleet, viewers));
    for (const fleet of fleets) await fleet.profile();
    const rounds = numbersFlag("rounds", [FAN_OUT_ROUNDS])[0]!;
    const { samples, foreign } = await takeTurns(crowds, rounds, (crowd, number) => crowd.turn(number));
    mustBeQuiet(
      of,
      foreign,
      samples[0]!.map(({ join }) => join.cpuMs),
    );
    for (const fleet of fleets) await fleet.stop(`${NAME} ${viewers} of ${fleet.size}`);
    return compareTellings(of, samples);
  });
}

function compareTellings(of: string, [one, two]: readonly (readonly Telling[])[]): Measurement[] {
  return (["join", "leave"] as const).flatMap((kind): Measurement[] => {
    const row = (what: string, unit: string, valuesOf: (telling: Telling) => readonly number[]) => ({
      case: `${of}, a ${kind}: ${what}`,
      ...middle(two!.flatMap(valuesOf)),
      unit,
      baseline: { name: ONE, value: middle(one!.flatMap(valuesOf)).value },
    });
    return [
      { ...row("CPU of both", "ms", (telling) => [telling[kind].cpuMs]), target: { ratio: 1.25 } },
      row("the last viewer has it, p50", "ms", (telling) => telling[kind].lastMs),
    ];
  });
}

/** One turn of a crowd, with what Redis did in it. */
interface Moved extends Movement {
  /** per tick and node; what nodes ask when nobody moves is taken off */
  readonly commands: number;
  readonly redisMsPerTick: number;
}

async function cursors(movers: number): Promise<Measurement[]> {
  const of = `${movers} users`;
  return withFleets(convive, SIZES, async (fleets, redis) => {
    const crowds: Crowd[] = [];
    for (const fleet of fleets) {
      crowds.push(await Crowd.gather(fleet, movers, 0, { isBatched: true, echoes: false }));
    }
    const idlePerMs = await idleCommands(redis);
    for (const fleet of fleets) await fleet.profile();
    const rounds = numbersFlag("rounds", [CURSOR_ROUNDS])[0]!;
    const { samples, foreign } = await takeTurns(crowds, rounds, (crowd) => move(crowd, redis, idlePerMs));
    mustBeQuiet(
      of,
      foreign,
      samples[0]!.map(({ share }) => share),
    );
    for (const fleet of fleets) await fleet.stop(`${NAME} ${of} of ${fleet.size}`);
    const due = 1_000 / tickMs(movers, DEFAULT_LIMITS);
    const isHeld = samples.every((moved, at) => {
      const told = middle(moved.map(({ frames }) => frames)).value;
      return tolerably(() => refuseLateTicks(`${of} on ${SIZES[at]}`, { told, due }));
    });
    return compareMoves(of, samples, isHeld);
  });
}

/** Of all nodes together, per ms. */
async function idleCommands({ port }: RedisServerProcess): Promise<number> {
  const before = await redisToll(port);
  await spinFor(IDLE_MS);
  return tollBetween(before, await redisToll(port)).commands / IDLE_MS;
}

async function move(crowd: Crowd, { port }: RedisServerProcess, idlePerMs: number): Promise<Moved> {
  const [startedAt, heard, before] = [performance.now(), crowd.heard, await redisToll(port)];
  const movement = await crowd.move();
  const { commands, cpuMs } = tollBetween(before, await redisToll(port));
  const ticks = crowd.heard - heard;
  const idle = idlePerMs * (performance.now() - startedAt);
  return { ...movement, commands: (commands - idle) / ticks / crowd.fleet.size, redisMsPerTick: cpuMs / ticks };
}

function compareMoves(of: string, [one, two]: readonly (readonly Moved[])[], isHeld: boolean): Measurement[] {
  const part = (moved: readonly Moved[], what: keyof Moved) => middle(moved.map((each) => each[what]));
  const row = (what: keyof Moved, name: string, unit: string): Measurement => ({
    case: `${of}: ${name}`,
    ...part(two!, what),
    unit,
    baseline: { name: ONE, value: part(one!, what).value },
  });
  const target: { target?: Target } = isHeld ? { target: { value: 1 } } : {};
  return [
    // One node tells nobody, so there is nothing to hold it against.
    { case: `${of}: Redis commands per tick and node`, ...part(two!, "commands"), unit: "commands", ...target },
    row("share", "share of a core, both", "%"),
    row("p50", "from a move to another's page, p50", "ms"),
    row("p99", "from a move to another's page, p99", "ms"),
    row("frames", "messages per viewer and second", "frames"),
    row("redisMsPerTick", "CPU of Redis per tick", "ms"),
  ];
}

export const bench: Bench = { name: NAME, run };

await runAlone(import.meta.url, bench);
