import type { Timer } from "../clock.js";
import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Lifetime, Operation, PresenceBackend, RoomEvent } from "./backend.js";
import { TTL_OWNER, type ConnectionRecord, type LeaveReason, type Status } from "./presence.js";
import { RoomFeed, type RoomNode } from "./room-feed.js";
import { StatusFlips } from "./room-status.js";
import { recordOf, type OwnConnection } from "./own-connections.js";
import { roomFull } from "./seats.js";
import { Writer, type WriterOwner, type Written } from "./writer.js";

/** Who is to be in a room. */
export interface Tracked {
  readonly connectionId: string;
  readonly userId: string;
  readonly meta: Readonly<Record<string, unknown>>;
  /** it may enter only while fewer people are there */
  readonly maxMembers?: number | undefined;
}

/** One room on this node: what is heard of it, and the connections that this node carries. It is hosted as long as somebody holds it. */
export class Room extends RoomFeed implements WriterOwner {
  readonly #writer: Writer;
  readonly #status: StatusFlips;
  readonly #graces = new Map<string, Timer>();
  /** Whether the store may hold something of this node. */
  hasCarried = false;

  constructor(node: RoomNode, tenant: string, key: string, name: string) {
    super(node, tenant, key, name);
    this.#writer = new Writer(name, this);
    this.#status = new StatusFlips({
      clock: node.clock,
      limits: node.limits,
      own: this.#writer.own,
      write: (connection) => void this.#writer.put(connection),
    });
  }

  carries(connectionId: string): boolean {
    return this.#writer.own.all.has(connectionId);
  }

  /** How many connections this node carries. */
  get carried(): number {
    return this.#writer.own.all.size;
  }

  // ── who is in it, from here ──

  /**
   * Resolves when the own list shows it, or when the store takes too long.
   * @throws ConviveError PRESENCE_ROOM_FULL
   */
  async track({ connectionId, userId, meta, maxMembers }: Tracked): Promise<void> {
    this.hasCarried = true;
    this.#endGrace(connectionId);
    // Who is here already has been here since then: a reload keeps the person's place in the list.
    const known = this.connectionsOf(userId);
    const bare: OwnConnection = { connectionId, userId, meta, status: "active", isLingering: false };
    const own = known.length > 0 ? { ...bare, since: Math.min(...known.map((each) => each.since)) } : bare;
    if (maxMembers === undefined) return this.#settled(this.#writer.put(own));
    const written = await this.#writer.join(own, maxMembers);
    if (written === "full") throw roomFull(this.key, maxMembers);
    await this.#settled(Promise.resolve(written));
  }

  update(connectionId: string, meta: Readonly<Record<string, unknown>>): Promise<void> {
    const own = this.#writer.own.all.get(connectionId);
    return own ? this.#settled(this.#writer.put({ ...own, meta }, { revises: true })) : Promise.resolve();
  }

  metaOf(connectionId: string): Readonly<Record<string, unknown>> | null {
    return this.#writer.own.all.get(connectionId)?.meta ?? null;
  }

  setStatus(connectionId: string, status: Status): void {
    this.#status.tell(connectionId, status);
  }

  /** Its socket is gone; it ends by itself when the grace is over. */
  linger(connectionId: string, graceMs: number, reason: LeaveReason): void {
    const own = this.#writer.own.all.get(connectionId);
    if (!own || own.isLingering) return;
    this.#status.forget(connectionId);
    void this.#writer.put({ ...own, isLingering: true });
    this.#graces.set(
      connectionId,
      this.node.clock.after(graceMs, () => void this.leave(connectionId, reason)),
    );
  }

  /** It came back within its grace. */
  wake(connectionId: string): Promise<void> {
    this.#endGrace(connectionId);
    const own = this.#writer.own.all.get(connectionId);
    return own ? this.#settled(this.#writer.put({ ...own, isLingering: false, status: "active" })) : Promise.resolve();
  }

  /** Ends one connection. A leave by one's own wish, or by order, also ends what of the same person only lingers. */
  leave(connectionId: string, reason: LeaveReason): Promise<void> {
    const own = this.#writer.own.all.get(connectionId);
    if (!own) return Promise.resolve();
    this.#endGrace(connectionId);
    this.#status.forget(connectionId);
    const written = this.#writer.delete(connectionId, reason);
    if (reason === "left" || reason === "removed") this.#endLingering(own.userId, connectionId, reason);
    return this.#settled(written);
  }

  /** Everybody of this id leaves, by order. */
  kick(userId: string): void {
    for (const { connectionId } of this.#writer.own.of(userId)) void this.leave(connectionId, "removed");
    this.#endLingering(userId, "", "removed");
    const free = this.connectionsOf(userId).filter(({ owner }) => owner === TTL_OWNER);
    if (free.length > 0) void this.#removeFree(free.map(({ connectionId }) => connectionId));
    this.tell((watcher) => watcher.kicked?.(userId));
  }

  // ── who is in it without a process ──

  /** Adds or changes a member that lasts so long. Resolves as `track` does; rejects when the store does not answer. */
  async put({ connectionId, userId, meta, maxMembers }: Tracked, lifetime: Lifetime): Promise<void> {
    const since = Math.min(...this.connectionsOf(userId).map((each) => each.since));
    const revises = this.connections.has(connectionId);
    const own = { connectionId, userId, meta, lifetime, revises, status: "active", isLingering: false } as const;
    const seat = maxMembers === undefined ? {} : { maxMembers };
    const refused = await this.#writeFree([
      { op: "put", ...own, ...seat, ...(Number.isFinite(since) ? { since } : {}) },
    ]);
    if (refused.length > 0) throw roomFull(this.key, maxMembers!);
  }

  /** The store has lost this member. */
  isLost(connectionId: string): boolean {
    return this.replica.isLost(connectionId);
  }

  /** Tells the store again of members that it has lost, as they were. */
  async restore(lifetimes: ReadonlyMap<string, Lifetime>): Promise<void> {
    const operations = [...lifetimes].flatMap(([connectionId, lifetime]): Operation[] => {
      const { owner, ...record } = this.connections.get(connectionId) ?? {};
      return owner === TTL_OWNER ? [{ op: "put", ...(record as Omit<ConnectionRecord, "owner">), lifetime }] : [];
    });
    await this.#writeFree(operations);
  }

  async delete(connectionIds: readonly string[], reason: LeaveReason): Promise<void> {
    await this.#writeFree(connectionIds.map((connectionId) => ({ op: "delete", connectionId, reason })));
  }

  /** Resolves when the list shows what the store says now. */
  async caughtUp(): Promise<void> {
    const [head] = await this.backend.heads([this.name]);
    await this.until(() => this.replica.knows(head!));
  }

  // ── its life ──

  /** Once per tick of the node. */
  tick(storeTime: number): void {
    this.expire(storeTime);
    this.checkDate();
    void this.open();
    this.#writer.retry();
  }

  /** A new term began: the store is told the whole of what is carried here. */
  assert(): void {
    this.#writer.assert();
  }

  /** The process ends: who was here may come back on another node within the lease. */
  async abandon(): Promise<void> {
    for (const own of this.#writer.own.all.values()) void this.#writer.put({ ...own, isLingering: true });
    await this.#writer.idle;
  }

  /** Resolves when what can be written is; true when nothing is left. */
  async drain(): Promise<boolean> {
    await this.#writer.idle;
    return this.#writer.isSettled && this.carried === 0;
  }

  override stop(): void {
    super.stop();
    this.#status.stop();
    for (const timer of this.#graces.values()) timer.clear();
    this.#graces.clear();
  }

  // ── what the feed asks ──

  protected override isOurs({ connectionId }: ConnectionRecord): boolean {
    return this.#writer.own.all.has(connectionId);
  }

  protected override confirmed(event: RoomEvent): void {
    this.#writer.confirm(event);
  }

  protected override compared(connections: readonly ConnectionRecord[]): void {
    const stored = new Set(
      connections.filter(({ owner }) => owner === this.incarnation).map((each) => each.connectionId),
    );
    const isWhole = [...this.#writer.own.all.keys()].every((connectionId) => stored.has(connectionId));
    const hasMore = [...stored].some((connectionId) => !this.#writer.own.all.has(connectionId));
    // What is on its way explains a difference; what is not must be put right.
    if (this.#writer.isSettled && (!isWhole || hasMore)) this.#writer.assert();
  }

  // ── what the writer asks ──

  get backend(): PresenceBackend {
    return this.node.backend;
  }
  get logger(): Logger {
    return this.node.logger;
  }
  get incarnation(): string {
    return this.node.incarnation;
  }
  get hasLease(): boolean {
    return this.node.hasLease;
  }
  nextSequence(): number {
    return this.node.nextSequence();
  }
  skipSequence(last: number): void {
    this.node.skipSequence(last);
  }
  nonce(): string {
    return this.node.newId();
  }
  doomed(incarnation: string): void {
    this.node.doomed(incarnation);
  }

  /** Until the store answers, the list shows what this node wants it to say. */
  doubted(connectionId?: string): void {
    const { all } = this.#writer.own;
    const now = this.node.clock.wallTime();
    const ids = connectionId === undefined ? new Set([...this.connections.keys(), ...all.keys()]) : [connectionId];
    for (const id of ids) {
      const joinedAt = this.connections.get(id)?.joinedAt ?? now;
      this.replica.overlay(id, recordOf(all.get(id), this.incarnation, joinedAt), this.incarnation);
    }
    this.touched();
  }

  // ── inside ──

  async #settled(writing: Promise<Written | null>): Promise<void> {
    const written = await writing;
    const { incarnation } = this;
    const sequence = written?.hasChanged ? written.sequence : 0;
    await this.until(() => this.replica.sequenceOf(incarnation) >= sequence);
  }

  /** Resolves with those who found no seat. */
  async #writeFree(operations: readonly Operation[]): Promise<readonly string[]> {
    const write = { incarnation: TTL_OWNER, sequence: 0, nonce: this.nonce(), operations };
    const result = await this.backend.apply(this.name, write);
    if (result.state !== "ok") return [];
    await this.until(() => this.replica.knows(result.head));
    return result.refused ?? [];
  }

  async #removeFree(connectionIds: readonly string[]): Promise<void> {
    try {
      await this.delete(connectionIds, "removed");
    } catch (error) {
      this.logger.warn({ room: this.name, error: messageOf(error) }, "a member could not be removed");
    }
  }

  #endGrace(connectionId: string): void {
    this.#graces.get(connectionId)?.clear();
    this.#graces.delete(connectionId);
  }

  /** Only when nothing of the person is live: another tab, on any node, keeps what lingers. */
  #endLingering(userId: string, left: string, reason: LeaveReason): void {
    const others = this.connectionsOf(userId).filter((each) => each.connectionId !== left);
    const own = this.#writer.own.of(userId);
    if (others.some((each) => !this.#isLingering(each)) || own.some((each) => !each.isLingering)) return;
    for (const { connectionId } of others) {
      if (!this.carries(connectionId)) void this.#writer.evict(connectionId, reason);
      else {
        this.#endGrace(connectionId);
        void this.#writer.delete(connectionId, reason);
      }
    }
  }

  #isLingering(connection: ConnectionRecord): boolean {
    return this.#writer.own.all.get(connection.connectionId)?.isLingering ?? connection.isLingering;
  }
}
