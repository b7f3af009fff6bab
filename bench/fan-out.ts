// One join, and one leave, told to all who look on: at the price of bare bytes?
import { Audience, type Telling } from "./macro/audience.js";
import { convive } from "./macro/contenders/convive.js";
import { raw } from "./macro/contenders/raw.js";
import { socketIo } from "./macro/contenders/socket-io.js";
import { yAwareness } from "./macro/contenders/y-awareness.js";
import type { Contender, News } from "./macro/contender.js";
import { middle, mustBeQuiet, takeTurns, withEntrants, type Entrant } from "./macro/contest.js";
import { numbersFlag } from "./macro/flags.js";
import { Fleet } from "./macro/fleet.js";
import { unlessRefused } from "./macro/refusal.js";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Measurement, type Result } from "./result.js";

const NAME = "fan-out";
const VIEWERS = [100, 1_000, 5_000];
const ROUNDS = 7;
/** Sockets of one process: what is open at the same time stays below the usual limit. */
const MOST_LINES = 18_000;

async function run(): Promise<Result[]> {
  const results: Result[] = [];
  for (const viewers of numbersFlag("viewers", VIEWERS)) {
    // Where not all fit at once, those who are left run beside us and raw again.
    const fit = Math.max(1, Math.floor(MOST_LINES / viewers) - 2);
    const peers = [socketIo, yAwareness];
    for (let at = 0; at < peers.length; at += fit) {
      const measured = await unlessRefused(() => measure(viewers, peers.slice(at, at + fit)));
      results.push(...(at === 0 ? measured : measured.slice(-fit)).map((each) => resultOf(NAME, each)));
    }
  }
  return results;
}

async function measure(viewers: number, peers: readonly Contender[]): Promise<Measurement[]> {
  const of = `${viewers} viewers`;
  return withEntrants([raw, convive, ...peers], async (entrants) => {
    const crowds: Audience[] = [];
    for (const entrant of entrants) crowds.push(await Audience.gather(Fleet.ofOne(entrant), viewers));
    await sayTheSame(entrants[0]!, crowds[1]!);
    for (const { fleet } of crowds) await fleet.profile();
    const rounds = numbersFlag("rounds", [ROUNDS])[0]!;
    const { samples, foreign } = await takeTurns(crowds, rounds, (crowd, number) => crowd.turn(number));
    mustBeQuiet(
      of,
      foreign,
      samples[0]!.map(({ join }) => join.cpuMs),
    );
    for (const { fleet } of crowds) await fleet.stop(`${NAME} ${viewers} ${fleet.contender.program}`);
    return compare(of, crowds, samples);
  });
}

/** What Convive sends is what raw `ws.send` is to send. */
async function sayTheSame(plain: Entrant, ours: Audience): Promise<void> {
  const { join, leave } = await ours.turn(0);
  await plain.server.ask("say", join.payload, leave.payload);
}

function compare(of: string, crowds: readonly Audience[], samples: readonly (readonly Telling[])[]): Measurement[] {
  const [plain, ours, ...peers] = samples as [Telling[], Telling[], ...Telling[][]];
  const cpu = (turns: readonly Telling[], kind: News["kind"]) => middle(turns.map((turn) => turn[kind].cpuMs));
  const last = (turns: readonly Telling[], kind: News["kind"]) => middle(turns.flatMap((turn) => turn[kind].lastMs));
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
      const { name } = crowds[at + 2]!.fleet.contender;
      const baseline = against(name, cpu(turns, "join"));
      const target = name === socketIo.name ? aim({ ratio: 0.7 }) : {};
      return [{ case: `${of}, a join: CPU`, ...cpu(ours, "join"), unit: "ms", baseline, ...target }];
    }),
  ];
}

export const bench: Bench = { name: NAME, run };

await runAlone(import.meta.url, bench);
