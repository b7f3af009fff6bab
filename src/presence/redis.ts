import { randomUUID } from "node:crypto";
import {
  NODES_ROOM,
  type Head,
  type KickOrder,
  type NodesSummary,
  type PresenceBackend,
  type PruneRequest,
  type RoomListener,
  type RoomLosses,
  type RoomSnapshot,
  type RoomSummary,
  type RoomWrite,
  type RoomWriteResult,
  type TickRequest,
  type TickResult,
} from "./backend.js";
import { TTL_OWNER } from "./presence.js";
import { ALL_BUCKETS, bucketOf, LAYOUT, RedisKeys } from "./redis-keys.js";
import type { RedisLink } from "../redis/link.js";
import {
  decodeEvent,
  decodeLosses,
  decodeOrder,
  decodeSequence,
  decodeSnapshot,
  encodeUser,
  encodeWrite,
} from "./redis-record.js";
import type { RedisScript } from "../redis/script.js";
import { loadScripts } from "./redis-script.js";
import { RedisSurvey } from "./redis-survey.js";

const FENCE_KEPT_MS = 3_600_000;
const ORDER_KEPT_MS = 60_000;
/** One command for a node of usual size; a call bears no more than some ten thousand arguments. */
const HEADS_AT_ONCE = 10_000;
const EMPTY_HEAD_MS = 30_000;
/** Before what is sent in a room. */
const TEXT_SIGN = "t";

export interface RedisBackendOptions {
  /** parts apps that share a Redis */
  readonly prefix?: string;
  /** an empty room's head outlives its last member by so much: two leases */
  readonly emptyHeadMs?: number;
}

/**
 * A node's hold of the rooms in Redis. What happens to a room happens in one script, which also tells it; `redis-room.lua` describes the keys.
 *
 * @example
 * const link = new RedisLink({ place: "redis://localhost:6379", deadlineMs: 500, clock: systemClock, logger });
 * const backend = new RedisPresenceBackend(link);
 * await backend.opened;
 */
export class RedisPresenceBackend implements PresenceBackend {
  /** Settles when Redis is found fit, or with a coded error that says why it is not. */
  readonly opened: Promise<void>;
  readonly #keys: RedisKeys;
  readonly #scripts = loadScripts();
  readonly #survey: RedisSurvey;
  readonly #emptyHeadMs: number;

