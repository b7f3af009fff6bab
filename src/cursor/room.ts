import type { Clock, Timer } from "../clock.js";
import type { Limits } from "../options.js";
import type { RoomHold } from "../presence/node.js";
import { CURSORS, encodeFrame, ROOM_TOPIC, type CursorsPayload } from "../protocol.js";
import { isUserPointer, Pointers, userPointer } from "./pointers.js";
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
  /** Keeps what moved here for who asks without taking part; once a second at most. */
  keep(room: string, cursors: ReadonlyMap<string, UserCursor>, gone: readonly string[]): void;
  /** The room has neither viewers nor pointers any more. */
  emptied(room: CursorRoom): void;
}

const SAVE_MS = 1_000;

/** The cursors of one room on this node: the latest position of each pointer, told once per tick in one frame for all viewers. */
export class CursorRoom implements RelayOwner {
  readonly pointers: Pointers;
  readonly #relay: CursorRelay;
  readonly #viewers = new Set<CursorViewer>();
  readonly #late = new Set<CursorViewer>();
  readonly #unsaved = new Set<string>();
  readonly #unwatch: () => void;
  #frames = 0;
  #tick: Timer | null = null;
  #expiry: Timer | null = null;
  #tickMs: number;
  #flushedAt = -Infinity;
  #savedAt = -Infinity;

  constructor(
    private readonly owner: CursorRoomOwner,
    private readonly hold: RoomHold,
  ) {
    this.#tickMs = owner.limits.cursorTickMs;
    this.pointers = new Pointers(hold.room, owner.clock);
    this.#relay = new CursorRelay(hold.room, this);
    this.#unwatch = hold.room.watch({
      changed: () => this.#listChanged(),
      message: (message, sender) => this.#relay.heard(message, sender),
    });
    this.#relay.ask();
  }

  get name(): string {
    return this.hold.room.name;
  }
  get clock(): Clock {
    return this.owner.clock;
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
    this.#put(connectionId, [atX, atY], true);
  }

  /** A pointer without a connection, such as a bot's; it expires when it rests. */
  moveUser(userId: string, at: readonly [x: number, y: number], meta: object): void {
    this.#put(userPointer(userId), at, true, meta);
  }

  remove(id: string): void {
    this.#unsaved.delete(id);
    if (this.pointers.remove(id)) this.#schedule();
  }

  removeUser(userId: string): void {
    for (const id of this.pointers.of(userId)) this.remove(id);
  }

  movedElsewhere(id: string, at: readonly [x: number, y: number], meta: object | undefined): void {
    this.#put(id, at, false, meta);
  }

  goneElsewhere(id: string): void {
    this.remove(id);
  }

  /** Idempotent. */
  stop(): void {
    this.#unwatch();
    this.#tick?.clear();
    this.#expiry?.clear();
    this.hold.release();
  }

  #put(id: string, at: readonly [x: number, y: number], isOurs: boolean, meta?: object): void {
    this.pointers.put(id, at, isOurs, meta);
    if (isOurs) this.#unsaved.add(id);
    if (isUserPointer(id)) this.#expireLater();
    this.#schedule();
  }

  /** The first move after a pause is told at once, others with the tick. */
  #schedule(): void {
    if (this.#tick) return;
    const waitMs = this.#flushedAt + this.#tickMs - this.clock.now();
    // Who has just joined hears a moment later, when the page knows of the room.
    if (waitMs <= 0 && this.#late.size === 0) return this.#flush();
    this.#tick = this.clock.after(waitMs > 0 ? waitMs : this.#tickMs, () => {
      this.#tick = null;
      this.#flush();
    });
  }

  #flush(): void {
    const { moved, gone } = this.pointers.take();
    this.#flushedAt = this.clock.now();
    this.#tickMs = tickMs(moved.length, this.owner.limits);
    if (moved.length + gone.length > 0) this.#tell(moved, gone);
    this.#tellLate();
    this.#relay.tell(moved, gone);
    this.#save(gone);
    for (const viewer of this.#viewers) viewer.moved();
    this.#endIfEmpty();
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
    for (const id of this.pointers.orphans()) this.remove(id);
    if (this.pointers.noticeNames()) this.#schedule();
  }

  /** Only pointers without a connection expire; the others rest as long as their connection lives. */
  #expireLater(): void {
    const { cursorTimeoutMs } = this.owner.limits;
    this.#expiry ??= this.clock.after(cursorTimeoutMs, () => {
      this.#expiry = null;
      for (const id of this.pointers.expired(cursorTimeoutMs)) this.remove(id);
      if (this.pointers.hasUserPointers()) this.#expireLater();
    });
  }

  #save(gone: readonly string[]): void {
    const now = this.clock.now();
    const isDue = now - this.#savedAt >= SAVE_MS && this.#unsaved.size > 0;
    if (!isDue && gone.length === 0) return;
    const unsaved = isDue ? [...this.#unsaved] : [];
    if (isDue) {
      this.#unsaved.clear();
      this.#savedAt = now;
    }
    this.owner.keep(this.name, new Map(this.pointers.entries(unsaved)), gone);
  }

  #endIfEmpty(): void {
    if (this.#viewers.size === 0 && this.pointers.size === 0 && !this.#tick) this.owner.emptied(this);
  }
}

/** The more move, the longer the tick: what a viewer has to draw stays bounded. */
export function tickMs(movers: number, limits: Limits): number {
  const { cursorTickMs, cursorTickPeople, cursorTickStepPeople, cursorTickMaxMs } = limits;
  const steps = Math.max(0, Math.ceil((movers - cursorTickPeople) / cursorTickStepPeople));
  return Math.min(cursorTickMs * (1 + steps), cursorTickMaxMs);
}
