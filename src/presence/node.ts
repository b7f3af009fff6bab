import type { Clock, Timer } from "../clock.js";
import { ConviveError, messageOf, type ErrorCode } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Limits } from "../options.js";
import { randomId } from "../token.js";
import type { KickOrder, PresenceBackend } from "./backend.js";
import { freeze } from "../render/freeze.js";
import { Listeners } from "./listeners.js";
import { HostedRooms, type RoomHold } from "./node-rooms.js";
import { NodeLease, type LeaseOwner } from "./node-lease.js";
import { NodeOrders, type Disconnect } from "./node-orders.js";
import { byJoin, fold, permission, type Presence, type PresencePermission, type PresenceRequest } from "./presence.js";
import { Room } from "./room.js";
import { encodeMessage, type RoomMessage } from "./room-message.js";
import type { RoomFeed, RoomNode } from "./room-feed.js";
import type { RoomChange } from "./roster.js";
import { RoomNames } from "./room-names.js";
import { Sweeper } from "./sweeper.js";

export type { RoomHold } from "./node-rooms.js";
export type { Disconnect } from "./node-orders.js";

export interface PresenceNodeOptions {
  readonly backend: PresenceBackend;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly authorizePresence?:
    ((request: PresenceRequest) => boolean | PresencePermission | Promise<boolean | PresencePermission>) | undefined;
  /** Chance; ids are never reused. */
  readonly newId?: (() => string) | undefined;
}

/** What a node takes part in. */
export interface PresenceStats {
  /** rooms hosted */
  readonly rooms: number;
  /** connections that this node carries, in all rooms together */
  readonly connections: number;
  /** how long the store took for the last beat, in ms; null before the first */
  readonly storeMs: number | null;
}

/** One process among those that share the rooms: its lease, its terms, the rooms it hosts. */
export class PresenceNode implements RoomNode, LeaseOwner {
  readonly backend: PresenceBackend;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly newId: () => string;
  readonly orders: NodeOrders;
  readonly #options: PresenceNodeOptions;
  readonly #lease: NodeLease;
  readonly #hosted: HostedRooms;
  readonly #names: RoomNames;
  readonly #changeListeners: Listeners<(room: RoomFeed, change: RoomChange) => unknown>;
  readonly sweeper: Sweeper;
  #sequence = 0;
  #timers: Timer[] = [];
  #starting: Promise<void> | null = null;
  #stopHearingReturns: () => void = () => {};
  #isRetiring = false;
  #isClosed = false;

  constructor(options: PresenceNodeOptions) {
    this.#options = options;
    this.backend = options.backend;
    this.clock = options.clock;
    this.limits = options.limits;
    this.logger = options.logger;
    this.newId = options.newId ?? (() => randomId(9));
    this.#lease = new NodeLease(this.newId(), this);
    this.#hosted = new HostedRooms(this.clock);
    this.#names = new RoomNames(this.limits.presenceKeyBytes);
    this.sweeper = new Sweeper(this);
    this.#changeListeners = new Listeners(this.logger, "a listener of presence");
    this.orders = new NodeOrders(this);
  }

  get incarnation(): string {
    return this.#lease.incarnation;
  }
  get hasLease(): boolean {
    return this.#lease.isHeld;
  }

  get storeTime(): number {
    return this.#lease.storeTime;
  }

  /** Why the store did not answer the last tick: rooms go on with what is known here. */
  get trouble(): ErrorCode | null {
    return this.#lease.trouble;
  }

  /** The store did not answer the last tick. */
  get isDegraded(): boolean {
    return this.trouble !== null;
  }

  get rooms(): readonly Room[] {
    return this.#hosted.all;
  }

