// What one more idle viewer of a page with a hundred names costs the server's memory, beside a bare socket.
import { convive } from "./macro/contenders/convive.js";
import { raw } from "./macro/contenders/raw.js";
import { socketIo } from "./macro/contenders/socket-io.js";
import { each, visit, type Contender, type Visitor } from "./macro/contender.js";
import { settle, withEntrants, type Entrant } from "./macro/contest.js";
import { numbersFlag } from "./macro/flags.js";
import { refuseMissing } from "./macro/refusal.js";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Measurement, type Result } from "./result.js";

const NAME = "memory";
const VIEWERS = [1_000, 5_000, 10_000];
/** In the list; all others look on. */
const PEOPLE = 100;
const ROOM = "memory";
const KIB = 1_024;

/** What a server holds with so many viewers. */
interface Held {
  readonly viewers: number;
  /** of V8 and beside it: what is reachable */
  readonly heapKib: number;
  /** of the whole process, with what the allocators keep for later */
  readonly rssKib: number;
}
type What = "heapKib" | "rssKib";

async function run(): Promise<Result[]> {
  const counts = numbersFlag("viewers", VIEWERS);
  const held: Held[][] = [];
  // One after the other: ten thousand sockets each are more than one process may have open.
  for (const contender of [raw, convive, socketIo]) {
    held.push(await withEntrants([contender], async ([entrant]) => holdEach(entrant!, counts)));
  }
  return compare(held).map((each) => resultOf(NAME, each));
}

/** Lets viewers come until there are so many, and looks at each count. */
async function holdEach(entrant: Entrant, counts: readonly number[]): Promise<Held[]> {
  const { contender, server } = entrant;
  const visitors: Visitor[] = [];
  const held: Held[] = [];
  for (const count of counts) {
    const from = visitors.length;
    visitors.push(...(await each(count - from, (at) => visit(contender, server.port, viewer(from + at)))));
    await settle(server);
    const open = visitors.filter(({ line }) => !line.isClosed).length;
    refuseMissing(`${contender.name}, viewers that stay`, open, count);
    held.push(await look(entrant, count));
  }
  await server.snapshot(`${NAME} ${contender.program}`);
  for (const { line } of visitors) line.destroy();
  return held;
}

async function look({ server }: Entrant, viewers: number): Promise<Held> {
  const { heapBytes, externalBytes, rssBytes } = await server.memory();
  return { viewers, heapKib: (heapBytes + externalBytes) / KIB, rssKib: rssBytes / KIB };
}

function viewer(at: number): { room: string; id: string; name?: string } {
  const isListed = at < PEOPLE;
  return { room: ROOM, id: `viewer-${at}`, ...(isListed ? { name: `Person ${1_000 + at}` } : {}) };
}

function compare([plain, ours, ...peers]: readonly (readonly Held[])[]): Measurement[] {
  const row = (what: What, from: number, to: number, against: readonly Held[], by: Contender): Measurement => ({
    case: `${caseOf(what)} per viewer, ${plain![from]!.viewers} to ${plain![to]!.viewers}`,
    value: slope(ours!, what, from, to),
    unit: "KiB",
    baseline: { name: by.name, value: slope(against, what, from, to) },
    target: { value: 9 },
  });
  const last = plain!.length - 1;
  const steps = Array.from({ length: last }, (_, at) => [at, at + 1] as const);
  const spans = steps.length > 1 ? [[0, last] as const, ...steps] : steps;
  return (["heapKib", "rssKib"] as const).flatMap((what) => [
    ...spans.map(([from, to]) => row(what, from, to, plain!, raw)),
    row(what, 0, last, peers[0]!, socketIo),
  ]);
}

function caseOf(what: What): string {
  return what === "heapKib" ? "heap and external" : "the whole process";
}

/** Of one more viewer. */
function slope(held: readonly Held[], what: What, from: number, to: number): number {
  const [few, many] = [held[from]!, held[to]!];
  return (many[what] - few[what]) / (many.viewers - few.viewers);
}

export const bench: Bench = { name: NAME, run };

await runAlone(import.meta.url, bench);
