// Events of pages: each changes a value, is answered with the HTML of it and with a reply, beside a bare echo.
import { echo, view, type EventContender, type Sender } from "./macro/contenders/events.js";
import { each } from "./macro/contender.js";
import { middle, mustBeQuiet, settle, takeTurns, withEntrants, type Entrant } from "./macro/contest.js";
import { numbersFlag } from "./macro/flags.js";
import type { Line, LineListener } from "./macro/line.js";
import { refuseMissing } from "./macro/refusal.js";
import { spinUntil } from "./macro/spin.js";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Measurement, type Result } from "./result.js";

const NAME = "events";
const VIEWS = [1, 1_000];
const ROUNDS = 7;
const EVENTS = 5_000;
/** Under way at once: of one view all, of many one each. */
const BURST = 50;
const PATIENCE_MS = 60_000;

interface Crowd extends Entrant<EventContender> {
  readonly senders: readonly Sender[];
}

async function run(): Promise<Result[]> {
  const results: Result[] = [];
  for (const views of numbersFlag("views", VIEWS)) {
    for (const measurement of await measure(views)) results.push(resultOf(NAME, measurement));
  }
  return results;
}

async function measure(views: number): Promise<Measurement[]> {
  const of = views === 1 ? "one view" : `${views} views`;
  return withEntrants<EventContender, Measurement[]>([echo, view], async (entrants) => {
    const crowds: Crowd[] = [];
    for (const { contender, server } of entrants) {
      const senders = await each(views, (at) => contender.open(server.port, `presser-${at}`));
      crowds.push({ contender, server, senders });
    }
    for (const { server } of crowds) {
      await settle(server);
      await server.profile();
    }
    const { samples, foreign } = await takeTurns(crowds, numbersFlag("rounds", [ROUNDS])[0]!, turn);
    mustBeQuiet(`events of ${of}`, foreign, samples[0]!);
    for (const { server, contender } of crowds) await server.stop(`${NAME} ${views} ${contender.program}`);
    return compare(of, samples);
  });
}

/** Processor time of the server for an event: a load with less to do for it than an echo has would not tell more. */
async function turn({ contender, server, senders }: Crowd): Promise<number> {
  const presses = new Presses(contender, senders);
  await server.begin();
  await spinUntil(
    () => presses.answered === EVENTS,
    PATIENCE_MS,
    () => presses.send(),
  );
  const { cpuMs } = await server.end();
  refuseMissing(`${contender.name}, answers to events`, presses.heardFrames, EVENTS * contender.answers);
  return cpuMs / EVENTS;
}

/** Sends a burst, over the views in turn, when all of the one before is answered. */
class Presses implements LineListener {
  answered = 0;
  heardFrames = 0;
  #sent = 0;

  constructor(
    private readonly contender: EventContender,
    private readonly senders: readonly Sender[],
  ) {
    for (const { line } of senders) line.listener = this;
  }

  send(): void {
    const events = new Map<Line, Buffer[]>();
    for (let count = 0; count < BURST; count += 1) {
      const { line, event } = this.senders[(this.#sent += 1) % this.senders.length]!;
      events.set(line, [...(events.get(line) ?? []), event]);
    }
    for (const [line, own] of events) line.write(Buffer.concat(own));
  }

  heard(_: Line, bytes: Buffer, start: number): void {
    this.heardFrames += 1;
    if (!this.contender.isLast(bytes, start)) return;
    this.answered += 1;
    if (this.answered === this.#sent && this.#sent < EVENTS) this.send();
  }
}

function compare(of: string, [bare, ours]: readonly (readonly number[])[]): Measurement[] {
  const perSecond = (samples: readonly number[]) => 1_000 / middle(samples).value;
  const name = echo.name;
  return [
    { case: `${of}: CPU of an event`, ...middle(ours!), unit: "ms", baseline: { name, value: middle(bare!).value } },
    {
      case: `${of}: events that fill a core`,
      value: perSecond(ours!),
      unit: "a second",
      baseline: { name, value: perSecond(bare!) },
    },
  ];
}

export const bench: Bench = { name: NAME, run };

await runAlone(import.meta.url, bench);
