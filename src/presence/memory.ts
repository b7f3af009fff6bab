import type { Clock } from "../clock.js";
import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import { MemoryBus } from "../pubsub/memory-bus.js";
import {
  NODES_ROOM,
  type Head,
  type KickOrder,
  type NodesSummary,
  type PresenceBackend,
  type PruneRequest,
  type RoomEvent,
  type RoomListener,
  type RoomLosses,
  type RoomSnapshot,
  type RoomSummary,
  type RoomWrite,
  type RoomWriteResult,
  type TickRequest,
  type TickResult,
} from "./backend.js";
import { MemoryRoom } from "./memory-room.js";
import { TTL_OWNER } from "./presence.js";

const FENCE_KEPT_MS = 3_600_000;
const ORDER_KEPT_MS = 60_000;
/** An empty room's head outlives its last member by so many leases, so that a version survives a flicker. */
const EMPTY_HEAD_LEASES = 2;

type RoomMessage = { readonly event: RoomEvent } | { readonly text: string };

/** What nodes of one process share: the rooms, the leases and the store clock. */
export class MemoryStore {
  readonly bus: MemoryBus<RoomMessage>;
  readonly rooms = new Map<string, MemoryRoom>();
  /** rooms by incarnation with records in them */
  readonly roomsOf = new Map<string, Set<string>>();
  readonly fenced = new Map<string, number>();
  readonly #emptySince = new Map<string, number>();
  readonly #leases = new Map<string, number>();
  readonly #condemned = new Map<string, number>();
  readonly #unswept = new Set<string>();
  #orders: { readonly number: number; readonly until: number; readonly order: KickOrder }[] = [];
  #lastOrder = 0;
  #storeTime = 0;
  #lastTick: number | null = null;

  constructor(
    readonly clock: Clock,
    logger: Logger,
  ) {
    this.bus = new MemoryBus((error) => logger.error({ error: messageOf(error) }, "a listener of a room failed"));
  }

  apply(name: string, write: RoomWrite): RoomWriteResult {
    if (this.fenced.has(write.incarnation)) return { state: "dead" };
    const room = this.#roomFor(name);
    const { result, event } = room.apply(write);
    this.#settle(name, room, event);
    return result;
  }

  sweep(name: string, incarnation: string, nonce: string, isDry: boolean): RoomLosses {
    const room = this.rooms.get(name);
    if (!room) return { room: name, connections: [], gone: [] };
    const losses = { room: name, ...room.losses(room.heldBy(incarnation)) };
    if (!isDry) this.#settle(name, room, room.sweep(incarnation, nonce));
    return losses;
  }

  prune(names: readonly string[] | null, storeTime: number, nonce: string, request: PruneRequest): RoomLosses[] {
    return [...(names ?? this.roomsOf.get(TTL_OWNER) ?? [])].flatMap((name) => {
      const room = this.rooms.get(name);
      const overdue = room?.overdue(storeTime, request) ?? [];
      if (!room || overdue.length === 0) return [];
      const losses = { room: name, ...room.losses(overdue) };
      if (!request.isDry) this.#settle(name, room, room.prune(overdue, nonce));
      return [losses];
    });
  }

  tick(request: TickRequest): TickResult {
    const { incarnation, isFirst, leaseMs, stepMs, ordersSince } = request;
    this.#advance(stepMs);
    const isDead = this.#condemned.has(incarnation) || this.fenced.has(incarnation);
    const isUnknown = !isDead && !isFirst && !this.#leases.has(incarnation);
    if (!isDead && !isUnknown) this.#leases.set(incarnation, this.#storeTime + leaseMs);
    this.#condemnEnded();
    this.#forgetOld(leaseMs);
    return {
      state: isDead ? "dead" : isUnknown ? "unknown" : "ok",
      storeTime: this.#storeTime,
      condemned: [...this.#unswept],
      orders: this.#orders.filter(({ number }) => number > ordersSince).map(({ order }) => order),
      lastOrder: this.#lastOrder,
    };
  }

  resign(incarnation: string): void {
    this.#leases.delete(incarnation);
  }

  nodes(): NodesSummary {
    const storeTime = this.#storeTime;
    const alive = [...this.#leases].map(([incarnation, end]) => {
      return { incarnation, state: "alive", leaseMs: Math.max(end - storeTime, 0) } as const;
    });
    const ended = [...this.#unswept].map((incarnation) => ({ incarnation, state: "ended", leaseMs: 0 }) as const);
    const silentMs = this.#lastTick === null ? null : this.clock.now() - this.#lastTick;
    return { storeTime, silentMs, nodes: [...alive, ...ended] };
  }

  fence(incarnation: string): readonly string[] {
    this.fenced.set(incarnation, this.#storeTime + FENCE_KEPT_MS);
    return [...(this.roomsOf.get(incarnation) ?? [])];
  }

  swept(incarnation: string): void {
    this.#unswept.delete(incarnation);
  }

  orphans(): readonly string[] {
    return [...this.roomsOf.keys()].filter((each) => each !== TTL_OWNER && !this.#leases.has(each));
  }

  order(order: KickOrder): void {
    this.#lastOrder += 1;
    this.#orders.push({ number: this.#lastOrder, until: this.#storeTime + ORDER_KEPT_MS, order });
    this.bus.publish(NODES_ROOM, { text: JSON.stringify(order) });
  }

  #advance(stepMs: number): void {
    const now = this.clock.now();
    const passed = this.#lastTick === null ? 0 : now - this.#lastTick;
    this.#storeTime += Math.min(Math.max(passed, 0), stepMs);
    this.#lastTick = now;
  }

  #condemnEnded(): void {
    for (const [incarnation, end] of this.#leases) {
      if (end > this.#storeTime) continue;
      this.#leases.delete(incarnation);
      this.#condemned.set(incarnation, this.#storeTime + FENCE_KEPT_MS);
      this.#unswept.add(incarnation);
    }
  }

  #forgetOld(leaseMs: number): void {
    for (const old of [this.#condemned, this.fenced]) {
      for (const [incarnation, until] of old) if (until <= this.#storeTime) old.delete(incarnation);
    }
    this.#orders = this.#orders.filter(({ until }) => until > this.#storeTime);
    const emptyBefore = this.clock.now() - EMPTY_HEAD_LEASES * leaseMs;
    for (const [name, since] of this.#emptySince) {
      if (since > emptyBefore) break;
      this.#emptySince.delete(name);
      this.rooms.delete(name);
    }
  }

  #roomFor(name: string): MemoryRoom {
    let room = this.rooms.get(name);
    if (!room) this.rooms.set(name, (room = new MemoryRoom(() => this.clock.wallTime())));
    return room;
  }

  /** Brings the registers up to date with a changed room, then tells the change. */
  #settle(name: string, room: MemoryRoom, event: RoomEvent | null): void {
    if (room.connections.size > 0) this.#emptySince.delete(name);
    else if (!this.#emptySince.has(name)) this.#emptySince.set(name, this.clock.now());
    if (!event) return;
    for (const owner of room.touchedOwners) this.#register(name, owner, room.owners.has(owner));
    room.touchedOwners.clear();
    this.bus.publish(name, { event });
  }

  #register(name: string, owner: string, isThere: boolean): void {
    const names = this.roomsOf.get(owner);
    if (isThere && names) names.add(name);
    else if (isThere) this.roomsOf.set(owner, new Set([name]));
    else if (names?.delete(name) && names.size === 0) this.roomsOf.delete(owner);
  }
}

/** A node's hold of a memory store: the reference that every other backend must equal. */
export class MemoryBackend implements PresenceBackend {
  readonly #stops = new Set<() => void>();

