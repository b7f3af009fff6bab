// One join, and one leave, told to all who look on: at the price of bare bytes?
import { convive } from "./macro/contenders/convive.js";
import { raw } from "./macro/contenders/raw.js";
import { socketIo } from "./macro/contenders/socket-io.js";
import { yAwareness } from "./macro/contenders/y-awareness.js";
import { each, visit, type Contender, type News, type Visitor } from "./macro/contender.js";
import { middle, mustBeQuiet, takeTurns, withEntrants, type Entrant } from "./macro/contest.js";
import { deliver, type Delivered } from "./macro/delivery.js";
import { numbersFlag } from "./macro/flags.js";
import type { Line } from "./macro/line.js";
import { refuseFullLoad, refuseMissing } from "./macro/refusal.js";
import { spinFor } from "./macro/spin.js";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Measurement, type Result } from "./result.js";

const NAME = "fan-out";
const VIEWERS = [100, 1_000, 5_000];
const ROUNDS = 7;
/** In the list from the start; with those who join it never grows beyond the 100 names a page shows. */
const PEOPLE = 90;
const JOINERS = 10;
/** Longer than a room's tick: each change is the first one, told at once. */
const GAP_MS = 60;
const ROOM = "fan-out";
/** Sockets of one process: what is open at the same time stays below the usual limit. */
const MOST_LINES = 18_000;

/** An entrant with its onlookers. */
interface Crowd extends Entrant {
  readonly lines: readonly Line[];
}

/** One turn: its joins, then its leaves. */
interface Turn {
  readonly join: Cost;
  readonly leave: Cost;
}
interface Cost {
  /** processor time of the server, per change */
  readonly cpuMs: number;
  /** until the last viewer had it, of each change */
  readonly lastMs: readonly number[];
  /** per viewer and change, heads of frames included */
  readonly bytes: number;
  readonly payload: string;
}

async function run(): Promise<Result[]> {
  const results: Result[] = [];
  for (const viewers of numbersFlag("viewers", VIEWERS)) {
    // Where not all fit at once, those who are left run beside us and raw again.
    const fit = Math.max(1, Math.floor(MOST_LINES / viewers) - 2);
    const peers = [socketIo, yAwareness];
    for (let at = 0; at < peers.length; at += fit) {
      const measured = await measure(viewers, peers.slice(at, at + fit));
      results.push(...(at === 0 ? measured : measured.slice(-fit)).map((each) => resultOf(NAME, each)));
    }
  }
  return results;
}

async function measure(viewers: number, peers: readonly Contender[]): Promise<Measurement[]> {
  const of = `${viewers} viewers`;
  return withEntrants([raw, convive, ...peers], async (entrants) => {
    const crowds: Crowd[] = [];
    for (const entrant of entrants) crowds.push(await gather(entrant, viewers));
    await sayTheSame(crowds[0]!, crowds[1]!);
    for (const { server } of crowds) await server.profile();
    const { samples, foreign } = await takeTurns(crowds, numbersFlag("rounds", [ROUNDS])[0]!, turn);
    mustBeQuiet(
      of,
      foreign,
      samples[0]!.map(({ join }) => join.cpuMs),
    );
    for (const { server, contender } of crowds) await server.stop(`${NAME} ${viewers} ${contender.program}`);
    return compare(of, crowds, samples);
  });
}

/** All onlookers and the people of the list, in the room. */
async function gather({ contender, server }: Entrant, viewers: number): Promise<Crowd> {
  const onlookers = await each(viewers - PEOPLE, (at) => {
    return visit(contender, server.port, { room: ROOM, id: `onlooker-${at}` });
  });
  const people: Visitor[] = [];
  for (let at = 0; at < PEOPLE; at += 1) people.push(await visit(contender, server.port, person(at)));
  return { contender, server, lines: [...onlookers, ...people].map(({ line }) => line) };
}

/** What Convive sends is what raw `ws.send` is to send. */
async function sayTheSame(plain: Crowd, ours: Crowd): Promise<void> {
  const { join, leave } = await turn(ours, 0);
  await plain.server.ask("say", join.payload, leave.payload);
}

