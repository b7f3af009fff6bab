import type { Clock, Timer } from "../clock.js";
import type { Room } from "../presence/room.js";
import type { CursorsMessage, RoomMessage, SentMove } from "../presence/room-message.js";
import type { PointerChanges, Pointers, PointerSource } from "./pointers.js";

/** Who uses a relay. */
export interface RelayOwner {
  readonly clock: Clock;
  readonly pointers: Pointers;
  /** A pointer moved on another node. */
  movedElsewhere(id: string, at: readonly [x: number, y: number], source: PointerSource): void;
  goneElsewhere(id: string): void;
  /** Something is to be sent: `tell` is to be called with the next tick. */
  relayIsDue(): void;
}

const NOTHING: PointerChanges["ours"] = { moved: [], gone: [] };
/** While it sends, it asks so often who is there: another that asks may have been missed, another that is gone may not have said so. */
const ASK_MS = 10_000;
const MAX_UNANSWERED = 2;
const RETRY_MS = 1_000;
const MAX_DROPPED = 1_000;

/**
 * Tells other nodes of the pointers that move here, as long as one of them shows them, and hears theirs: one message per tick at most, and one on
 * its way at a time. After a failure, or when something was missed, each tells the other all of its own.
 */
export class CursorRelay {
  /** who else shows this room's cursors, by how many questions it has not answered */
  readonly #others = new Map<string, number>();
  readonly #moved = new Set<string>();
  readonly #gone = new Set<string>();
  /** pointers of connections that this node does not know yet */
  readonly #dropped = new Set<string>();
  #isAskDue = true;
  #isWholeDue = true;
  #askedAt = -Infinity;
  #isSending = false;
  #retry: Timer | null = null;
  #isStopped = false;

  constructor(
    private readonly room: Room,
    private readonly owner: RelayOwner,
  ) {}

  /** Says that this node shows the room's cursors, and asks for those of others. */
  start(): void {
    this.tell(NOTHING);
  }

  /** Once per tick: what moved here and what is gone. */
  tell({ moved, gone }: PointerChanges["ours"]): void {
    // After a failure all is told anyway, later.
    if (this.#retry || this.#isStopped) return;
    for (const id of moved) this.#moved.add(id);
    for (const id of gone) this.#gone.add(id);
    if (!this.#isSending && this.#hasNews()) void this.#send();
  }

  heard(message: RoomMessage, sender: string): void {
    if (message.kind !== "cursors" || this.room.isFromHere(sender)) return;
    if (message.hosts) this.#others.set(sender, 0);
    else if (message.hosts === false) this.#others.delete(sender);
    for (const move of message.moves) this.#hear(move, sender);
    if (message.isWhole) this.#keepOnly(message.moves, sender);
    if (!message.asks) return;
    this.#isWholeDue = true;
    this.owner.relayIsDue();
  }

  /** Something may have been lost on the way. */
  missed(): void {
    this.#isAskDue = true;
    this.#isWholeDue = true;
    this.owner.relayIsDue();
  }

  /** The list changed: who was heard of before it was known may be known now. */
  listChanged(): void {
    if (![...this.#dropped].some((id) => this.owner.pointers.isLive(id))) return;
    this.#dropped.clear();
    this.#isAskDue = true;
    this.owner.relayIsDue();
  }

  /** Idempotent. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#retry?.clear();
    if (this.#others.size > 0) void this.room.send({ kind: "cursors", moves: [], hosts: false, isWhole: true });
  }

  #hear([id, x, y, meta, timestamp]: SentMove, sender: string): void {
    if (x === null || y === null) return this.owner.goneElsewhere(id);
    if (this.owner.pointers.isLive(id)) {
      return this.owner.movedElsewhere(id, [x, y], { sender, meta: meta ?? undefined, timestamp });
    }
    if (this.#dropped.size < MAX_DROPPED) this.#dropped.add(id);
  }

  #keepOnly(moves: readonly SentMove[], sender: string): void {
    const told = new Set(moves.map(([id]) => id));
    for (const id of this.owner.pointers.ofSender(sender)) if (!told.has(id)) this.owner.goneElsewhere(id);
  }

  #hasNews(): boolean {
    if (this.#isAskDue || this.#isWholeDue) return true;
    if (this.#moved.size + this.#gone.size === 0) return false;
    if (this.#others.size > 0 || this.#isTimeToAsk()) return true;
    // Who comes later asks for all.
    this.#moved.clear();
    this.#gone.clear();
    return false;
  }

  #isTimeToAsk(): boolean {
    return this.owner.clock.now() - this.#askedAt >= ASK_MS;
  }

  async #send(): Promise<void> {
    const asked = [...this.#others.keys()];
    this.#isSending = true;
    const heard = await this.room.send(this.#next());
    this.#isSending = false;
    if (this.#isStopped) return;
    // Not even this node hears the room.
    if (heard === 0) return this.#retryLater();
    if (heard === 1) for (const sender of asked) this.#others.delete(sender);
    if (this.#hasNews()) this.owner.relayIsDue();
  }

  #next(): CursorsMessage {
    const { pointers } = this.owner;
    const isWhole = this.#isWholeDue;
    const asks = this.#isAskDue || this.#isTimeToAsk();
    const moved = (isWhole ? pointers.ids : [...this.#moved]).filter((id) => pointers.isOurs(id));
    // Of who left the room the room's own stream tells.
    const gone = [...this.#gone].filter((id) => !pointers.has(id) && pointers.isLive(id));
    this.#moved.clear();
    this.#gone.clear();
    this.#isWholeDue = false;
    if (asks) this.#ask();
    return {
      kind: "cursors",
      moves: [...pointers.sent(moved, isWhole), ...gone.map((id) => [id, null, null] as const)],
      hosts: true,
      ...(asks ? { asks } : {}),
      ...(isWhole ? { isWhole } : {}),
    };
  }

  #ask(): void {
    this.#isAskDue = false;
    this.#askedAt = this.owner.clock.now();
    for (const [sender, unanswered] of this.#others) {
      if (unanswered >= MAX_UNANSWERED) this.#others.delete(sender);
      else this.#others.set(sender, unanswered + 1);
    }
  }

  #retryLater(): void {
    this.#retry = this.owner.clock.after(RETRY_MS, () => {
      this.#retry = null;
      this.missed();
    });
  }
}
