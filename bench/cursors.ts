// Everybody's pointer moves at 30 Hz, and everybody sees it; then a few move before a crowd. What does it take of a core, and how late is it?
import { tickMs } from "../src/cursor/room.js";
import { DEFAULT_LIMITS } from "../src/options.js";
import { convive } from "./macro/contenders/convive.js";
import { raw } from "./macro/contenders/raw.js";
import { socketIo } from "./macro/contenders/socket-io.js";
import { yAwareness } from "./macro/contenders/y-awareness.js";
import type { Contender } from "./macro/contender.js";
import { middle, mustBeQuiet, takeTurns, tolerably, withEntrants, type Entrant } from "./macro/contest.js";
import { Crowd, type Movement } from "./macro/crowd.js";
import { hasFlag, numbersFlag } from "./macro/flags.js";
import { Fleet } from "./macro/fleet.js";
import { areTicksHeld, refuseLateTicks, unlessRefused } from "./macro/refusal.js";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Measurement, type Result, type Target } from "./result.js";

const NAME = "cursors";
const MOVERS = [10, 50, 100, 200, 500];
const ONLOOKERS = 4_000;
/** who move before them */
const FEW = 20;
const ROUNDS = 5;
/** So many are measured beside those who relay each move to each: their core bears it. */
const RELAYED = 50;
/** Where their limit is looked for, in steps: below it everything arrives in time. */
const LIMIT = { from: 50, to: 120, step: 5 };
/** A server with more of its core in use is full … */
const FULL_SHARE = 95;
/** … and so is one whose moves come so late. */
const LATE_MS = 250;
/** Of a core, in percent: bare sends may differ by so much from round to round. */
const INDIFFERENT_SHARE = 1;

const batched: Contender = { ...raw, name: "raw ws.send, batched", program: "raw-cursors" };
const naive: Contender = { ...raw, name: "raw ws.send, one by one", program: "raw-cursors" };
const RELAYS = [naive, socketIo, yAwareness];

const TARGETS: Readonly<Record<number, Partial<Record<keyof Movement, number>>>> = {
  200: { share: 15, p50: 19, p99: 37 },
  500: { share: 35 },
};

async function run(): Promise<Result[]> {
  const measurements: Measurement[] = [];
  for (const movers of numbersFlag("movers", MOVERS)) {
    const contenders = [batched, convive, ...(movers <= RELAYED ? RELAYS : [])];
    const size = { movers, onlookers: 0 };
    measurements.push(
      ...(await unlessRefused(() => measure(`${movers} users`, contenders, size, TARGETS[movers] ?? {}))),
    );
  }
  for (const relay of isLimitWanted() ? RELAYS : []) {
    measurements.push(...(await unlessRefused(() => atTheLimit(relay))));
  }
  for (const onlookers of numbersFlag("onlookers", [ONLOOKERS])) {
    const of = `${FEW} users before ${onlookers} onlookers`;
    const targets = onlookers === ONLOOKERS ? { share: 70 } : {};
    const size = { movers: FEW, onlookers };
    measurements.push(...(await unlessRefused(() => measure(of, [batched, convive], size, targets))));
  }
  return measurements.map((each) => resultOf(NAME, each));
}

/** It takes most of the time: who asks for less is not given it unasked. */
function isLimitWanted(): boolean {
  return hasFlag("limits") || !process.argv.some((word) => word.startsWith("--movers="));
}

interface Size {
  readonly movers: number;
  readonly onlookers: number;
}

async function measure(
  of: string,
  contenders: readonly Contender[],
  size: Size,
  targets: Partial<Record<keyof Movement, number>>,
): Promise<Measurement[]> {
  return withEntrants(contenders, async (entrants) => {
    const crowds: Crowd[] = [];
    for (const entrant of entrants) crowds.push(await gather(entrant, size));
    for (const { fleet } of crowds) await fleet.profile();
    const turns = await takeTurns(crowds, numbersFlag("rounds", [ROUNDS])[0]!, (crowd) => crowd.move());
    mustBeQuiet(
      of,
      turns.foreign,
      turns.samples[0]!.map(({ share }) => share),
      INDIFFERENT_SHARE,
    );
    for (const { fleet } of crowds) await fleet.stop(`${NAME} ${of} ${fleet.contender.name}`);
    return compare(of, contenders, turns.samples, isTickHeld(of, turns.samples, size.movers) ? targets : {});
  });
}