async function turn({ contender, server, lines }: Crowd, number: number): Promise<Turn> {
  const numbers = Array.from({ length: JOINERS }, (_, at) => PEOPLE + number * JOINERS + at);
  const joiners = await each(JOINERS, (at) => contender.open(server.port, person(numbers[at]!)));
  await spinFor(GAP_MS);
  const news = (kind: News["kind"], at: number): News => {
    return { kind, name: person(numbers[at]!).name, count: PEOPLE + (kind === "join" ? at + 1 : JOINERS - at - 1) };
  };
  const crowd = { contender, server, lines };
  const join = await costOf(crowd, (at) => joiners[at]!.enter(), news.bind(null, "join"));
  const leave = await costOf(crowd, (at) => joiners[at]!.leave(), news.bind(null, "leave"));
  for (const { line } of joiners) line.destroy();
  return { join, leave };
}

async function costOf(crowd: Crowd, change: (at: number) => void, newsOf: (at: number) => News): Promise<Cost> {
  const { contender, server, lines } = crowd;
  const told: Delivered[] = [];
  const before = bytesOf(lines);
  await server.begin();
  for (let at = 0; at < JOINERS; at += 1) {
    const news = newsOf(at);
    const delivered = await deliver(
      lines,
      () => change(at),
      (payload) => contender.tells(payload, news),
    );
    refuseMissing(`${contender.name}, a ${news.kind} told to ${lines.length}`, delivered.count, lines.length);
    told.push(delivered);
    await spinFor(GAP_MS);
  }
  const { cpuMs } = await server.end();
  const windowMs = sum(told.map(({ ms }) => ms));
  refuseFullLoad(`${contender.name}, ${lines.length} viewers`, {
    windowMs,
    loadWorkMs: sum(told.map(({ workMs }) => workMs)),
    serverCpuMs: cpuMs,
  });
  return {
    cpuMs: cpuMs / JOINERS,
    lastMs: told.map(({ ms }) => ms),
    bytes: (bytesOf(lines) - before) / lines.length / JOINERS,
    payload: told[0]!.payload.toString(),
  };
}

function compare(of: string, crowds: readonly Crowd[], samples: readonly (readonly Turn[])[]): Measurement[] {
  const [plain, ours, ...peers] = samples as [Turn[], Turn[], ...Turn[][]];
  const cpu = (turns: readonly Turn[], kind: News["kind"]) => middle(turns.map((turn) => turn[kind].cpuMs));
  const last = (turns: readonly Turn[], kind: News["kind"]) => middle(turns.flatMap((turn) => turn[kind].lastMs));
  const against = (name: string, { value }: { readonly value: number }) => ({ name, value });
  const isTarget = plain.length > 0 && crowds[0]!.lines.length >= 1_000;
  const aim = (target: Measurement["target"]) => (isTarget && target ? { target } : {});
  const kinds = ["join", "leave"] as const;
  return [
    ...kinds.flatMap((kind): Measurement[] => {
      const rawCpu = against(raw.name, cpu(plain, kind));
      const rawLast = against(raw.name, last(plain, kind));
      const case_ = `${of}, a ${kind}`;
      const bytes = middle(ours.map((turn) => turn[kind].bytes)).value;
      return [
        { case: `${case_}: CPU`, ...cpu(ours, kind), unit: "ms", baseline: rawCpu, ...aim({ ratio: 0.9 }) },
        {
          case: `${case_}: the last viewer has it, p50`,
          ...last(ours, kind),
          unit: "ms",
          baseline: rawLast,
          ...aim({ value: rawLast.value + 1 }),
        },
        { case: `${case_}: bytes per viewer`, value: bytes, unit: "bytes", target: { value: 150 } },
      ];
    }),
    ...peers.flatMap((turns, at): Measurement[] => {
      const { name } = crowds[at + 2]!.contender;
      const baseline = against(name, cpu(turns, "join"));
      const target = name === socketIo.name ? aim({ ratio: 0.7 }) : {};
      return [{ case: `${of}, a join: CPU`, ...cpu(ours, "join"), unit: "ms", baseline, ...target }];
    }),
  ];
}

function person(number: number): { room: string; id: string; name: string } {
  return { room: ROOM, id: `p${number}`, name: `Person ${1_000 + number}` };
}

function bytesOf(lines: readonly Line[]): number {
  return sum(lines.map(({ bytes }) => bytes));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export const bench: Bench = { name: NAME, run };

await runAlone(import.meta.url, bench);
