// What one node does for the bench of Redis, in a process of its own: `redis-crew.ts` starts it and asks.
import { pathToFileURL } from "node:url";
import { systemClock } from "../src/clock.js";
import { resolveLimits, type Limits } from "../src/options.js";
import type { PresenceNode } from "../src/presence/node.js";
import { RoomVisit } from "../src/presence/room-visit.js";
import type { Room } from "../src/presence/room.js";
import { RedisLink } from "../src/redis/link.js";
import { startRedisNode } from "../src/testing/redis-node.js";
import { silentLogger } from "../src/testing/silent-logger.js";

const AT_ONCE = 500;
const CHANNEL = "bench:bare";
/** About what a join is in the channel. */
const BARE_TEXT = "x".repeat(250);

/** One telling of a room. */
export interface Told {
  readonly atMs: number;
  readonly joins: number;
}

/** A bare PUBLISH and a join: when they were begun, and when the PUBLISH was answered. */
export interface Turn {
  readonly bareMs: number;
  readonly replyMs: number;
  readonly joinMs: number;
}

/** The machine's monotonic clock: the same in every process. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class NodeWork {
  readonly #told = new Map<string, Told[]>();
  readonly #visits = new Map<string, RoomVisit>();
  /** When bare text was heard. */
  readonly #heardBare: number[] = [];
  #left = { count: 0, lastMs: 0 };

  private constructor(
    private readonly node: PresenceNode,
    private readonly link: RedisLink,
  ) {
    node.onChange((_, { leaves }) => {
      if (leaves.length > 0) this.#left = { count: this.#left.count + leaves.length, lastMs: machineMs() };
    });
  }

  static async start(url: string, given: Partial<Limits>): Promise<NodeWork> {
    const limits = resolveLimits(given);
    const { node } = await startRedisNode(url, { limits });
    const { redisCommandMs: deadlineMs } = limits;
    const link = new RedisLink({ place: url, deadlineMs, clock: systemClock, logger: silentLogger });
    await link.opened;
    return new NodeWork(node, link);
  }

  /** Enters so many rooms, with one connection in each. */
  async enterRooms(rooms: number, userId: string): Promise<void> {
    let next = 0;
    const some = async () => {
      while (next < rooms) await track(await this.#host(`room:${next++}`), userId);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, some));
  }

  /** How many of the rooms here hold so many people. */
  async roomsOf(people: number): Promise<number> {
    return this.node.rooms.filter(({ count }) => count === people).length;
  }

  /** Takes part in a room and notes what is told of it; ms until its list was there. */
  async watch(key: string): Promise<number> {
    const startedAt = machineMs();
    const room = await this.#host(key);
    const hostedMs = machineMs() - startedAt;
    const notes: Told[] = [];
    this.#told.set(key, notes);
    room.watch({ changed: ({ joins }) => notes.push({ atMs: machineMs(), joins: joins.length }) });
    return hostedMs;
  }

  /** When the room tells something the next time. */
  async nextTold(key: string): Promise<number> {
    const notes = this.#told.get(key)!;
    const room = await this.#host(key);
    await new Promise<void>((resolve) => {
      const unwatch = room.watch({
        changed: () => {
          unwatch();
          resolve();
        },
      });
    });
    return notes.at(-1)!.atMs;
  }

  async toldOf(key: string): Promise<readonly Told[]> {
    return this.#told.get(key) ?? [];
  }

  /** Joins a room, hosted here already or not; when it was begun. */
  async join(key: string, userId: string): Promise<number> {
    const startedAt = machineMs();
    const { room } = await this.node.host("", key);
    await track(room, userId);
    return startedAt;
  }

  /** So many at once; when it was begun, and when the own list held them all. */
  async joinMany(key: string, prefix: string, count: number): Promise<{ startedMs: number; endedMs: number }> {
    const room = await this.#host(key);
    const startedMs = machineMs();
    await Promise.all(Array.from({ length: count }, (_, i) => track(room, `${prefix}-${i}`)));
    return { startedMs, endedMs: machineMs() };
  }

  async countOf(key: string): Promise<number> {
    return this.node.find("", key)?.count ?? 0;
  }

  /** Joins these rooms, one after another, each after a bare PUBLISH and each after a pause: when each was begun, and when the PUBLISH was answered. */
  async joinInTurn(keys: readonly string[], userId: string, pauseMs: number): Promise<readonly Turn[]> {
    const turns: Turn[] = [];
    for (const key of keys) {
      await restFor(pauseMs);
      const bareMs = machineMs();
      await this.link.call("PUBLISH", CHANNEL, BARE_TEXT);
      const replyMs = machineMs();
      await restFor(pauseMs);
      turns.push({ bareMs, replyMs, joinMs: await this.join(key, userId) });
    }
    return turns;
  }

  async hearBare(): Promise<void> {
    await this.link.subscribe(CHANNEL, () => this.#heardBare.push(machineMs()));
  }

  /** When bare text was heard since this was asked last. */
  async bareHeard(): Promise<readonly number[]> {
    return this.#heardBare.splice(0);
  }

  /** How many have left since the node began, and when the last did. */
  async left(): Promise<{ readonly count: number; readonly lastMs: number }> {
    return this.#left;
  }

  /** ms of processor time since the process began. */
  async cpuMs(): Promise<number> {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  }

  /** µs in which a view reads the first 50 of a room, and µs in which it reads how many there are. */
  async readCosts(key: string, times: number): Promise<{ list: number; count: number }> {
    const visit = await this.#visit(key);
    const cost = (read: () => number) => {
      const startedAt = machineMs();
      for (let i = 0; i < times; i += 1) if (read() === 0) throw new Error("The room is empty.");
      return ((machineMs() - startedAt) * 1_000) / times;
    };
    return { list: cost(() => visit.first(50).length), count: cost(() => visit.presenceCount) };
  }

  async #visit(key: string): Promise<RoomVisit> {
    const known = this.#visits.get(key);
    if (known) return known;
    const who = { tenant: "", key, user: null, userId: "reader", connectionId: "reader", via: "view" } as const;
    const visit = new RoomVisit(this.node, { ...who, isLasting: true }, {});
    this.#visits.set(key, visit);
    await visit.watch();
    return visit;
  }

  async #host(key: string): Promise<Room> {
    return (await this.node.host("", key)).room;
  }
}

function track(room: Room, userId: string): Promise<void> {
  return room.track({ connectionId: `${userId} in ${room.key}`, userId, meta: { name: userId, color: "#44aa77" } });
}

/** None at all for 0: the process stays awake. */
async function restFor(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}

/** What the parent sends: a method of the work, and its arguments. */
export interface Request {
  readonly number: number;
  readonly name: string;
  readonly args: readonly unknown[];
}
export type Answer = { readonly number: number } & ({ readonly value: unknown } | { readonly error: string });

async function main(url: string, limits: string): Promise<void> {
  const work = await NodeWork.start(url, JSON.parse(limits) as Partial<Limits>);
  const methods = work as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
  process.on("message", ({ number, name, args }: Request) => {
    methods[name]!(...args).then(
      (value) => process.send!({ number, value } satisfies Answer),
      (error: unknown) => process.send!({ number, error: String(error) } satisfies Answer),
    );
  });
  process.once("disconnect", () => process.exit());
  process.send!({ number: 0, value: null } satisfies Answer);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(process.argv[2]!, process.argv[3]!);