  constructor(
    private readonly link: RedisLink,
    { prefix = "convive", emptyHeadMs = EMPTY_HEAD_MS }: RedisBackendOptions = {},
  ) {
    this.#keys = new RedisKeys(prefix);
    this.#survey = new RedisSurvey(link, this.#keys, this.#scripts);
    this.#emptyHeadMs = emptyHeadMs;
    link.keepHearing(this.#keys.channel(`!heard-${randomUUID()}`));
    this.opened = this.#probe();
    // Whoever calls hears of it.
    this.opened.catch(() => {});
  }

  async apply(room: string, write: RoomWrite): Promise<RoomWriteResult> {
    const { incarnation, nonce } = write;
    const args = [this.#keys.channel(room), room, incarnation, nonce, this.#emptyHeadMs, ...encodeWrite(write)];
    const reply = await this.link.run(this.#scripts.apply, this.#keys.room(room), [JSON.stringify(args)]);
    // The short way of a plain join.
    if (typeof reply === "string") return { state: "ok", head: reply, hasChanged: true };
    const [state, value = "", changed, ...refused] = reply as string[];
    if (state === "dead") return { state };
    if (state === "stale") return { state, sequence: decodeSequence(value) };
    return { state: "ok", head: value, hasChanged: changed === "1", ...(refused.length > 0 ? { refused } : {}) };
  }

  async snapshot(room: string): Promise<RoomSnapshot> {
    return decodeSnapshot(await this.link.run(this.#scripts.snapshot, this.#keys.snapshot(room), []));
  }

  async heads(rooms: readonly string[]): Promise<readonly (Head | null)[]> {
    if (rooms.length === 0) return [];
    const groups = this.link.isCluster ? [...byBucket(rooms).values()] : chunksOf(rooms);
    const heads = new Map<string, Head>();
    const reading = await Promise.allSettled(groups.map((group) => this.#readHeads(group, heads)));
    const failed = reading.find(({ status }) => status === "rejected");
    // One master of a Cluster that is away is no reason to leave the rooms of the others alone.
    if (failed?.status === "rejected" && heads.size === 0) throw failed.reason;
    return rooms.map((room) => heads.get(room) ?? null);
  }

  async count(room: string): Promise<number> {
    return Number(await this.link.call("HLEN", this.#keys.users(room)));
  }

  subscribe(room: string, listener: RoomListener): Promise<() => void> {
    return this.link.subscribe(this.#keys.channel(room), (text) => {
      const event = decodeEvent(text);
      if (event) listener.changed(event);
      else if (text.startsWith(TEXT_SIGN)) listener.published(text.slice(1));
    });
  }

  async publish(room: string, text: string): Promise<number | null> {
    const heard = await this.link.run(this.#scripts.publish, [this.#keys.head(room)], [this.#keys.channel(room), text]);
    // A server of a Cluster knows only who hears it.
    return this.link.isCluster ? null : Number(heard);
  }

  async tick(request: TickRequest): Promise<TickResult> {
    const { incarnation, isFirst, leaseMs, stepMs, ordersSince } = request;
    const keys = (["clock", "leases", "unswept", "condemned", "orders"] as const).map((part) =>
      this.#keys.registry(part),
    );
    const args = [incarnation, isFirst ? "1" : "0", leaseMs, stepMs, ordersSince, FENCE_KEPT_MS, LAYOUT];
    const reply = await this.link.run(this.#scripts.tick, keys, args, { isUrgent: true });
    const [state, storeTime, condemned, orders, lastOrder] = reply as [string, string, string[], string[], string];
    return {
      state: state as TickResult["state"],
      storeTime: Number(storeTime),
      condemned,
      orders: orders.flatMap(decodeOrder),
      lastOrder: Number(lastOrder),
    };
  }

  async resign(incarnation: string): Promise<void> {
    await this.link.call("ZREM", this.#keys.registry("leases"), incarnation);
  }

  async fence(incarnation: string): Promise<readonly string[]> {
    const registry = (["clock", "leases", "condemned"] as const).map((part) => this.#keys.registry(part));
    await this.link.run(this.#scripts.condemn, registry, [incarnation, FENCE_KEPT_MS]);
    const rooms = ALL_BUCKETS.map((bucket) => {
      const keys = [this.#keys.fenced(bucket), this.#keys.rooms(bucket)];
      return this.link.run(this.#scripts.fence, keys, [incarnation, FENCE_KEPT_MS]) as Promise<string[]>;
    });
    return (await Promise.all(rooms)).flat();
  }

  async sweep(room: string, incarnation: string, nonce: string, isDry = false): Promise<RoomLosses> {
    const more = [isDry ? "1" : "0"];
    return decodeLosses(room, await this.#change(this.#scripts.sweep, room, incarnation, nonce, more));
  }

  async swept(incarnation: string): Promise<void> {
    await this.link.call("ZREM", this.#keys.registry("unswept"), incarnation);
  }

  async orphans(): Promise<readonly string[]> {
    const found = ALL_BUCKETS.map(
      (bucket) => this.link.run(this.#scripts.owners, [this.#keys.rooms(bucket)], []) as Promise<string[]>,
    );
    const owners = new Set((await Promise.all(found)).flat());
    // Read last: who wrote had its lease before.
    const leases = (await this.link.call("ZRANGE", this.#keys.registry("leases"), 0, -1)) as string[];
    for (const alive of [...leases, TTL_OWNER]) owners.delete(alive);
    return [...owners];
  }

  async touch(room: string, userId: string, seenAt: number): Promise<boolean> {
    const more = [encodeUser(userId), seenAt];
    return Number(await this.#change(this.#scripts.touch, room, TTL_OWNER, "", more)) > 0;
  }

  async prune(
    rooms: readonly string[] | null,
    storeTime: number,
    nonce: string,
    { maxAgeMs, isDry = false }: PruneRequest = {},
  ): Promise<readonly RoomLosses[]> {
    const more = [storeTime, maxAgeMs ?? "", isDry ? "1" : "0"];
    const pruned = (rooms ?? (await this.held(TTL_OWNER))).map(async (room) => {
      return decodeLosses(room, await this.#change(this.#scripts.prune, room, TTL_OWNER, nonce, more));
    });
    return (await Promise.all(pruned)).filter(({ connections }) => connections.length > 0);
  }

  async pruneRooms(isDry = false): Promise<readonly string[]> {
    const pruned = new Set<string>();
    for await (const owners of this.#survey.empty()) {
      for (const [room, incarnations] of owners) {
        const more = [isDry ? "1" : "0", ...incarnations];
        if (Number(await this.#change(this.#scripts.vacate, room, "", "", more)) > 0) pruned.add(room);
      }
    }
    return [...pruned];
  }

  rooms(userId?: string): AsyncIterable<readonly RoomSummary[]> {
    return this.#survey.rooms(userId);
  }

  async held(incarnation: string): Promise<readonly string[]> {
    const [from, to] = [`[${incarnation}\t`, `(${incarnation}\n`];
    const found = ALL_BUCKETS.map(
      (bucket) => this.link.call("ZRANGEBYLEX", this.#keys.rooms(bucket), from, to) as Promise<string[]>,
    );
    return (await Promise.all(found)).flat().map((each) => each.slice(incarnation.length + 1));
  }

  nodes(): Promise<NodesSummary> {
    return this.#survey.nodes();
  }

  async order(order: KickOrder): Promise<void> {
    const keys = [this.#keys.registry("clock"), this.#keys.registry("orders")];
    const args = [this.#keys.channel(NODES_ROOM), JSON.stringify(order), ORDER_KEPT_MS];
    await this.link.run(this.#scripts.order, keys, args);
  }

  onReturn(listener: () => void): () => void {
    return this.link.onReturn(listener);
  }

  close(): Promise<void> {
    return this.link.close();
  }

  #change(
    script: RedisScript,
    room: string,
    incarnation: string,
    nonce: string,
    more: readonly (string | number)[] = [],
  ): Promise<unknown> {
    const args = [this.#keys.channel(room), room, incarnation, nonce, this.#emptyHeadMs, ...more];
    return this.link.run(script, this.#keys.room(room), args);
  }

  async #readHeads(rooms: readonly string[], heads: Map<string, Head>): Promise<void> {
    const found = (await this.link.call("MGET", ...rooms.map((room) => this.#keys.head(room)))) as (Head | null)[];
    for (const [i, room] of rooms.entries()) heads.set(room, found[i] ?? "");
  }

  /** Finds out now, and not with the first visitor, what Redis forbids. */
  async #probe(): Promise<void> {
    await this.link.opened;
    const channel = this.#keys.channel(NODES_ROOM);
    const stop = await this.link.subscribe(channel, () => {});
    stop();
    await this.link.run(this.#scripts.probe, [this.#keys.registry("clock")], [channel, LAYOUT]);
  }
}

function chunksOf(rooms: readonly string[]): (readonly string[])[] {
  const count = Math.ceil(rooms.length / HEADS_AT_ONCE);
  return Array.from({ length: count }, (_, i) => rooms.slice(i * HEADS_AT_ONCE, (i + 1) * HEADS_AT_ONCE));
}

function byBucket(rooms: readonly string[]): Map<number, string[]> {
  const groups = new Map<number, string[]>();
  for (const room of rooms) {
    const bucket = bucketOf(room);
    const group = groups.get(bucket);
    if (group) group.push(room);
    else groups.set(bucket, [room]);
  }
  return groups;
}
