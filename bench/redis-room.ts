// One room on nodes that share a Redis: very large rooms, and many joins at once.
import { DEFAULT_LIMITS } from "../src/options.js";
import { median, spread } from "./measure.js";
import { pause, until, withCrew, type CrewNode } from "./redis-crew.js";
import type { Measurement } from "./result.js";

const LARGE = 10_000;
const LARGE_ROOMS = 5;
const LARGE_JOINS = 40;
const READS = 100_000;
const CROWD = 2_000;
const CROWDS = 5;
/** So that the next change is a first one. */
const PAUSE_MS = 1.5 * DEFAULT_LIMITS.roomTickMs;
/** A whole room is one command. */
const PATIENT = { redisCommandMs: 5_000 };

/** From the wish on one node to the telling on the other. */
async function joinMs(from: CrewNode, to: CrewNode, key: string, userId: string): Promise<number> {
  const told = to.work.nextTold(key);
  await pause(PAUSE_MS);
  const startedAt = await from.work.join(key, userId);
  return (await told) - startedAt;
}

/** Rooms of ten thousand. */
export async function large(): Promise<Measurement[]> {
  return withCrew(2, PATIENT, async ({ nodes }) => {
    const [from, to] = [nodes[0]!, nodes[1]!];
    const hosted: number[] = [];
    for (let i = 0; i < LARGE_ROOMS; i += 1) {
      await from.work.joinMany(`large-${i}`, "user", LARGE);
      hosted.push(await to.work.watch(`large-${i}`));
    }
    await from.work.joinMany("small", "user", 100);
    await to.work.watch("small");
    const small = await joinTimes(from, to, "small");
    const big = await joinTimes(from, to, "large-0");
    return [
      { case: `a node begins to host a room of ${LARGE}`, ...timed(hosted), target: { value: 300 } },
      ...(await reads(to)),
      {
        case: `a join into a room of ${LARGE} is told on the other node, p50`,
        ...timed(big),
        baseline: { name: "of 100", value: median(small) },
      },
    ];
  });
}

async function joinTimes(from: CrewNode, to: CrewNode, key: string): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < LARGE_JOINS; i += 1) times.push(await joinMs(from, to, key, `late-${i}`));
  return times;
}

async function reads({ work }: CrewNode): Promise<Measurement[]> {
  const costs = { small: [] as { list: number; count: number }[], large: [] as { list: number; count: number }[] };
  for (let round = 0; round < 9; round += 1) {
    costs.small.push(await work.readCosts("small", READS));
    costs.large.push(await work.readCosts("large-0", READS));
  }
  const row = (name: string, what: "list" | "count"): Measurement => {
    const [ours, of100] = [costs.large, costs.small].map((all) => all.map((each) => each[what])) as [
      number[],
      number[],
    ];
    const baseline = { name: "of 100", value: median(of100) };
    return { case: name, value: median(ours), unit: "µs", spread: spread(ours), baseline, target: { ratio: 2 } };
  };
  return [
    row(`listPresences({ limit: 50 }) in a room of ${LARGE}`, "list"),
    row(`presenceCount() in a room of ${LARGE}`, "count"),
  ];
}

/** Two thousand at once, half on each node: how often the room tells its viewers. */
export async function crowd(): Promise<Measurement[]> {
  return withCrew(2, PATIENT, async ({ nodes }) => {
    const durations: number[] = [];
    const excess: number[] = [];
    const tellings: number[] = [];
    for (let i = 0; i < CROWDS; i += 1) {
      const key = `crowd-${i}`;
      await Promise.all(nodes.map(({ work }) => work.watch(key)));
      const runs = await Promise.all(nodes.map(({ work }, n) => work.joinMany(key, `user-${n}`, CROWD / 2)));
      for (const { work } of nodes) await until("all", async () => (await work.countOf(key)) === CROWD);
      const told = await Promise.all(nodes.map(({ work }) => work.toldOf(key)));
      const startedMs = Math.min(...runs.map((run) => run.startedMs));
      const durationMs = Math.max(...told.map((notes) => notes.at(-1)!.atMs)) - startedMs;
      const most = Math.max(...told.map(({ length }) => length));
      durations.push(durationMs);
      tellings.push(most);
      excess.push(most - Math.floor(durationMs / DEFAULT_LIMITS.roomTickMs));
    }
    const of = `${CROWD} joins at once into one room of 2 nodes`;
    return [
      { case: `${of}: until all see all`, ...timed(durations) },
      { case: `${of}: changes told to a viewer`, value: median(tellings), unit: "changes" },
      {
        case: `${of}: more than one per room tick, the worst`,
        value: Math.max(...excess),
        unit: "changes",
        target: { value: 5 },
      },
    ];
  });
}

/** The median of times, with their spread. */
export function timed(values: readonly number[]): Pick<Measurement, "value" | "unit" | "spread"> {
  return { value: median(values), unit: "ms", spread: spread(values) };
}
