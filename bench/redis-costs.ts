// What each thing that nodes ask of Redis costs it: processor time of the server, as it says itself. The capacity model rests on it.
import { randomUUID } from "node:crypto";
import { systemClock } from "../src/clock.js";
import { NODES_ROOM, type Operation } from "../src/presence/backend.js";
import { BUCKETS } from "../src/presence/redis-keys.js";
import { RedisPresenceBackend } from "../src/presence/redis.js";
import type { RedisPlace } from "../src/redis/clients.js";
import { RedisLink } from "../src/redis/link.js";
import { startRedis } from "../src/testing/redis-server.js";
import { startRedisCluster } from "../src/testing/redis-topology.js";
import { silentLogger } from "../src/testing/silent-logger.js";
import { median, spread } from "./measure.js";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Measurement, type Result } from "./result.js";

const NAME = "redis-costs";
const ROUNDS = 5;
const CALLS = 600;
const DEADLINE_MS = 20_000;
const LARGE = 1_000;
const HEADS = 2_000;
const HEARERS = 10;
/** Nodes with so many rooms each: some in each bucket. */
const OWNERS = 20;
const OWNED = 300;
/** About what a change is in the channel. */
const TEXT = "x".repeat(250);
const INCARNATION = "bench.1";

/** A way to a Redis, whose servers say how long they worked. */
class Asked {
  readonly #link: RedisLink;
  readonly backend: RedisPresenceBackend;
  #sequence = 0;

  constructor(place: RedisPlace) {
    this.#link = new RedisLink({ place, deadlineMs: DEADLINE_MS, clock: systemClock, logger: silentLogger });
    this.backend = new RedisPresenceBackend(this.#link);
  }

  /** Processor time of each server until now, in µs, or its memory in bytes. */
  async of(field: "cpu" | "memory"): Promise<number[]> {
    return (await this.#link.infos()).map((info) => {
      const number = (name: string) => Number(new RegExp(`^${name}:(.*)`, "m").exec(info)?.[1] ?? NaN);
      if (field === "memory") return number("used_memory");
      return 1e6 * (number("used_cpu_user") + number("used_cpu_sys"));
    });
  }

  async write(room: string, ...operations: readonly Operation[]): Promise<void> {
    await this.writeAs(INCARNATION, room, ...operations);
  }

  async writeAs(incarnation: string, room: string, ...operations: readonly Operation[]): Promise<void> {
    this.#sequence += 1;
    const write = { incarnation, sequence: this.#sequence, nonce: randomUUID().slice(0, 8), operations };
    await this.backend.apply(room, write);
  }

  close(): Promise<void> {
    return this.backend.close();
  }
}

function put(id: string, status: "active" | "idle" = "active"): Operation {
  const meta = { name: `Person ${id}`, color: "#44aa77" };
  return { op: "put", connectionId: `c-${id}`, userId: id, meta, status, isLingering: false };
}

function removal(id: string): Operation {
  return { op: "delete", connectionId: `c-${id}`, reason: "left" };
}

async function times(count: number, work: (at: number) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < count; at += 1) await work(at);
}

type Sample = Readonly<Record<string, number>>;

/** µs of the busiest server per call. */
async function costOf(asked: Asked, calls: number, work: (at: number) => Promise<unknown>): Promise<number> {
  const before = await asked.of("cpu");
  await times(calls, work);
  const after = await asked.of("cpu");
  return Math.max(...after.map((cpu, at) => (cpu - before[at]!) / calls));
}

/** Everything that one Redis is asked, once around. */
async function round(asked: Asked, number: number): Promise<Sample> {
  const { backend } = asked;
  const room = (at: number) => `room:${number}:${at}`;
  const [large, heads] = [`large:${number}`, Array.from({ length: HEADS }, (_, at) => room(at % CALLS))];
  await asked.write(large, ...Array.from({ length: LARGE }, (_, at) => put(`u${at}`)));
  const request = { incarnation: INCARNATION, leaseMs: 15_000, stepMs: 2_000, ordersSince: 0 };
  await backend.tick({ ...request, isFirst: true });
  return {
    "a join, into an empty room": await costOf(asked, CALLS, (at) => asked.write(room(at), put("ann"))),
    "a join, into a room of 1000": await costOf(asked, CALLS, (at) => asked.write(large, put(`v${at}`))),
    "a change of status": await costOf(asked, CALLS, (at) => asked.write(large, put(`v${at}`, "idle"))),
    "a leave": await costOf(asked, CALLS, (at) => asked.write(large, removal(`v${at}`))),
    "a message to a room": await costOf(asked, CALLS, () => backend.publish(large, TEXT)),
    "a room of 1 read": await costOf(asked, CALLS, (at) => backend.snapshot(room(at))),
    "a room of 1000 read": await costOf(asked, 20, () => backend.snapshot(large)),
    "1 head read": await costOf(asked, CALLS, (at) => backend.heads([room(at)])),
    "2000 heads read": await costOf(asked, 20, () => backend.heads(heads)),
    "a node's tick": await costOf(asked, CALLS, () => backend.tick({ ...request, isFirst: false })),
    "a room begun and ended to be heard": await costOf(asked, CALLS, async (at) => {
      (await backend.subscribe(`heard:${at}`, { changed() {}, published() {} }))();
    }),
  };
}

