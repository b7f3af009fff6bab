// First renders over HTTP: a page that becomes live, beside the same page that does not.
import { convive } from "./macro/contenders/convive.js";
import { each, visit, type Visitor } from "./macro/contender.js";
import { middle, mustBeQuiet, settle, takeTurns, withEntrants, type Entrant } from "./macro/contest.js";
import { numbersFlag } from "./macro/flags.js";
import { PageLine } from "./macro/page-line.js";
import { refuseFullLoad } from "./macro/refusal.js";
import { spinUntil } from "./macro/spin.js";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Measurement, type Result } from "./result.js";

const NAME = "http";
const PEOPLE = 100;
const ROUNDS = 9;
const CONNECTIONS = 16;
const PAGES = 1_000;
const ROOM = "http";
const PATIENCE_MS = 60_000;
/** 0.8 × as many pages in the same time. */
const TARGET = 1 / 0.8;
const plain = { name: "Express and Eta", program: "plain-page" };

type Contestant = Entrant<typeof plain>;

/** What so many pages took. */
interface Turn {
  readonly cpuMsPerPage: number;
  readonly msPerPage: number;
  readonly bytes: number;
}

async function run(): Promise<Result[]> {
  return withEntrants<typeof plain, Result[]>([plain, convive], async (entrants) => {
    const people = await gather(entrants[1]!);
    for (const { server } of entrants) await server.profile();
    const { samples, foreign } = await takeTurns(entrants, numbersFlag("rounds", [ROUNDS])[0]!, turn);
    mustBeQuiet(
      "first renders",
      foreign,
      samples[0]!.map(({ cpuMsPerPage }) => cpuMsPerPage),
    );
    for (const { server, contender } of entrants) await server.stop(`${NAME} ${contender.program}`);
    for (const { line } of people) line.destroy();
    return compare(samples).map((each) => resultOf(NAME, each));
  });
}

/** Those whose names the page shows. */
async function gather({ server }: Contestant): Promise<Visitor[]> {
  const people = await each(PEOPLE, (at) => {
    return visit(convive, server.port, { room: ROOM, id: `p${at}`, name: `Person ${1_000 + at}` });
  });
  await settle(server);
  return people;
}

async function turn({ contender, server }: Contestant): Promise<Turn> {
  const headers = (at: number) => ({ "X-Person": `visitor-${at}` });
  const lines = await each(CONNECTIONS, (at) => PageLine.open(server.port, `/boards/${ROOM}`, headers(at)));
  const count = () => lines.reduce((sum, { pages }) => sum + pages, 0);
  await server.begin();
  const spun = await spinUntil(
    () => count() >= PAGES,
    PATIENCE_MS,
    () => lines.forEach((line) => line.start()),
  );
  const [pages, { cpuMs }] = [count(), await server.end()];
  for (const line of lines) line.stop();
  refuseFullLoad(`${contender.name}, first renders`, {
    windowMs: spun.ms,
    loadWorkMs: spun.workMs,
    serverCpuMs: cpuMs,
  });
  const { bytes } = lines[0]!;
  await settle(server);
  for (const line of lines) line.destroy();
  return { cpuMsPerPage: cpuMs / pages, msPerPage: spun.ms / pages, bytes };
}

function compare([bare, ours]: readonly (readonly Turn[])[]): Measurement[] {
  const part = (turns: readonly Turn[], what: keyof Turn) => middle(turns.map((turn) => turn[what]));
  const row = (what: keyof Turn, name: string, unit: string): Measurement => ({
    case: `a page with ${PEOPLE} names: ${name}`,
    ...part(ours!, what),
    unit,
    baseline: { name: plain.name, value: part(bare!, what).value },
  });
  return [
    { ...row("msPerPage", "time of one after another", "ms"), target: { ratio: TARGET } },
    { ...row("cpuMsPerPage", "CPU", "ms"), target: { ratio: TARGET } },
    row("bytes", "sent", "bytes"),
  ];
}

export const bench: Bench = { name: NAME, run };

await runAlone(import.meta.url, bench);
