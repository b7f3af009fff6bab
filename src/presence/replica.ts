import { isFormerTerm, parseHead, type Head, type RoomEvent, type RoomSnapshot } from "./backend.js";
import { TTL_OWNER, type ConnectionRecord, type LeaveReason } from "./presence.js";

/** Hears what changes in a replica, one connection at a time. */
export interface ReplicaSink {
  put(connection: ConnectionRecord): void;
  delete(connection: ConnectionRecord, reason: LeaveReason): void;
}

const MAX_WAITING = 1_000;
const MAX_KNOWN_HEADS = 256;

/**
 * A node's copy of a room. Events are applied along the chain of heads, overtaken ones wait; a snapshot is merged incarnation by
 * incarnation, so that a store that lost something makes nobody leave whose node still lives.
 */
export class Replica {
  readonly #connections = new Map<string, ConnectionRecord>();
  readonly #sequences = new Map<string, number>();
  /** incarnations whose records the store lacks, since when in store time */
  readonly #awaited = new Map<string, number>();
  /** connections without a process that the store lost, since when in store time */
  readonly #lost = new Map<string, number>();
  readonly #waiting = new Map<Head, RoomEvent>();
  /** heads that the replica had, with a number that rises */
  readonly #knownHeads = new Map<Head, number>();
  #moves = 0;
  #head: Head = "";
  #isLoaded = false;

  /** `isCarried` tells which connections this node itself carries. */
  constructor(
    private readonly sink: ReplicaSink,
    private readonly isCarried: (connection: ConnectionRecord) => boolean = () => false,
  ) {}

  get head(): Head {
    return this.#head;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  get connections(): ReadonlyMap<string, ConnectionRecord> {
    return this.#connections;
  }

  /** Events wait for one that has not come. */
  get hasHole(): boolean {
    return this.#waiting.size > 0;
  }

  /** The last write of this incarnation that is in the replica. */
  sequenceOf(incarnation: string): number {
    return this.#sequences.get(incarnation) ?? 0;
  }

  knows(head: Head): boolean {
    return head === this.#head || this.#knownHeads.has(head);
  }

  /** How often the head moved. */
  get moves(): number {
    return this.#moves;
  }

  /** Whether a head that the store told is older than what the replica was at when it was asked: the store went back. */
  isBefore(head: Head, moves: number): boolean {
    const known = this.#knownHeads.get(head);
    return head !== this.#head && known !== undefined && known < moves;
  }

  /** A connection without a process that the store has lost: who put it there may tell of it again. */
  isLost(connectionId: string): boolean {
    return this.#lost.has(connectionId);
  }

