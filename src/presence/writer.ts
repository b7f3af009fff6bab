import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Operation, PresenceBackend, PutOperation, RoomEvent, RoomWrite, RoomWriteResult } from "./backend.js";
import { OwnConnections, type OwnConnection } from "./own-connections.js";
import type { ConnectionRecord, LeaveReason } from "./presence.js";
import { hasSeat } from "./seats.js";

/** While the store is away, so many leaves are remembered with their reason. */
const MAX_REASONS = 1_000;

/** A join that waits for a seat. */
interface Joining {
  readonly maxMembers: number;
  /** what the connection was before */
  readonly previous: OwnConnection | undefined;
  isRefused: boolean;
}

/** What a writer asks of the node and room it writes for. */
export interface WriterOwner {
  /** Everybody in the room, as far as this node knows. */
  readonly connections: ReadonlyMap<string, ConnectionRecord>;
  readonly backend: PresenceBackend;
  readonly logger: Logger;
  readonly incarnation: string;
  /** What is written without a lease would stay for long, should the process die. */
  readonly hasLease: boolean;
  nextSequence(): number;
  /** No number below this one counts any more. */
  skipSequence(last: number): void;
  nonce(): string;
  /** The incarnation was condemned; the node begins a new term and then lets the writer assert. */
  doomed(incarnation: string): void;
  /** The store did not answer: nobody knows what was written of this connection, or of all. */
  doubted(connectionId?: string): void;
}

/** When a write was done: its number, or null when the store could not be asked. */
export interface Written {
  readonly sequence: number;
  readonly hasChanged: boolean;
}

/**
 * Writes what this node carries in one room: one batch in flight, what arrives meanwhile forms the next. Commands are never queued nor
 * repeated: after any doubt the whole of what is owned is asserted anew.
 */
export class Writer {
  readonly own = new OwnConnections();
  /** not let in yet; once in, nobody asks again */
  readonly #joining = new Map<string, Joining>();
  readonly #put = new Set<string>();
  readonly #revised = new Set<string>();
  readonly #deleted = new Map<string, LeaveReason>();
  readonly #evicted = new Map<string, LeaveReason>();
  #waiting: ((written: Written | null) => void)[] = [];
  #isDirty = false;
  #isRunning = false;
  #isHalted = false;
  #idle: Promise<void> = Promise.resolve();

  constructor(
    private readonly room: string,
    private readonly owner: WriterOwner,
  ) {}

  /** Nothing waits to be written and nothing is in doubt. */
  get isSettled(): boolean {
    return !this.#hasWork && !this.#isRunning;
  }

  /** Resolves when the writer has done what it can for now. */
  get idle(): Promise<void> {
    return this.#idle;
  }

  put(connection: OwnConnection, { revises = false }: { readonly revises?: boolean } = {}): Promise<Written | null> {
    this.own.set(connection);
    this.#deleted.delete(connection.connectionId);
    this.#put.add(connection.connectionId);
    if (revises) this.#revised.add(connection.connectionId);
    return this.#done(connection.connectionId);
  }

  /** As `put`, if there is a seat: so many people may be in the room. Else "full", and nothing is owned. */
  async join(connection: OwnConnection, maxMembers: number): Promise<Written | null | "full"> {
    const { connectionId } = connection;
    const joining: Joining = { maxMembers, previous: this.own.all.get(connectionId), isRefused: false };
    this.#joining.set(connectionId, joining);
    const written = await this.put(connection);
    return joining.isRefused ? "full" : written;
  }

  delete(connectionId: string, reason: LeaveReason): Promise<Written | null> {
    this.own.delete(connectionId);
    this.#joining.delete(connectionId);
    this.#put.delete(connectionId);
    this.#revised.delete(connectionId);
    this.#deleted.set(connectionId, reason);
    this.#forgetReasons();
    return this.#done(connectionId);
  }

  /** Removes another node's connection, if it lingers. */
  evict(connectionId: string, reason: LeaveReason): Promise<Written | null> {
    this.#evicted.set(connectionId, reason);
    return this.#done(connectionId);
  }

  /** The store, as heard: times and revisions it gave are brought back when everything has to be asserted, and who was evicted is not. */
  confirm({ incarnation, put, removed }: Pick<RoomEvent, "incarnation" | "put" | "removed">): void {
    for (const { connectionId, owner, joinedAt, since, revision } of put) {
      const own = this.own.all.get(connectionId);
      if (own && owner === this.owner.incarnation) this.own.set({ ...own, joinedAt, since, revision });
    }
    if (incarnation === this.owner.incarnation) return;
    for (const { connectionId, owner } of removed) {
      if (owner !== this.owner.incarnation || !this.own.all.get(connectionId)?.isLingering) continue;
      this.own.delete(connectionId);
      this.#joining.delete(connectionId);
    }
  }

  /** Tells the store the whole of what is owned here, at once or as soon as it answers. */
  assert(): void {
    this.#isDirty = true;
    this.retry();
  }

  /** After a doubt: tries again. */
  retry(): void {
    this.#isHalted = false;
    this.#start();
  }

