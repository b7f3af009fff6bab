import {
  isFormerTerm,
  parseHead,
  type Head,
  type Lifetime,
  type Operation,
  type PruneRequest,
  type PutOperation,
  type Removal,
  type RoomEvent,
  type RoomLosses,
  type RoomSnapshot,
  type RoomWrite,
  type RoomWriteResult,
} from "./backend.js";
import { isSameMeta, TTL_OWNER, type ConnectionRecord, type LeaveReason } from "./presence.js";

/** What one write or sweep did. */
interface Effect {
  readonly put: ConnectionRecord[];
  readonly removed: Removal[];
  readonly refused: string[];
}

/** One room of the memory store: what a store keeps of a room and how each write changes it. */
export class MemoryRoom {
  head: Head = "";
  readonly connections = new Map<string, ConnectionRecord>();
  /** how many connections each user has */
  readonly users = new Map<string, number>();
  /** how many connections each incarnation has */
  readonly owners = new Map<string, number>();
  readonly sequences = new Map<string, number>();
  readonly lifetimes = new Map<string, Lifetime>();
  /** incarnations whose share of the room may have changed since this was last emptied */
  readonly touchedOwners = new Set<string>();
  #newest = 0;

  constructor(private readonly wallTime: () => number) {}

  apply(write: RoomWrite): { readonly result: RoomWriteResult; readonly event: RoomEvent | null } {
    const { incarnation, sequence, isAll = false, operations } = write;
    const last = this.sequences.get(incarnation) ?? 0;
    if (incarnation !== TTL_OWNER) {
      if (last >= sequence) return { result: { state: "stale", sequence: last }, event: null };
      this.sequences.set(incarnation, sequence);
    }
    const version = this.#nextVersion(operations);
    const { refused, ...effect }: Effect = { put: [], removed: [], refused: [] };
    for (const operation of operations) this.#perform(operation, incarnation, version, { ...effect, refused });
    const owned = isAll ? this.#closeOthers(incarnation, operations, { ...effect, refused }) : null;
    const hasChanged = isAll || effect.put.length > 0 || effect.removed.length > 0;
    const number = hasChanged ? this.#numberOf(incarnation, sequence) : sequence;
    const event = hasChanged ? this.#advance(version, write.nonce, { incarnation, sequence: number, ...effect }) : null;
    return {
      result: { state: "ok", head: this.head, hasChanged, ...(refused.length > 0 ? { refused } : {}) },
      event: event && owned ? { ...event, owned } : event,
    };
  }

  /** What an incarnation has here. */
  heldBy(incarnation: string): ConnectionRecord[] {
    return [...this.connections.values()].filter(({ owner }) => owner === incarnation);
  }

  /** What the room loses with these: whose last ones they are is gone. */
  losses(connections: readonly ConnectionRecord[]): Omit<RoomLosses, "room"> {
    const leaving = new Map<string, number>();
    for (const { userId } of connections) count(leaving, userId, 1);
    const gone = [...leaving].filter(([userId, all]) => this.users.get(userId) === all);
    return { connections, gone: gone.map(([userId]) => userId) };
  }

  sweep(incarnation: string, nonce: string): RoomEvent | null {
    this.sequences.set(incarnation, Infinity);
    return this.#removeAll(this.heldBy(incarnation), "node", incarnation, nonce);
  }

  /** Connections without a process whose time is over. */
  overdue(storeTime: number, { maxAgeMs = Infinity }: PruneRequest = {}): ConnectionRecord[] {
    return this.heldBy(TTL_OWNER).filter(({ connectionId }) => {
      const { seenAt, ttlMs } = this.lifetimes.get(connectionId) ?? { seenAt: storeTime, ttlMs: Infinity };
      return seenAt + ttlMs <= storeTime || storeTime - seenAt > maxAgeMs;
    });
  }

  prune(overdue: readonly ConnectionRecord[], nonce: string): RoomEvent | null {
    return this.#removeAll(overdue, "timeout", TTL_OWNER, nonce);
  }

  touch(userId: string, seenAt: number): boolean {
    const own = this.heldBy(TTL_OWNER).filter((each) => each.userId === userId);
    for (const { connectionId } of own) {
      const known = this.lifetimes.get(connectionId);
      if (known) this.lifetimes.set(connectionId, { ...known, seenAt });
    }
    return own.length > 0;
  }

  snapshot(fenced: ReadonlySet<string>): RoomSnapshot {
    return {
      head: this.head,
      connections: [...this.connections.values()],
      sequences: new Map(this.sequences),
      fenced: new Set(fenced),
    };
  }