  stats(): PresenceStats {
    const { rooms } = this;
    const connections = rooms.reduce((sum, room) => sum + room.carried, 0);
    return { rooms: rooms.length, connections, storeMs: this.#lease.storeMs };
  }

  // ── rooms ──

  /** The room's name in the store. */
  nameOf(tenant: string, key: string): string {
    return this.#names.of(tenant, key);
  }

  /** Takes part in a room: it is subscribed and read when this resolves, or shown degraded when the store does not answer. */
  async host(tenant: string, key: string): Promise<RoomHold> {
    if (this.#isClosed) throw new ConviveError("SERVER_CLOSED", "This server is closed; nobody can enter a room.");
    const name = this.nameOf(tenant, key);
    const hold = this.#hosted.hold(name, () => new Room(this, tenant, key, name));
    if (!hold.room.isOpen) await this.start().then(() => hold.room.open());
    return hold;
  }

  /** Holds a room that is hosted already. */
  retain(room: Room): RoomHold {
    return this.#hosted.hold(room.name, () => room);
  }

  find(tenant: string, key: string): Room | undefined {
    return this.#hosted.find(this.nameOf(tenant, key));
  }

  /** The list of a room, or the first so many, without taking part in it: leaves no trace. */
  async read(tenant: string, key: string, limit = Infinity): Promise<readonly Presence[]> {
    const name = this.nameOf(tenant, key);
    const held = this.#hosted.find(name);
    if (held && !held.isStale) return held.first(limit);
    const { connections } = await this.backend.snapshot(name);
    const people = fold(new Map(connections.map((each) => [each.connectionId, each])));
    return freeze([...people.values()].toSorted(byJoin).slice(0, limit)) as readonly Presence[];
  }

  /** Sends something in a room's stream, hosted here or not. */
  async publish(tenant: string, key: string, message: RoomMessage): Promise<void> {
    const held = this.find(tenant, key);
    if (held) await held.send(message);
    else await this.backend.publish(this.nameOf(tenant, key), encodeMessage(this.newId(), 1, message));
  }

  async permit(request: PresenceRequest): Promise<PresencePermission> {
    const { authorizePresence } = this.#options;
    const answer = authorizePresence ? await authorizePresence(request) : request.via === "view";
    return typeof answer === "boolean" ? permission(answer) : answer;
  }

  // ── listeners ──

  onChange(listener: (room: RoomFeed, change: RoomChange) => unknown): () => void {
    return this.#changeListeners.add(listener);
  }

  /** Hears every order to disconnect somebody, wherever it was given. */
  onDisconnect(listener: (order: Disconnect) => unknown): () => void {
    return this.orders.onDisconnect(listener);
  }

  /** Tells every node that somebody has to leave. */
  disconnect(order: Disconnect): Promise<void> {
    return this.orders.give(order);
  }

  told(room: RoomFeed, change: RoomChange): void {
    this.#changeListeners.tell((listener) => listener(room, change));
  }

  // ── numbers ──

  nextSequence(): number {
    return (this.#sequence += 1);
  }
  skipSequence(last: number): void {
    this.#sequence = Math.max(this.#sequence, last);
  }

  // ── its life ──

  /** Takes a lease and begins to tick; from then on the store's time is known. Idempotent. */
  start(): Promise<void> {
    return (this.#starting ??= this.#begin());
  }

  doomed(incarnation: string): void {
    this.#lease.lost(incarnation);
    void this.#tick();
  }

  termBegan(): void {
    for (const room of this.rooms) room.assert();
    const assertLeft = () => Promise.all(this.#hosted.left.map((name) => this.#assertEmpty(name)));
    void this.#guard("rooms that were left could not be asserted", assertLeft);
  }

  /** The store was asked for its time just now. */
  renewed(): Promise<void> {
    return this.#lease.renew();
  }

  condemned(incarnations: readonly string[]): void {
    void this.sweeper.sweep(incarnations);
  }

  ordered(order: KickOrder): void {
    this.orders.obey(order);
  }

  /** This node is to close: whom it carries comes back at another, and is not told to have left until then. */
  retire(): void {
    this.#isRetiring = true;
  }

  get isRetiring(): boolean {
    return this.#isRetiring;
  }

  /**
   * Ends the node's part: what it carries lingers until its lease ends, so that who moves to another node is not told to have left.
   * With nothing to carry, its lease ends at once.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers.splice(0)) timer.clear();
    this.#stopHearingReturns();
    this.orders.stop();
    await Promise.all(this.rooms.map((room) => room.abandon()));
    const isEmpty = await Promise.all(this.rooms.map((room) => room.drain()));
    this.#hosted.clear();
    if (isEmpty.every(Boolean)) await this.#lease.resign();
    await this.backend.close();
  }

  // ── inside ──

  async #begin(): Promise<void> {
    const { nodeTickMs, auditMs, prunePresencesMs, pruneRoomsMs } = this.limits;
    this.#timers = [
      this.clock.every(nodeTickMs, () => void this.#tick()),
      this.clock.every(auditMs, () => void this.#audit()),
      this.clock.every(prunePresencesMs, () => void this.sweeper.prune()),
      this.clock.every(pruneRoomsMs, () => void this.sweeper.pruneRooms()),
    ];
    this.#stopHearingReturns = this.backend.onReturn(() => void this.#returned());
    await this.orders.listen();
    await this.#lease.take();
  }

  /** The store can be reached again: who missed what is found out now, not with the next beat. */
  async #returned(): Promise<void> {
    if (this.#isClosed) return;
    await this.#tick();
    await this.#audit();
    for (const room of this.rooms) room.missed();
  }

  async #tick(): Promise<void> {
    if (this.#isClosed) return;
    await this.#lease.renew();
    void this.orders.listen();
    for (const room of this.rooms) room.tick(this.storeTime);
    this.#hosted.tidy();
  }

  async #assertEmpty(name: string): Promise<void> {
    const { incarnation } = this;
    const write = { incarnation, sequence: this.nextSequence(), nonce: this.newId(), isAll: true, operations: [] };
    await this.backend.apply(name, write);
  }

  async #audit(): Promise<void> {
    const rooms = this.rooms;
    if (rooms.length === 0) return;
    await this.#guard("rooms could not be audited", async () => {
      const moves = rooms.map((room) => room.moves);
      const heads = await this.backend.heads(rooms.map(({ name }) => name));
      for (const [i, room] of rooms.entries()) room.audit(heads[i]!, moves[i]!);
    });
  }

  async #guard(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.warn({ error: messageOf(error) }, what);
    }
  }
}
