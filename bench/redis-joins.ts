// How soon a join on one node is seen on another, beside a bare PUBLISH that goes the same way.
import { DEFAULT_LIMITS } from "../src/options.js";
import { canPin, LOAD_CORE, pinProcess, SERVER_CORE } from "./macro/cores.js";
import { median } from "./measure.js";
import { pause, withCrew, type Crew } from "./redis-crew.js";
import { timed } from "./redis-room.js";
import type { Baseline, Measurement } from "./result.js";

/** So many rooms are joined when all sleep before each, and when nobody does. */
const AFTER_A_PAUSE = 100;
const AWAKE = 600;
const UNHOSTED = 60;
const WARM_ROOMS = 1_000;
/** So that the next change of a room is a first one. */
const PAUSE_MS = 1.5 * DEFAULT_LIMITS.roomTickMs;

interface Cores {
  readonly joins: number;
  readonly hears: number;
}

/** Three processes on two cores: who shares one with Redis waits for it, and who does not must be woken across cores. Chance comes first: who has a core keeps it. */
const PLACES: Readonly<Record<string, Cores | null>> = {
  "where chance puts it": null,
  "beside the node that hears": { joins: LOAD_CORE, hears: SERVER_CORE },
  "beside the node that joins": { joins: SERVER_CORE, hears: LOAD_CORE },
  "on a core of its own": { joins: LOAD_CORE, hears: LOAD_CORE },
};

/** ms, each from its begin. */
interface Times {
  /** of bare PUBLISHes until their replies */
  readonly replies: readonly number[];
  /** … until they were heard on the other node */
  readonly hearings: readonly number[];
  /** of joins until the other node told its watchers */
  readonly joins: readonly number[];
}

/** Joins on one node, seen on another, by turns with bare PUBLISHes. */
export async function joins(): Promise<Measurement[]> {
  return withCrew(2, {}, async (crew) => {
    // As a room's stream, it is heard by both.
    for (const { work } of crew.nodes) await work.hearBare();
    // As in a process that has served for a while: its code is compiled.
    for (const [i, { work }] of crew.nodes.entries()) await work.enterRooms(WARM_ROOMS, `user-${i}`);
    await joinTimes(crew, await hosted(crew, "first", AWAKE), 0);
    const all: Measurement[] = [];
    for (const [place, cores] of Object.entries(PLACES)) {
      if (cores && !canPin()) continue;
      if (cores) give(crew, cores);
      const slept = await joinTimes(crew, await hosted(crew, `slept, ${place}`, AFTER_A_PAUSE), PAUSE_MS);
      all.push(...rows(`a join is told on the other node after a pause, Redis ${place}`, slept));
      const awake = await joinTimes(crew, await hosted(crew, `awake, ${place}`, AWAKE), 0);
      all.push(...rows(`a join is told on the other node, none sleeps, Redis ${place}`, awake));
    }
    const unhosted = await joinTimes(crew, await watched(crew, "unhosted", UNHOSTED), PAUSE_MS);
    const of = "a join is told on the other node, its own did not host the room";
    return [...all, { case: of, ...timed(unhosted.joins), baseline: hearingOf(unhosted) }];
  });
}

/** Redis has its core in any case. */
function give({ server, nodes }: Crew, { joins: joining, hears }: Cores): void {
  pinProcess(SERVER_CORE, server.process.pid!);
  for (const [i, core] of [joining, hears].entries()) pinProcess(core, nodes[i]!.process.pid!);
}

/** Rooms that both nodes show and have somebody in. */
async function hosted({ nodes }: Crew, name: string, count: number): Promise<readonly string[]> {
  const keys = Array.from({ length: count }, (_, i) => `${name} ${i}`);
  for (const [i, { work }] of nodes.entries()) {
    for (const key of keys) {
      await work.watch(key);
      await work.join(key, `user-${i}`);
    }
  }
  return keys;
}

/** Rooms that only the node that hears shows. */
async function watched({ nodes }: Crew, name: string, count: number): Promise<readonly string[]> {
  const keys = Array.from({ length: count }, (_, i) => `${name} ${i}`);
  for (const key of keys) await nodes[1]!.work.watch(key);
  return keys;
}

async function joinTimes({ nodes }: Crew, keys: readonly string[], pauseMs: number): Promise<Times> {
  const [from, to] = [nodes[0]!.work, nodes[1]!.work];
  await pause(PAUSE_MS);
  await to.bareHeard();
  const turns = await from.joinInTurn(keys, "ann", pauseMs);
  await pause(PAUSE_MS);
  const heard = await to.bareHeard();
  const told: number[] = [];
  for (const key of keys) told.push((await to.toldOf(key)).at(-1)?.atMs ?? 0);
  const isWhole = heard.length === turns.length && turns.every(({ joinMs }, i) => told[i]! > joinMs);
  if (!isWhole) throw new Error("Not every PUBLISH was heard, or not every join told.");
  return {
    replies: turns.map(({ bareMs, replyMs }) => replyMs - bareMs),
    hearings: turns.map(({ bareMs }, i) => heard[i]! - bareMs),
    joins: turns.map(({ joinMs }, i) => told[i]! - joinMs),
  };
}

/** The aim is 2 × the round trip. Until it is heard is no round trip, but the way that a join goes. */
function rows(of: string, times: Times): Measurement[] {
  const reply = { name: "bare PUBLISH until its reply", value: median(times.replies) };
  return [
    { case: of, ...timed(times.joins), baseline: reply, target: { ratio: 2 } },
    { case: of, ...timed(times.joins), baseline: hearingOf(times) },
  ];
}

function hearingOf({ hearings }: Times): Baseline {
  return { name: "bare PUBLISH until heard there", value: median(hearings) };
}
