import type { Clock, Timer } from "../clock.js";
import type { Limits } from "../options.js";
import type { RoomHold } from "../presence/node.js";
import { CURSORS, encodeFrame, ROOM_TOPIC, type CursorsPayload } from "../protocol.js";
import { CursorKeeper, type KeeperOwner } from "./keeper.js";
import { isUserPointer, Pointers, userPointer, type PointerChanges, type PointerSource } from "./pointers.js";
import { coordinate, type Cursors, type UserCursor } from "./position.js";
import { CursorRelay, type RelayOwner } from "./relay.js";

/** A page that is shown the cursors of a room. */
export interface CursorViewer {
  readonly connectionId: string;
  /** A frame that is the same for all viewers; one that is not lossy must not be dropped. */
  send(frame: { readonly bytes: Buffer }, isLossy: boolean): void;
  /** The positions changed; for templates that show them. */
  moved(): void;
}

export interface CursorRoomOwner {
  readonly clock: Clock;
  readonly limits: Limits;
  /** Keeps what moved here for who asks without taking part; false when that could not be. */
  keep(room: string, cursors: ReadonlyMap<string, UserCursor>, gone: readonly string[]): Promise<boolean>;
  /** What is kept of pointers without a connection, by id; nothing when that cannot be read. */
  keptPointers(room: string): Promise<ReadonlyMap<string, UserCursor>>;
  /** The room has neither viewers nor pointers of this node any more. */
  emptied(room: CursorRoom): void;
}

/**
 * After telling all, a room rests at least this share of the time it took: one crowd leaves a third of the process to everything else. Were the
 * next move of the same read told at once, a crowd that takes longer than a tick would be told each move by itself, and nothing else would be read.
 */
export const REST = 1 / 2;

/** The cursors of one room on this node: the latest position of each pointer, told once per tick in one frame for all viewers. */
export class CursorRoom implements RelayOwner, KeeperOwner {
  readonly pointers: Pointers;
  readonly #relay: CursorRelay;
  readonly #keeper: CursorKeeper;
  readonly #viewers = new Set<CursorViewer>();
  readonly #late = new Set<CursorViewer>();
  readonly #unwatch: () => void;
  #frames = 0;
  #tick: Timer | null = null;
  #expiry: Timer | null = null;
  #tickMs: number;
  /** before it nothing is told */
  #dueAt = -Infinity;
  #isStopped = false;