  get #hasWork(): boolean {
    return this.#isDirty || this.#put.size > 0 || this.#deleted.size > 0 || this.#evicted.size > 0;
  }

  #done(connectionId: string): Promise<Written | null> {
    const isAlone = this.#waiting.length === 0;
    const done = new Promise<Written | null>((resolve) => this.#waiting.push(resolve));
    if (this.#isHalted) this.#giveUp(isAlone ? connectionId : undefined);
    else this.#start();
    return done;
  }

  #start(): void {
    if (this.#isRunning || this.#isHalted || !this.#hasWork) return;
    this.#isRunning = true;
    this.#idle = this.#run();
  }

  async #run(): Promise<void> {
    // What else is asked for in this turn goes into the same batch.
    await Promise.resolve();
    while (this.#hasWork && !this.#isHalted) await this.#writeBatch();
    this.#isRunning = false;
  }

  async #writeBatch(): Promise<void> {
    const { backend, incarnation, logger } = this.owner;
    const sequence = this.owner.nextSequence();
    const isAll = this.#isDirty;
    const operations = this.#take();
    const joining = new Map(this.#joining);
    const waiting = this.#waiting.splice(0);
    try {
      if (!this.owner.hasLease) throw new Error("this node has no lease");
      const write = { incarnation, sequence, nonce: this.owner.nonce(), isAll, operations };
      const result = await backend.apply(this.room, write);
      if (result.state === "ok") this.#seat(joining, result.refused ?? []);
      this.#conclude(result, write, waiting);
    } catch (error) {
      logger.warn({ room: this.room, error: messageOf(error) }, "a presence write is in doubt; it will be asserted");
      this.#isDirty = true;
      this.#isHalted = true;
      this.#remember(operations);
      this.#waiting.unshift(...waiting);
      this.#giveUp();
    }
  }

  #conclude(
    result: RoomWriteResult,
    { incarnation, sequence, operations }: RoomWrite,
    waiting: ((written: Written | null) => void)[],
  ): void {
    if (result.state === "ok") {
      for (const resolve of waiting) resolve({ sequence, hasChanged: result.hasChanged });
      return;
    }
    this.#isDirty = true;
    this.#remember(operations);
    this.#waiting.unshift(...waiting);
    if (result.state === "stale" && Number.isFinite(result.sequence)) return this.owner.skipSequence(result.sequence);
    this.#isHalted = true;
    this.owner.doomed(incarnation);
  }

  #seat(joining: ReadonlyMap<string, Joining>, refused: readonly string[]): void {
    const unseated = new Set(refused);
    for (const [connectionId, each] of joining) {
      if (unseated.has(connectionId)) this.#refuse(connectionId, each);
      else if (this.#joining.get(connectionId) === each) this.#joining.delete(connectionId);
    }
  }

  #refuse(connectionId: string, joining: Joining): void {
    joining.isRefused = true;
    // It may have left meanwhile, and have asked again.
    if (this.#joining.get(connectionId) !== joining) return;
    this.#joining.delete(connectionId);
    if (joining.previous) this.own.set(joining.previous);
    else this.own.delete(connectionId);
  }

  /** The store cannot tell whether there is a seat: what this node knows decides, and holds. */
  #seatByOwnList(): void {
    if (this.#joining.size === 0) return;
    const known = [...this.owner.connections.values(), ...this.own.all.values()];
    const seated = new Set(known.filter((each) => !this.#joining.has(each.connectionId)).map(({ userId }) => userId));
    for (const [connectionId, joining] of [...this.#joining]) {
      const { userId } = this.own.all.get(connectionId)!;
      if (!hasSeat(seated, userId, joining.maxMembers)) this.#refuse(connectionId, joining);
      else seated.add(userId);
    }
    this.#joining.clear();
  }

  /** The whole is asserted later; why something was removed, and that a meta was changed on purpose, must not be lost. */
  #remember(operations: readonly Operation[]): void {
    for (const each of operations) {
      if (each.op === "put" && each.revises) this.#revised.add(each.connectionId);
      else if (each.op === "delete" && !this.own.all.has(each.connectionId))
        this.#deleted.set(each.connectionId, each.reason);
      else if (each.op === "evict") this.#evicted.set(each.connectionId, each.reason);
    }
    this.#forgetReasons();
  }

  /** When the whole is asserted, these are removed all the same. */
  #forgetReasons(): void {
    if (!this.#isDirty) return;
    for (const [oldest] of this.#deleted) {
      if (this.#deleted.size <= MAX_REASONS) return;
      this.#deleted.delete(oldest);
    }
  }

  #giveUp(connectionId?: string): void {
    this.#seatByOwnList();
    this.owner.doubted(connectionId);
    for (const resolve of this.#waiting.splice(0)) resolve(null);
  }

  #take(): Operation[] {
    const operations: Operation[] = [];
    for (const [connectionId, reason] of this.#deleted) operations.push({ op: "delete", connectionId, reason });
    for (const connectionId of this.#isDirty ? this.own.all.keys() : this.#put) {
      const own = this.own.all.get(connectionId);
      if (own) operations.push(this.#putOperation(own));
    }
    for (const [connectionId, reason] of this.#evicted) operations.push({ op: "evict", connectionId, reason });
    for (const pending of [this.#put, this.#revised, this.#deleted, this.#evicted]) pending.clear();
    this.#isDirty = false;
    return operations;
  }

  #putOperation(own: OwnConnection): PutOperation {
    const joining = this.#joining.get(own.connectionId);
    const seat = joining ? { maxMembers: joining.maxMembers } : {};
    return { op: "put", ...own, ...seat, ...(this.#revised.has(own.connectionId) ? { revises: true } : {}) };
  }
}
