// Two thousand people enter one room at once: until each of them knows of all, what did it take?
import { convive } from "./macro/contenders/convive.js";
import { raw } from "./macro/contenders/raw.js";
import { socketIo } from "./macro/contenders/socket-io.js";
import { yAwareness } from "./macro/contenders/y-awareness.js";
import { each, type Contender, type Visitor } from "./macro/contender.js";
import { middle, mustBeQuiet, settle, takeTurns, withEntrants, type Entrant } from "./macro/contest.js";
import { numbersFlag } from "./macro/flags.js";
import type { Line, LineListener } from "./macro/line.js";
import { refuseFullLoad, refuseMissing } from "./macro/refusal.js";
import { spinUntil } from "./macro/spin.js";
import { runAlone } from "./report.js";
import { resultOf, type Baseline, type Bench, type Measurement, type Result } from "./result.js";

const NAME = "storm";
const PEOPLE = 2_000;
const ROUNDS = 5;
/** Of those whose messages grow with the square of the people: each takes as long as everything else. */
const SLOW_ROUNDS = 1;
const PATIENCE_MS = 120_000;

const batched: Contender = { ...raw, name: "raw ws.send, batched" };
const naive: Contender = { ...raw, name: "raw ws.send, one by one" };

/** What one storm took. */
interface Storm {
  readonly ms: number;
  readonly cpuMs: number;
  readonly frames: number;
  readonly mebibytes: number;
}

async function run(): Promise<Result[]> {
  const results: Result[] = [];
  for (const people of numbersFlag("people", [PEOPLE])) {
    for (const measurement of await measure(people)) results.push(resultOf(NAME, measurement));
  }
  return results;
}

async function measure(people: number): Promise<Measurement[]> {
  const of = `${people} join at once`;
  return withEntrants([batched, convive, naive, socketIo, yAwareness], async (entrants) => {
    await entrants[0]!.server.ask("batch", true);
    const [fast, slow] = [entrants.slice(0, 2), entrants.slice(2)];
    for (const { server } of fast) await server.profile();
    const turn = (entrant: Entrant, number: number) => storm(entrant, number, people);
    const often = await takeTurns(fast, numbersFlag("rounds", [ROUNDS])[0]!, turn);
    const once = await takeTurns(slow, SLOW_ROUNDS, turn);
    mustBeQuiet(
      of,
      often.foreign,
      often.samples[0]!.map(({ cpuMs }) => cpuMs),
    );
    for (const { server, contender } of fast) await server.stop(`${NAME} ${people} ${contender.program}`);
    return compare(of, entrants, [...often.samples, ...once.samples]);
  });
}

async function storm({ contender, server }: Entrant, number: number, people: number): Promise<Storm> {
  const room = `storm-${number}`;
  const visitors = await each(people, (at) => {
    return contender.open(server.port, { room, id: `p${at}`, name: `Person ${10_000 + at}` });
  });
  await settle(server);
  const lines = visitors.map(({ line }) => line);
  const before = trafficOf(lines);
  const convergence = new Convergence(people, contender.shows(people));
  for (const line of lines) line.listener = convergence;
  await server.begin();
  const enter = () => visitors.forEach((visitor) => visitor.enter());
  const { ms, workMs } = await spinUntil(() => convergence.count === people, PATIENCE_MS, enter);
  const { cpuMs } = await server.end();
  refuseMissing(`${contender.name}, ${people} join at once`, convergence.count, people);
  refuseFullLoad(`${contender.name}, ${people} join at once`, { windowMs: ms, loadWorkMs: workMs, serverCpuMs: cpuMs });
  // What was on its way when the last one knew is counted too.
  await settle(server);
  const { frames, bytes } = trafficOf(lines);
  await clear({ contender, server }, visitors);
  return { ms, cpuMs, frames: frames - before.frames, mebibytes: (bytes - before.bytes) / 2 ** 20 };
}

/** Counts the lines that know of all. */
class Convergence implements LineListener {
  count = 0;
  readonly #known = new Set<Line>();

  constructor(
    private readonly people: number,
    private readonly shows: (payload: Buffer, line: Line) => boolean,
  ) {}

  heard(line: Line, bytes: Buffer, start: number, end: number): void {
    if (this.count === this.people || this.#known.has(line) || !this.shows(bytes.subarray(start, end), line)) return;
    this.#known.add(line);
    this.count += 1;
  }
}

/** Empties the room: what follows must not be measured of the next. */
async function clear({ contender, server }: Entrant, visitors: readonly Visitor[]): Promise<void> {
  // A line of Convive that breaks has a grace, whose end would fall into another's turn; the others would tell of each who leaves.
  if (contender.program === convive.program) for (const visitor of visitors) visitor.leave();
  await settle(server);
  for (const { line } of visitors) line.destroy();
  await settle(server);
}

function trafficOf(lines: readonly Line[]): { readonly frames: number; readonly bytes: number } {
  return lines.reduce((all, { frames, bytes }) => ({ frames: all.frames + frames, bytes: all.bytes + bytes }), {
    frames: 0,
    bytes: 0,
  });
}

function compare(of: string, entrants: readonly Entrant[], samples: readonly (readonly Storm[])[]): Measurement[] {
  const [plain, ours, ...peers] = samples as [Storm[], Storm[], ...Storm[][]];
  const part = (storms: readonly Storm[], what: keyof Storm) => middle(storms.map((storm) => storm[what]));
  const against = (at: number, storms: readonly Storm[], what: keyof Storm): Baseline => {
    return { name: entrants[at]!.contender.name, value: part(storms, what).value };
  };
  const row = (what: keyof Storm, name: string, unit: string, target?: number): Measurement => ({
    case: `${of}: ${name}`,
    ...part(ours, what),
    unit,
    baseline: against(0, plain, what),
    ...(target === undefined ? {} : { target: { value: target } }),
  });
  return [
    row("ms", "until all know of all", "ms", 1_200),
    row("cpuMs", "CPU", "ms", 1_000),
    row("frames", "messages", "frames", 40_000),
    row("mebibytes", "sent", "MiB"),
    ...peers.flatMap((storms, at): Measurement[] => [
      { ...row("ms", "until all know of all", "ms"), baseline: against(at + 2, storms, "ms") },
      { ...row("cpuMs", "CPU", "ms"), baseline: against(at + 2, storms, "cpuMs") },
      { ...row("frames", "messages", "frames"), baseline: against(at + 2, storms, "frames") },
    ]),
  ];
}

export const bench: Bench = { name: NAME, run };

await runAlone(import.meta.url, bench);