  constructor(
    private readonly owner: CursorRoomOwner,
    private readonly hold: RoomHold,
  ) {
    this.#tickMs = owner.limits.cursorTickMs;
    this.pointers = new Pointers(hold.room, owner.clock);
    this.#relay = new CursorRelay(hold.room, this);
    this.#keeper = new CursorKeeper(this);
    this.#unwatch = hold.room.watch({
      changed: () => this.#listChanged(),
      message: (message, sender) => this.#relay.heard(message, sender),
      missed: () => this.#missed(),
    });
    this.#relay.start();
    void this.#load();
  }

  get name(): string {
    return this.hold.room.name;
  }
  get clock(): Clock {
    return this.owner.clock;
  }
  /** It has ended; the room's cursors are in another one, or will be. */
  get isStopped(): boolean {
    return this.#isStopped;
  }
  /** The last positions by user: one frozen object until the next tick. */
  get cursors(): Cursors<object> {
    return this.pointers.cursors;
  }

  /** Begins to be shown the cursors, all of them first; a page that joins anew is shown all anew. */
  join(viewer: CursorViewer): void {
    this.#viewers.add(viewer);
    this.#late.add(viewer);
    this.#schedule();
  }

  leave(viewer: CursorViewer): void {
    this.#viewers.delete(viewer);
    this.#late.delete(viewer);
    this.#endIfEmpty();
  }

  /** A connection's pointer moved. What is no position is dropped, what lies far out is clamped. */
  move(connectionId: string, x: unknown, y: unknown): void {
    const [atX, atY] = [coordinate(x), coordinate(y)];
    if (atX === null || atY === null || !this.pointers.isLive(connectionId)) return;
    this.#put(connectionId, [atX, atY], { sender: null });
  }

  /** A pointer without a connection, such as a bot's; it expires when it rests. */
  moveUser(userId: string, at: readonly [x: number, y: number], meta: object): void {
    this.#put(userPointer(userId), at, { sender: null, meta });
  }

  /** The pointer of a connection of this node left. */
  remove(connectionId: string): void {
    this.#remove(connectionId, true);
  }

  /** Removes all pointers of a user, whoever moves them, and says which. */
  removeUser(userId: string): readonly string[] {
    const ids = this.pointers.of(userId);
    for (const id of ids) this.#remove(id, true);
    return ids;
  }

  movedElsewhere(id: string, at: readonly [x: number, y: number], source: PointerSource): void {
    this.#put(id, at, source);
  }

  /** Whose pointer it is tells it once more: what it told before may still be on its way. */
  goneElsewhere(id: string): void {
    this.#remove(id, this.pointers.isOurs(id));
  }

  relayIsDue(): void {
    if (!this.#isStopped) this.#schedule();
  }

  keep(cursors: ReadonlyMap<string, UserCursor>, gone: readonly string[]): Promise<boolean> {
    return this.owner.keep(this.name, cursors, gone);
  }

  /** Resolves when what it kept is written. Idempotent. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#unwatch();
    this.#tick?.clear();
    this.#expiry?.clear();
    this.#relay.stop();
    this.hold.release();
    await this.#keeper.stop();
  }

  #put(id: string, at: readonly [x: number, y: number], source: PointerSource): void {
    this.pointers.put(id, at, source);
    if (isUserPointer(id)) this.#expireLater();
    this.#schedule();
  }

  #remove(id: string, isTold: boolean): void {
    if (this.pointers.remove(id, isTold)) this.#schedule();
  }

  /** Pointers without a connection may have been moved while nobody heard. */
  async #load(): Promise<void> {
    for (const [id, { x, y, meta, timestamp }] of await this.owner.keptPointers(this.name)) {
      if (!this.#isStopped && !this.pointers.has(id)) this.#put(id, [x, y], { sender: "", meta, timestamp });
    }
  }

  #missed(): void {
    this.#relay.missed();
    this.#keeper.saveAll();
    void this.#load();
  }

  /** The first move after a pause is told at once, others with the tick. */
  #schedule(): void {
    if (this.#tick) return;
    const waitMs = this.#dueAt - this.clock.now();
    // Who has just joined hears a moment later, when the page knows of the room.
    if (waitMs <= 0 && this.#late.size === 0) return this.#flush();
    this.#flushAfter(waitMs > 0 ? waitMs : this.#tickMs);
  }

  /** When the rest has grown meanwhile, it is waited for; a timer may be early by part of a ms. */
  #flushAfter(ms: number): void {
    this.#tick = this.clock.after(ms, () => {
      this.#tick = null;
      const leftMs = this.#dueAt - this.clock.now();
      if (leftMs >= 1) this.#flushAfter(leftMs);
      else this.#flush();
    });
  }

  #flush(): void {
    const changes = this.pointers.take();
    const { moved, gone, ours } = changes;
    const isNews = moved.length + gone.length > 0;
    const startedAt = this.clock.now();
    this.#tickMs = tickMs(moved.length, this.owner.limits);
    this.#dueAt = startedAt + this.#tickMs;
    if (isNews) this.#tell(moved, gone);
    if (isNews || this.#late.size > 0) for (const viewer of this.#viewers) viewer.moved();
    this.#tellLate();
    this.#relay.tell(ours);
    this.#keeper.note(ours.moved, this.#forgotten(changes));
    this.#restSince(startedAt);
    // What all are sent is written at the end of the turn, and that takes most of the time.
    queueMicrotask(() => this.#restSince(startedAt));
    this.#endIfEmpty();
  }

  #restSince(startedAt: number): void {
    const now = this.clock.now();
    this.#dueAt = Math.max(this.#dueAt, now + (now - startedAt) * REST);
  }

  /** What is to be kept no longer: besides one's own what nobody may be left to tell of. */
  #forgotten({ gone, ours }: PointerChanges): readonly string[] {
    const { connections } = this.hold.room;
    const own = new Set(ours.gone);
    return gone.filter((id) => own.has(id) || !(isUserPointer(id) || connections.has(id)));
  }

  #tell(moved: readonly string[], gone: readonly string[]): void {
    const strangers = this.pointers.strangers(moved);
    this.#frames += 1;
    const viewers = [...this.#viewers].filter((viewer) => !this.#late.has(viewer));
    const [first] = viewers;
    const isOnlyOwn = viewers.length === 1 && [...moved, ...gone].every((id) => id === first!.connectionId);
    if (viewers.length === 0 || isOnlyOwn) return;
    const frame = this.#frame({
      n: this.#frames,
      c: this.pointers.moves(moved),
      ...(strangers.length > 0 ? { p: this.pointers.people(strangers) } : {}),
      ...(gone.length > 0 ? { l: gone } : {}),
    });
    const isLossy = strangers.length + gone.length === 0;
    for (const viewer of viewers) viewer.send(frame, isLossy);
  }

  #tellLate(): void {
    const late = [...this.#late];
    const { ids } = this.pointers;
    this.#late.clear();
    if (late.length === 0 || ids.length === 0) return;
    const c = this.pointers.moves(ids);
    const frame = this.#frame({ n: this.#frames, c, p: this.pointers.people(ids), all: true });
    for (const viewer of late) viewer.send(frame, false);
  }

  #frame(payload: CursorsPayload): { readonly bytes: Buffer } {
    const topic = ROOM_TOPIC + this.hold.room.key;
    return { bytes: Buffer.from(encodeFrame([null, null, topic, CURSORS, payload])) };
  }

  /** Cursors go with their connections, and who is called otherwise is told. */
  #listChanged(): void {
    for (const id of this.pointers.orphans()) this.#remove(id, this.pointers.isOurs(id));
    if (this.pointers.noticeNames()) this.#schedule();
    this.#relay.listChanged();
  }

  /** Only pointers without a connection expire; the others rest as long as their connection lives. */
  #expireLater(): void {
    const { cursorTimeoutMs } = this.owner.limits;
    const oldest = this.pointers.oldestMove;
    if (this.#expiry || oldest === null) return;
    this.#expiry = this.clock.after(oldest + cursorTimeoutMs - this.clock.now(), () => {
      this.#expiry = null;
      // Every node does so by itself.
      for (const id of this.pointers.expired(cursorTimeoutMs)) this.#remove(id, false);
      this.#expireLater();
    });
  }

  #endIfEmpty(): void {
    if (this.#viewers.size === 0 && !this.#tick && !this.pointers.hasOurs) this.owner.emptied(this);
  }
}

/** The more move, the longer the tick: what a viewer has to draw stays bounded. */
export function tickMs(movers: number, limits: Limits): number {
  const { cursorTickMs, cursorTickPeople, cursorTickStepPeople, cursorTickMaxMs } = limits;
  const steps = Math.max(0, Math.ceil((movers - cursorTickPeople) / cursorTickStepPeople));
  return Math.min(cursorTickMs * (1 + steps), cursorTickMaxMs);
}
