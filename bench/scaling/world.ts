import { DEFAULT_LIMITS, type Limits } from "../../src/options.js";
import { bucketOf, shardsOf, type Dealing, type Shards } from "./cluster.js";
import type { Costs } from "./costs.js";
import { randomFrom, type Random } from "../../src/testing/random.js";
import type { Balancer } from "./seats.js";
import { Ledger } from "./spread.js";
import type { Workload } from "./workload.js";

export interface Deployment {
  readonly nodes: number;
  /** masters of a Redis Cluster; 1: one Redis */
  readonly shards: number;
  readonly dealing?: Dealing;
  readonly balancer?: Balancer;
  readonly limits?: Limits;
  /** that are looked at */
  readonly seconds?: number;
  readonly seed?: number;
}

/** What a node works for: to tell its viewers, cursors, who comes and clicks, and what other nodes tell. */
export type Work = "telling" | "cursors" | "visits" | "elsewhere";

const PROCESS_KIB = 90 * 1_024;
const SECONDS = 10;

/** A room with its viewers on their nodes. */
export interface Hosting {
  readonly shard: number;
  /** node of each viewer */
  readonly seats: Uint16Array;
  /** nodes that host it */
  readonly hosts: readonly number[];
  /** viewers on each of them */
  readonly local: readonly number[];
}

/** Nodes and servers of Redis, and what they have done so far. */
export class World {
  readonly cpu: Ledger;
  readonly redis: Ledger;
  readonly parts: Record<Work, number> = { telling: 0, cursors: 0, visits: 0, elsewhere: 0 };
  /** per second or in all, over all nodes */
  readonly counts = { rooms: 0, changes: 0, tellings: 0, frames: 0, messages: 0, commands: 0 };
  readonly shards: Shards;
  readonly people: Float64Array;
  readonly hosted: Float64Array;
  readonly kib: Float64Array;
  /** per second, bytes */
  readonly sent: Float64Array;
  readonly redisBytes: Float64Array;
  readonly seconds: number;
  readonly limits: Limits;
  readonly chance: Random;

  constructor(
    readonly workload: Workload,
    readonly costs: Costs,
    { nodes, shards, dealing, seconds = SECONDS, limits = DEFAULT_LIMITS, seed = 1 }: Deployment,
  ) {
    this.seconds = seconds;
    this.limits = limits;
    this.chance = randomFrom(seed);
    this.shards = shardsOf(shards, dealing);
    this.cpu = new Ledger(nodes, seconds);
    this.redis = new Ledger(shards, seconds);
    this.people = new Float64Array(nodes);
    this.hosted = new Float64Array(nodes);
    this.kib = new Float64Array(nodes).fill(PROCESS_KIB);
    this.sent = new Float64Array(nodes);
    this.redisBytes = new Float64Array(shards);
  }

  room(name: string, seats: Uint16Array): Hosting {
    const counts = new Map<number, number>();
    for (const node of seats) counts.set(node, (counts.get(node) ?? 0) + 1);
    const shard = this.shards.ofBucket[bucketOf(name)]!;
    return { shard, seats, hosts: [...counts.keys()], local: [...counts.values()] };
  }

  /** Work of a node, in one second or (null) in each. */
  work(node: number, second: number | null, what: Work, us: number): void {
    this.cpu.add(node, second, us);
    this.parts[what] += second === null ? us : us / this.seconds;
  }

  /** Commands to a server of Redis. */
  ask(shard: number, second: number | null, us: number, commands = 1): void {
    this.redis.add(shard, second, us);
    this.counts.commands += second === null ? commands : commands / this.seconds;
  }

  /** So many messages from one server of Redis to those nodes, each of which hears by a server of its own. */
  message(shard: number, second: number | null, hearers: readonly number[], times = 1): void {
    const { busUs, hearerUs } = this.costs.redis;
    const { count } = this.shards;
    this.counts.messages += second === null ? times : times / this.seconds;
    this.redis.add(shard, second, (count - 1) * busUs * times);
    for (let other = 0; other < count; other += 1) if (other !== shard) this.redis.add(other, second, busUs * times);
    for (const node of hearers) this.redis.add(node % count, second, hearerUs * times);
  }
}