/** Whether moves are told as often as is due. Where a core does not even bear the bare sends, what is told less often is compared with no target. */
function isTickHeld(of: string, [plain, ours]: readonly (readonly Movement[])[], movers: number): boolean {
  const due = 1_000 / tickMs(movers, DEFAULT_LIMITS);
  const told = (samples: readonly Movement[]) => middle(samples.map(({ frames }) => frames)).value;
  if (areTicksHeld({ told: told(plain!), due }))
    return tolerably(() => refuseLateTicks(of, { told: told(ours!), due }));
  process.stderr.write(`! ${of}: bare sends come late here, too; no target is compared\n`);
  return false;
}

async function gather(entrant: Entrant, { movers, onlookers }: Size): Promise<Crowd> {
  const { contender, server } = entrant;
  if (contender.name === batched.name) await server.ask("batch", true);
  return Crowd.gather(Fleet.ofOne(entrant), movers, onlookers, {
    isBatched: contender.name === batched.name || contender.name === convive.name,
    echoes: contender.name === yAwareness.name,
  });
}

/** A relay beside us with as many users as it bears. */
async function atTheLimit(relay: Contender): Promise<Measurement[]> {
  let [most, full] = [LIMIT.from, LIMIT.to];
  while (full - most > LIMIT.step) {
    const movers = Math.round((most + full) / 2 / LIMIT.step) * LIMIT.step;
    if (await isFull(relay, movers)) full = movers;
    else most = movers;
  }
  const of = `${most} users, the most that ${relay.name} bears`;
  return withEntrants([relay, convive], async (entrants) => {
    const crowds: Crowd[] = [];
    for (const entrant of entrants) crowds.push(await gather(entrant, { movers: most, onlookers: 0 }));
    const { samples } = await takeTurns(crowds, 1, (crowd) => crowd.move());
    return [row(of, "share", samples[1]!, { name: relay.name, samples: samples[0]! })];
  });
}

function isFull(relay: Contender, movers: number): Promise<boolean> {
  return withEntrants([relay], async ([entrant]) => {
    const crowd = await gather(entrant!, { movers, onlookers: 0 });
    await crowd.move();
    const { share, p99 } = await crowd.move();
    return share > FULL_SHARE || p99 > LATE_MS;
  });
}

const WORDS: Readonly<Record<keyof Movement, readonly [what: string, unit: string]>> = {
  share: ["share of a core", "%"],
  p50: ["from a move to another's page, p50", "ms"],
  p99: ["from a move to another's page, p99", "ms"],
  frames: ["messages per viewer and second", "frames"],
  kibibytes: ["sent per viewer and second", "KiB"],
};

function compare(
  of: string,
  contenders: readonly Contender[],
  samples: readonly (readonly Movement[])[],
  targets: Partial<Record<keyof Movement, number>>,
): Measurement[] {
  const ours = samples[1]!;
  const against = (at: number) => ({ name: contenders[at]!.name, samples: samples[at]! });
  const kinds = Object.keys(WORDS) as (keyof Movement)[];
  return [
    ...kinds.map((what) => row(of, what, ours, against(0), targets[what])),
    ...contenders.slice(2).flatMap((_, at) => {
      return (["share", "p50", "p99", "frames"] as const).map((what) => row(of, what, ours, against(at + 2)));
    }),
  ];
}

function row(
  of: string,
  what: keyof Movement,
  ours: readonly Movement[],
  other: { readonly name: string; readonly samples: readonly Movement[] },
  aim?: number,
): Measurement {
  const [name, unit] = WORDS[what];
  const part = (movements: readonly Movement[]) => middle(movements.map((movement) => movement[what]));
  const target: { target?: Target } = aim === undefined ? {} : { target: { value: aim } };
  return {
    case: `${of}: ${name}`,
    ...part(ours),
    unit,
    baseline: { name: other.name, value: part(other.samples).value },
    ...target,
  };
}

export const bench: Bench = { name: NAME, run };

await runAlone(import.meta.url, bench);