  /** Applies an event and those that waited for it; one that comes too early waits. */
  receive(event: RoomEvent): void {
    if (this.#isLoaded && this.knows(event.head)) return;
    if (this.#isLoaded && event.previous === this.#head && this.#waiting.size === 0) return this.#apply(event);
    if (this.#waiting.size < MAX_WAITING) this.#waiting.set(event.previous, event);
    if (this.#isLoaded) this.#applyWaiting();
  }

  /** A snapshot is about to be read: what waits now will be in it. */
  expectSnapshot(): void {
    this.#waiting.clear();
  }

  /**
   * Makes the replica what the snapshot says, but for records of incarnations that the store knows only older, or not at all: they wait for
   * their owner. `isOurs` tells which connections this node itself carries; they stay in any case.
   */
  load(snapshot: RoomSnapshot, storeTime: number, isOurs: (connection: ConnectionRecord) => boolean): void {
    const next = this.#merged(snapshot, storeTime, isOurs);
    for (const old of [...this.#connections.values()]) {
      if (!next.has(old.connectionId)) this.#remove(old, snapshot.fenced.has(old.owner) ? "node" : "closed");
    }
    for (const connection of next.values()) this.#put(connection);
    this.#adoptSequences(snapshot);
    this.#moveTo(snapshot.head);
    this.#isLoaded = true;
    this.#dropOld(snapshot.head);
    this.#applyWaiting();
  }

  /** Ends records whose owner did not come back with them, `limitMs` of store time after they were missed. */
  expire(storeTime: number, limitMs: number): void {
    for (const incarnation of overdue(this.#awaited, storeTime, limitMs)) {
      this.#removeOwned(incarnation, () => true, "node");
      this.#awaited.delete(incarnation);
    }
    for (const connectionId of overdue(this.#lost, storeTime, limitMs)) {
      this.#remove(this.#connections.get(connectionId)!, "timeout");
    }
  }

  /** While the store cannot be written: what this node carries is shown all the same, and what it carries no more is not. */
  overlay(connectionId: string, own: ConnectionRecord | null, incarnation: string): void {
    const known = this.#connections.get(connectionId);
    if (own) this.#put(own);
    else if (known && (known.owner === incarnation || isFormerTerm(known.owner, incarnation)))
      this.#remove(known, "left");
  }

  #merged(
    snapshot: RoomSnapshot,
    storeTime: number,
    isOurs: (connection: ConnectionRecord) => boolean,
  ): Map<string, ConnectionRecord> {
    const believed = (owner: string) => (snapshot.sequences.get(owner) ?? 0) >= this.sequenceOf(owner);
    const next = new Map<string, ConnectionRecord>();
    for (const connection of snapshot.connections) {
      const { connectionId, owner } = connection;
      if (owner === TTL_OWNER || believed(owner)) next.set(connectionId, connection);
    }
    for (const connection of this.#connections.values()) {
      const { connectionId, owner } = connection;
      if (next.has(connectionId)) continue;
      if (isOurs(connection)) next.set(connectionId, connection);
      else if (owner === TTL_OWNER) {
        if (!this.#lost.has(connectionId) && believed(owner)) continue;
        next.set(connectionId, connection);
        if (!this.#lost.has(connectionId)) this.#lost.set(connectionId, storeTime);
      } else if (!believed(owner) && !snapshot.fenced.has(owner)) {
        next.set(connectionId, connection);
        if (!this.#awaited.has(owner)) this.#awaited.set(owner, storeTime);
      }
    }
    for (const owner of this.#awaited.keys()) if (believed(owner)) this.#awaited.delete(owner);
    return next;
  }

  #adoptSequences(snapshot: RoomSnapshot): void {
    for (const [incarnation, sequence] of snapshot.sequences) {
      this.#sequences.set(incarnation, Math.max(sequence, this.sequenceOf(incarnation)));
    }
    // Nobody's writes come late without a process: what a store that lost something counts anew holds.
    this.#sequences.set(TTL_OWNER, snapshot.sequences.get(TTL_OWNER) ?? 0);
    const owners = new Set([...this.#connections.values()].map(({ owner }) => owner));
    for (const incarnation of this.#sequences.keys()) {
      if (!snapshot.sequences.has(incarnation) && !owners.has(incarnation)) this.#sequences.delete(incarnation);
    }
  }

  /** What happened before the snapshot is in it. */
  #dropOld(head: Head): void {
    const { epoch, version } = parseHead(head);
    for (const [previous, event] of this.#waiting) {
      const own = parseHead(event.head);
      if (own.epoch === epoch && own.version <= version) this.#waiting.delete(previous);
    }
  }

  #applyWaiting(): void {
    for (let next = this.#waiting.get(this.#head); next; next = this.#waiting.get(this.#head)) {
      this.#waiting.delete(this.#head);
      this.#apply(next);
    }
    for (const [previous, event] of this.#waiting) if (this.knows(event.head)) this.#waiting.delete(previous);
  }

  #apply(event: RoomEvent): void {
    if (event.removed.length > 0) this.#applyRemoved(event);
    for (const connection of event.put) this.#put(connection);
    const isFree = event.incarnation === TTL_OWNER;
    const known = isFree ? 0 : this.sequenceOf(event.incarnation);
    this.#sequences.set(event.incarnation, Math.max(event.sequence, known));
    if (event.owned) this.#closeOthers(event.incarnation, new Set(event.owned));
    this.#moveTo(event.head);
  }

  #applyRemoved({ removed }: RoomEvent): void {
    const swept = new Set<string>();
    // When this node was taken for dead, whom it carries is still here, and it will tell the store so.
    const isGone = (connection: ConnectionRecord, reason: LeaveReason) =>
      reason !== "node" || !this.isCarried(connection);
    for (const { connectionId, owner, reason } of removed) {
      const existing = this.#connections.get(connectionId);
      if (existing?.owner === owner && isGone(existing, reason)) this.#remove(existing, reason);
      if (reason === "node") swept.add(owner);
    }
    for (const owner of swept) this.#removeOwned(owner, (each) => isGone(each, "node"), "node");
  }

  /** The owner has told all it has: its other records, former terms included, are gone. */
  #closeOthers(incarnation: string, owned: ReadonlySet<string>): void {
    const former = [...this.#sequences.keys()].filter((other) => isFormerTerm(other, incarnation));
    for (const owner of [incarnation, ...former]) {
      this.#removeOwned(owner, ({ connectionId }) => owner !== incarnation || !owned.has(connectionId), "closed");
      this.#awaited.delete(owner);
    }
    for (const owner of former) this.#sequences.set(owner, Infinity);
  }

  #removeOwned(owner: string, isGone: (connection: ConnectionRecord) => boolean, reason: LeaveReason): void {
    for (const connection of [...this.#connections.values()]) {
      if (connection.owner === owner && isGone(connection)) this.#remove(connection, reason);
    }
  }

  #put(connection: ConnectionRecord): void {
    const existing = this.#connections.get(connection.connectionId);
    if (existing === connection) return;
    if (existing && existing.userId !== connection.userId) this.#remove(existing, "left");
    this.#connections.set(connection.connectionId, connection);
    this.#lost.delete(connection.connectionId);
    this.sink.put(connection);
  }

  #remove(connection: ConnectionRecord, reason: LeaveReason): void {
    this.#connections.delete(connection.connectionId);
    this.#lost.delete(connection.connectionId);
    this.sink.delete(connection, reason);
  }

  #moveTo(head: Head): void {
    if (head !== this.#head) this.#moves += 1;
    this.#head = head;
    this.#knownHeads.delete(head);
    this.#knownHeads.set(head, this.#moves);
    if (this.#knownHeads.size <= MAX_KNOWN_HEADS) return;
    const [oldest] = this.#knownHeads.keys();
    this.#knownHeads.delete(oldest!);
  }
}

/** Who has been missed for so long. A store that lost its clock begins again, and so does the wait. */
function overdue(missed: Map<string, number>, storeTime: number, limitMs: number): string[] {
  for (const [name, since] of missed) if (since > storeTime) missed.set(name, storeTime);
  return [...missed].filter(([, since]) => storeTime - since >= limitMs).map(([name]) => name);
}