  constructor(private readonly store: MemoryStore) {}

  async apply(room: string, write: RoomWrite): Promise<RoomWriteResult> {
    return this.store.apply(room, write);
  }

  async snapshot(room: string): Promise<RoomSnapshot> {
    const fenced = new Set(this.store.fenced.keys());
    const stored = this.store.rooms.get(room);
    return stored?.snapshot(fenced) ?? { head: "", connections: [], sequences: new Map(), fenced };
  }

  async heads(rooms: readonly string[]): Promise<readonly Head[]> {
    return rooms.map((room) => this.store.rooms.get(room)?.head ?? "");
  }

  async count(room: string): Promise<number> {
    return this.store.rooms.get(room)?.users.size ?? 0;
  }

  async subscribe(room: string, listener: RoomListener): Promise<() => void> {
    const unsubscribe = this.store.bus.subscribe(room, (message) => {
      if ("event" in message) listener.changed(message.event);
      else listener.published(message.text);
    });
    const stop = () => {
      if (this.#stops.delete(stop)) unsubscribe();
    };
    this.#stops.add(stop);
    return stop;
  }

  async publish(room: string, text: string): Promise<number> {
    this.store.bus.publish(room, { text });
    return this.store.bus.listeners(room);
  }

  async tick(request: TickRequest): Promise<TickResult> {
    return this.store.tick(request);
  }

  async fence(incarnation: string): Promise<readonly string[]> {
    return this.store.fence(incarnation);
  }

  async sweep(room: string, incarnation: string, nonce: string, isDry = false): Promise<RoomLosses> {
    return this.store.sweep(room, incarnation, nonce, isDry);
  }

  async swept(incarnation: string): Promise<void> {
    this.store.swept(incarnation);
  }

  async orphans(): Promise<readonly string[]> {
    return this.store.orphans();
  }

  async touch(room: string, userId: string, seenAt: number): Promise<boolean> {
    return this.store.rooms.get(room)?.touch(userId, seenAt) ?? false;
  }

  async prune(
    rooms: readonly string[] | null,
    storeTime: number,
    nonce: string,
    request: PruneRequest = {},
  ): Promise<readonly RoomLosses[]> {
    return this.store.prune(rooms, storeTime, nonce, request);
  }

  /** The registers of memory are never beside the truth. */
  async pruneRooms(): Promise<readonly string[]> {
    return [];
  }

  async resign(incarnation: string): Promise<void> {
    this.store.resign(incarnation);
  }

  async *rooms(userId?: string): AsyncGenerator<readonly RoomSummary[]> {
    const found = [...this.store.rooms].filter(([, { connections, users }]) => {
      return connections.size > 0 && (userId === undefined || users.has(userId));
    });
    yield found.map(([room, { users, connections, owners }]) => {
      return { room, people: users.size, connections: connections.size, owners: new Map(owners) };
    });
  }

  async held(incarnation: string): Promise<readonly string[]> {
    return [...(this.store.roomsOf.get(incarnation) ?? [])];
  }

  async nodes(): Promise<NodesSummary> {
    return this.store.nodes();
  }

  async order(order: KickOrder): Promise<void> {
    this.store.order(order);
  }

  onReturn(_listener: () => void): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
  }
}
