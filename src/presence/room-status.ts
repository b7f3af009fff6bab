import type { Clock, Timer } from "../clock.js";
import type { Limits } from "../options.js";
import { mostAwake, type Status } from "./presence.js";
import type { OwnConnection, OwnConnections } from "./own-connections.js";

interface Wish {
  status: Status;
  flippedAt: number;
  timer: Timer | null;
}

/** What status keeping asks of its room. */
export interface StatusOwner {
  readonly clock: Clock;
  readonly limits: Pick<Limits, "statusFlipMs" | "roomTickMs">;
  readonly own: OwnConnections;
  write(connection: OwnConnection): void;
}

/**
 * Turns what pages tell of themselves into few writes: back at once, away or idle at most once per connection in `statusFlipMs`, all of a room in
 * one tick, and only what changes how awake a person is on this node.
 */
export class StatusFlips {
  readonly #wishes = new Map<string, Wish>();
  readonly #dueUsers = new Set<string>();
  #flush: Timer | null = null;

  constructor(private readonly room: StatusOwner) {}

  tell(connectionId: string, status: Status): void {
    const own = this.room.own.all.get(connectionId);
    if (!own) return;
    const wish = this.#wishes.get(connectionId) ?? { status: own.status, flippedAt: -Infinity, timer: null };
    if (wish.status === status) return;
    this.#wishes.set(connectionId, wish);
    wish.status = status;
    wish.timer?.clear();
    const { clock, limits } = this.room;
    const waitMs = status === "active" ? 0 : wish.flippedAt + limits.statusFlipMs - clock.now();
    wish.timer = waitMs > 0 ? clock.after(waitMs, () => this.#due(own.userId, wish)) : null;
    if (waitMs <= 0) this.#due(own.userId, wish);
  }

  /** A connection goes: another of the same person, which it had outshone, may have a status to tell. */
  forget(connectionId: string): void {
    this.#drop(connectionId);
    const own = this.room.own.all.get(connectionId);
    if (own && this.room.own.of(own.userId).length > 1) this.#flushSoon(own.userId);
  }

  stop(): void {
    for (const connectionId of [...this.#wishes.keys()]) this.#drop(connectionId);
    this.#flush?.clear();
    this.#flush = null;
  }

  #drop(connectionId: string): void {
    this.#wishes.get(connectionId)?.timer?.clear();
    this.#wishes.delete(connectionId);
  }

  #due(userId: string, wish: Wish): void {
    wish.timer = null;
    wish.flippedAt = this.room.clock.now();
    this.#flushSoon(userId);
  }

  #flushSoon(userId: string): void {
    this.#dueUsers.add(userId);
    this.#flush ??= this.room.clock.after(this.room.limits.roomTickMs, () => this.#write());
  }

  #write(): void {
    this.#flush = null;
    for (const userId of this.#dueUsers) this.#writeUser(this.room.own.of(userId));
    this.#dueUsers.clear();
  }

  #writeUser(connections: readonly OwnConnection[]): void {
    const live = connections.filter((each) => !each.isLingering);
    const told = mostAwake(live.map((each) => this.#statusOf(each)));
    if (told === mostAwake(live.map((each) => each.status))) return;
    for (const own of live) {
      const status = this.#statusOf(own);
      if (status !== own.status) this.room.write({ ...own, status });
    }
  }

  #statusOf(own: OwnConnection): Status {
    const wish = this.#wishes.get(own.connectionId);
    return wish && wish.timer === null ? wish.status : own.status;
  }
}
