import type { Clock, Timer } from "../clock.js";
import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Limits } from "../options.js";
import type { Head, PresenceBackend, RoomEvent, RoomListener } from "./backend.js";
import { Listeners } from "./listeners.js";
import type { ConnectionRecord, Presence } from "./presence.js";
import { Replica } from "./replica.js";
import { MessageReader, type RoomMessage } from "./room-message.js";
import { RoomPace } from "./room-pace.js";
import { RoomSender } from "./room-sender.js";
import { Roster, type RoomChange } from "./roster.js";
import type { RoomWatcher } from "./room-watcher.js";

export type { RoomWatcher } from "./room-watcher.js";
import { Waiting } from "./waiting.js";

/** What a room asks of its node. */
export interface RoomNode {
  readonly backend: PresenceBackend;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly incarnation: string;
  /** The store knows that this process lives. */
  readonly hasLease: boolean;
  /** in ms, as far as this node knows */
  readonly storeTime: number;
  /** The store did not answer the last tick. */
  readonly isDegraded: boolean;
  /** The store was asked for its time just now, if it answered. */
  renewed(): Promise<void>;
  nextSequence(): number;
  skipSequence(last: number): void;
  newId(): string;
  /** The store refuses this incarnation: a new term is needed. */
  doomed(incarnation: string): void;
  /** The list of a room changed; told once per node, beside the room's watchers. */
  told(room: RoomFeed, change: RoomChange): void;
}

/**
 * One room as this node hears it: replica, list, messages, and everybody here who watches. Changes are told at once after a pause,
 * else together once per `roomTickMs`.
 */
export abstract class RoomFeed implements RoomListener {
  protected readonly roster: Roster;
  protected readonly replica: Replica;
  readonly #watchers: Listeners<RoomWatcher>;
  readonly #reader: MessageReader;
  readonly #sender: RoomSender;
  readonly #waiting: Waiting;
  readonly #pace: RoomPace;
  #hasFailed = false;
  #unsubscribe: (() => void) | null = null;
  #opening: Promise<void> | null = null;
  #resyncing: Promise<void> | null = null;
  #holeTimer: Timer | null = null;
  #isStopped = false;
  #wasOutOfDate = true;

  constructor(
    protected readonly node: RoomNode,
    readonly tenant: string,
    readonly key: string,
    /** in the store */
    readonly name: string,
  ) {
    this.roster = new Roster(node.limits.largeRoom);
    this.replica = new Replica(this.roster, (connection) => this.isOurs(connection));
    this.#watchers = new Listeners(node.logger, "a watcher of a room");
    this.#reader = new MessageReader(() => this.missed());
    this.#sender = new RoomSender(node, name, (text) => this.published(text));
    this.#pace = new RoomPace(node.clock, node.limits.roomTickMs, () => this.#take());
    this.#waiting = new Waiting(node.clock, node.limits.redisCommandMs);
  }

  /** Whether this node carries the connection. */
  protected abstract isOurs(connection: ConnectionRecord): boolean;
  /** The store tells what it did, perhaps with connections of this node. */
  protected abstract confirmed(event: RoomEvent): void;
  /** A snapshot was read; what the store has wrong about this node must be asserted. */
  protected abstract compared(connections: readonly ConnectionRecord[]): void;

  // ── what it shows ──

  /** The list that views see: the first who joined, in a large room; the same frozen object until it changes. */
  get presences(): readonly Presence[] {
    return this.roster.list;
  }
  get everybody(): readonly Presence[] {
    return this.roster.all;
  }
  /** Who came first, so many; the same frozen object until one of them is another. */
  first(limit: number): readonly Presence[] {
    return this.roster.first(limit);
  }
  get count(): number {
    return this.roster.count;
  }
  get isLarge(): boolean {
    return this.roster.isLarge;
  }
  /** The store could not be read yet: the list holds only whom this node carries. */
  get isStale(): boolean {
    return !this.replica.isLoaded;
  }
  /** Whom other nodes carry may have come or gone without being told: the store does not answer, or could not be read yet. */
  get isOutOfDate(): boolean {
    return this.isStale || this.node.isDegraded;
  }
  get connections(): ReadonlyMap<string, ConnectionRecord> {
    return this.replica.connections;
  }
  find(userId: string): Presence | undefined {
    return this.roster.find(userId);
  }
  /** One user's, wherever they are carried. */
  connectionsOf(userId: string): readonly ConnectionRecord[] {
    return this.roster.connectionsOf(userId);
  }

  // ── who hears it ──

  watch(watcher: RoomWatcher): () => void {
    return this.#watchers.add(watcher);
  }
  /** As `watch` for one of very many, until `unwatch`. */
  enter(watcher: RoomWatcher): void {
    this.#watchers.enter(watcher);
  }
  unwatch(watcher: RoomWatcher): void {
    this.#watchers.leave(watcher);
  }

  /**
   * Sends something in the room's stream, to every node that hosts the room, this one included. Resolves with how many do, with null when
   * the store cannot tell, with 0 when it does not answer: then only this node hears it.
   * @throws ConviveError EVENT_INVALID for what is not JSON
   */
  send(message: RoomMessage): Promise<number | null> {
    return this.#sender.send(message);
  }