  #perform(operation: Operation, incarnation: string, version: number, effect: Effect): void {
    if (operation.op === "put") return this.#put(operation, incarnation, version, effect);
    const existing = this.connections.get(operation.connectionId);
    if (!existing) return;
    const isOurs = existing.owner === incarnation || isFormerTerm(existing.owner, incarnation);
    const isAllowed = operation.op === "delete" ? isOurs : existing.isLingering;
    if (isAllowed) this.#remove(existing, operation.reason, effect);
  }

  #put(operation: PutOperation, incarnation: string, version: number, effect: Effect): void {
    const existing = this.connections.get(operation.connectionId);
    if (!this.#hasSeat(operation, existing)) return void effect.refused.push(operation.connectionId);
    const joinedAt = operation.joinedAt ?? existing?.joinedAt ?? Math.max(this.wallTime(), this.#newest);
    const record: ConnectionRecord = Object.freeze({
      connectionId: operation.connectionId,
      userId: operation.userId,
      owner: incarnation,
      isLingering: operation.isLingering,
      status: operation.status,
      revision: operation.revises ? version : (operation.revision ?? existing?.revision ?? 0),
      joinedAt,
      since: operation.since ?? existing?.since ?? joinedAt,
      meta: operation.meta,
    });
    if (operation.lifetime) this.lifetimes.set(operation.connectionId, operation.lifetime);
    if (existing && isSameConnection(existing, record, operation.revises ?? false)) return;
    if (existing) this.#forget(existing);
    // Who carries it answers for it from now on.
    if (incarnation !== TTL_OWNER) this.lifetimes.delete(record.connectionId);
    this.#newest = Math.max(this.#newest, joinedAt);
    this.connections.set(record.connectionId, record);
    count(this.users, record.userId, 1);
    count(this.owners, record.owner, 1);
    this.touchedOwners.add(record.owner);
    effect.put.push(record);
  }

  /** A connection that becomes another user's gives up the seat it had. */
  #hasSeat({ userId, maxMembers = Infinity }: PutOperation, existing: ConnectionRecord | undefined): boolean {
    const freed = existing && this.users.get(existing.userId) === 1 ? 1 : 0;
    return this.users.has(userId) || this.users.size - freed < maxMembers;
  }

  /** The writer has told everything it owns: its other records go, its former terms can write no more. */
  #closeOthers(incarnation: string, operations: readonly Operation[], effect: Effect): readonly string[] {
    const isIn = (connectionId: string) => !effect.refused.includes(connectionId);
    const owned = operations.flatMap((each) => (each.op === "put" && isIn(each.connectionId) ? each.connectionId : []));
    const kept = new Set(owned);
    for (const record of [...this.connections.values()]) {
      const isOurs = record.owner === incarnation || isFormerTerm(record.owner, incarnation);
      if (isOurs && !kept.has(record.connectionId)) this.#remove(record, "closed", effect);
    }
    for (const other of [...this.sequences.keys()]) {
      if (isFormerTerm(other, incarnation)) this.sequences.set(other, Infinity);
    }
    return owned;
  }

  #removeAll(
    gone: readonly ConnectionRecord[],
    reason: LeaveReason,
    incarnation: string,
    nonce: string,
  ): RoomEvent | null {
    const effect: Effect = { put: [], removed: [], refused: [] };
    for (const record of gone) this.#remove(record, reason, effect);
    if (effect.removed.length === 0) return null;
    const sequence = this.#numberOf(incarnation, this.sequences.get(incarnation) ?? 0);
    return this.#advance(this.#nextVersion([]), nonce, { incarnation, sequence, ...effect });
  }

  /** Writes without a process have no number of their own; they are counted, so that a store that went back is known by its count. */
  #numberOf(incarnation: string, sequence: number): number {
    if (incarnation !== TTL_OWNER) return sequence;
    const count = (this.sequences.get(TTL_OWNER) ?? 0) + 1;
    this.sequences.set(TTL_OWNER, count);
    return count;
  }

  #remove(record: ConnectionRecord, reason: LeaveReason, effect: Effect): void {
    this.#forget(record);
    this.lifetimes.delete(record.connectionId);
    effect.removed.push({ connectionId: record.connectionId, owner: record.owner, reason });
  }

  #forget(record: ConnectionRecord): void {
    this.connections.delete(record.connectionId);
    count(this.users, record.userId, -1);
    count(this.owners, record.owner, -1);
    this.touchedOwners.add(record.owner);
  }

  /** Above every revision that a node brings back, so that the next change of a meta is the newest. */
  #nextVersion(operations: readonly Operation[]): number {
    const brought = operations.map((each) => (each.op === "put" ? (each.revision ?? 0) : 0));
    return Math.max(parseHead(this.head).version, ...brought) + 1;
  }

  #advance(version: number, nonce: string, effect: Omit<RoomEvent, "previous" | "head">): RoomEvent {
    const previous = this.head;
    const epoch = previous === "" ? nonce : parseHead(previous).epoch;
    this.head = `${epoch}.${version}.${nonce}`;
    return { previous, head: this.head, ...effect };
  }
}

function count(counts: Map<string, number>, name: string, change: number): void {
  const sum = (counts.get(name) ?? 0) + change;
  if (sum > 0) counts.set(name, sum);
  else counts.delete(name);
}

function isSameConnection(a: ConnectionRecord, b: ConnectionRecord, revises: boolean): boolean {
  return (
    a.userId === b.userId &&
    a.owner === b.owner &&
    a.isLingering === b.isLingering &&
    a.status === b.status &&
    (revises || a.revision === b.revision) &&
    a.joinedAt === b.joinedAt &&
    a.since === b.since &&
    isSameMeta(a.meta, b.meta)
  );
}