/** What one more connection that hears costs each message. */
async function hearing(place: RedisPlace, asked: Asked): Promise<number> {
  const hearers = Array.from({ length: HEARERS }, () => new Asked(place));
  let heard = 0;
  const listener = { changed() {}, published: () => void (heard += 1) };
  const alone = await costOf(asked, CALLS, () => asked.backend.publish("loud", TEXT));
  for (const { backend } of hearers) await backend.subscribe("loud", listener);
  const together = await costOf(asked, CALLS, () => asked.backend.publish("loud", TEXT));
  while (heard < CALLS * HEARERS) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const hearer of hearers) await hearer.close();
  return (together - alone) / HEARERS;
}

async function ofOne(): Promise<Measurement[]> {
  const server = await startRedis();
  const asked = new Asked(server.url);
  try {
    await asked.backend.opened;
    const samples: Sample[] = [];
    for (let number = 0; number < ROUNDS; number += 1) {
      const heard = await hearing(server.url, asked);
      samples.push({ ...(await round(asked, number)), "a message, for each connection that hears it": heard });
    }
    const rest = await pruning(asked);
    return [
      ...Object.keys(samples[0]!).map((name) => micros(name, samples)),
      ...Object.keys(rest).map((name) => micros(name, [rest])),
      ...(await memoryOf(asked)),
    ];
  } finally {
    await asked.close();
    await server.stop();
  }
}

/** What all nodes do each minute and each ten: they look for dead ones, and for empty rooms. */
async function pruning(asked: Asked): Promise<Sample> {
  const { backend } = asked;
  for (let owner = 1; owner <= OWNERS; owner += 1) {
    await times(OWNED, (at) => asked.writeAs(`owner-${owner}.1`, `owned:${at}`, put(`o${owner}-${at}`)));
  }
  const dead = await costOf(asked, 3, () => backend.orphans());
  const empty = await costOf(asked, 1, () => backend.pruneRooms(true));
  let entries = 0;
  for await (const page of backend.rooms()) for (const { owners } of page) entries += owners.size;
  return {
    "a node looked for in a bucket": dead / (OWNERS * BUCKETS),
    "a room looked at to be pruned": empty / entries,
  };
}

/** A person alone in a room, and one more in a full one. */
async function memoryOf(asked: Asked): Promise<Measurement[]> {
  const grown = async (work: () => Promise<void>) => {
    const [before] = await asked.of("memory");
    await work();
    return ((await asked.of("memory"))[0]! - before!) / HEADS;
  };
  const alone = await grown(() => times(HEADS, (at) => asked.write(`alone:${at}`, put(`w${at}`))));
  const all = Array.from({ length: HEADS }, (_, at) => put(`w${at}`));
  // Redis keeps room for another command as large for a while: it is there before and after.
  await asked.write("as full", ...all);
  const full = await grown(() => asked.write("full", ...all));
  return [
    { case: "memory of a connection alone in its room", value: alone, unit: "bytes" },
    { case: "memory of a connection in a full room", value: full, unit: "bytes" },
  ];
}

/** What a message costs the servers of a Cluster where nobody hears it. */
async function ofCluster(): Promise<Measurement[]> {
  const cluster = await startRedisCluster();
  const asked = new Asked({ cluster: cluster.servers });
  try {
    await asked.backend.opened;
    const samples: Sample[] = [];
    for (let number = 0; number < ROUNDS; number += 1) samples.push(await broadcast(asked));
    return Object.keys(samples[0]!).map((name) => micros(name, samples));
  } finally {
    await asked.close();
    await cluster.stop();
  }
}

async function broadcast(asked: Asked): Promise<Sample> {
  const before = await asked.of("cpu");
  await times(CALLS * 5, () => asked.backend.publish(NODES_ROOM, TEXT));
  const spent = (await asked.of("cpu")).map((cpu, at) => (cpu - before[at]!) / CALLS / 5);
  const [least, , most] = spent.toSorted((a, b) => a - b);
  return {
    "a message of a Cluster, for the server that sends it": most!,
    "a message of a Cluster, for each other server": least!,
  };
}

function micros(name: string, samples: readonly Sample[]): Measurement {
  const values = samples.map((sample) => sample[name]!);
  return { case: name, value: median(values), spread: Math.abs(spread(values)), unit: "µs" };
}

async function run(): Promise<Result[]> {
  return [...(await ofOne()), ...(await ofCluster())].map((each) => resultOf(NAME, each));
}

export const bench: Bench = { name: NAME, run };

await runAlone(import.meta.url, bench);