  isFromHere(sender: string): boolean {
    return this.#sender.isSelf(sender);
  }

  // ── what the backend tells ──

  changed(event: RoomEvent): void {
    if (this.#isStopped) return;
    this.replica.receive(event);
    this.confirmed(event);
    // This node was taken for dead, and swept.
    if (event.incarnation === this.node.incarnation && event.sequence === Infinity) this.node.doomed(event.incarnation);
    if (this.replica.isLoaded && this.replica.hasHole) this.#resyncSoon();
    this.touched();
  }

  published(text: string): void {
    if (this.#isStopped) return;
    const read = this.#reader.read(text);
    if (read) this.tell((watcher) => watcher.message?.(read.message, read.sender));
  }

  // ── its life ──

  /** It is heard, and was read. */
  get isOpen(): boolean {
    return this.#unsubscribe !== null && this.replica.isLoaded;
  }

  /** Subscribes, then reads. A store that does not answer is asked again with the next tick. */
  open(): Promise<void> {
    if (this.isOpen) return Promise.resolve();
    return (this.#opening ??= this.#open().finally(() => (this.#opening = null)));
  }

  /** What an audit compares the store's head with. */
  get moves(): number {
    return this.replica.moves;
  }

  /** The head that the store has now; null when that is not known. When the replica does not come to it by itself, or is past it, the room is read anew. */
  audit(head: Head | null, moves: number): void {
    if (head === null || this.#isStopped || !this.replica.isLoaded) return;
    if (this.replica.isBefore(head, moves)) void this.#resync();
    else if (!this.replica.knows(head)) this.#resyncSoon(head);
  }

  /** Something sent may not have been heard here, such as all while the store could not be reached. */
  missed(): void {
    if (!this.#isStopped) this.tell((watcher) => watcher.missed?.());
  }

  /** Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#holeTimer?.clear();
    this.#pace.stop();
    this.#waiting.end();
  }

  protected expire(storeTime: number): void {
    const { leaseMs, auditMs, nodeTickMs } = this.node.limits;
    this.replica.expire(storeTime, leaseMs + auditMs + 3 * nodeTickMs);
    this.touched();
  }

  /** Resolves when the replica is so far and its list was told, or when that takes too long. */
  protected until(isReady: () => boolean): Promise<void> {
    if (this.#isStopped || (!this.#pace.isDue && isReady())) return Promise.resolve();
    return this.#waiting.until(isReady);
  }

  /** The replica may have changed: tells it now, or with the tick that runs. */
  protected touched(): void {
    if (!this.#isStopped) this.#pace.due();
  }

  /** Whether the list is out of date may have changed. */
  protected checkDate(): void {
    if (this.isOutOfDate === this.#wasOutOfDate) return;
    this.#wasOutOfDate = this.isOutOfDate;
    this.tell((watcher) => watcher.staleChanged?.());
  }

  protected tell(work: (watcher: RoomWatcher) => void): void {
    this.#watchers.tell(work);
  }

  async #open(): Promise<void> {
    try {
      if (!this.#unsubscribe) {
        const unsubscribe = await this.node.backend.subscribe(this.name, this);
        if (this.#isStopped) return unsubscribe();
        this.#unsubscribe = unsubscribe;
      }
      await this.#read();
      if (this.#hasFailed) this.missed();
      this.#hasFailed = false;
    } catch (error) {
      this.#hasFailed = true;
      this.node.logger.warn(
        { room: this.name, error: messageOf(error) },
        "a room could not be read; it is asked again",
      );
    }
  }

  /** A hole, or a head that the audit found: events are given time to arrive, then the room is read. */
  #resyncSoon(head?: Head): void {
    this.#holeTimer ??= this.node.clock.after(this.node.limits.overtakenEventMs, () => {
      this.#holeTimer = null;
      const isMissing = head !== undefined && !this.replica.knows(head);
      if (isMissing || this.replica.hasHole) void this.#resync();
    });
  }

  #resync(): Promise<void> {
    this.#resyncing ??= this.#read()
      .then(() => this.missed())
      .catch((error: unknown) => {
        this.node.logger.warn({ room: this.name, error: messageOf(error) }, "a room could not be read anew");
      })
      .finally(() => (this.#resyncing = null));
    return this.#resyncing;
  }

  async #read(): Promise<void> {
    const isFirst = !this.replica.isLoaded;
    if (!isFirst) {
      // Who is missed is waited for by the store's time; by one of long ago the wait would be over at once.
      if (this.node.isDegraded) await this.node.renewed();
      if (this.node.isDegraded) throw new Error("the store's time is not known");
      this.replica.expectSnapshot();
    }
    const snapshot = await this.node.backend.snapshot(this.name);
    if (this.#isStopped) return;
    this.replica.load(snapshot, this.node.storeTime, (connection) => this.isOurs(connection));
    this.compared(snapshot.connections);
    // Who was here before anybody here watched has not just come.
    if (isFirst && this.#watchers.size === 0) this.roster.flush();
    this.touched();
    this.checkDate();
  }

  #take(): (() => void) | null {
    const change = this.roster.flush();
    this.#waiting.check();
    if (!change) return null;
    return () => {
      this.tell((watcher) => watcher.changed?.(change));
      this.node.told(this, change);
    };
  }
}
