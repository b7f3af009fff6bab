import type { Clock, Timer } from "../clock.js";
import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Limits } from "../options.js";
import { randomId } from "../token.js";
import type { PresenceBackend } from "./backend.js";
import { RoomFeed, type RoomNode } from "./room-feed.js";

export interface ObserverOptions {
  readonly backend: PresenceBackend;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
}

/** A room as somebody sees it who carries nobody. */
class ObservedRoom extends RoomFeed {
  tick(storeTime: number): void {
    this.expire(storeTime);
    void this.open();
  }
  protected override isOurs(): boolean {
    return false;
  }
  protected override confirmed(): void {}
  protected override compared(): void {}
}

/** Follows rooms without taking part: it has no lease, and writes nothing to the store. */
export class Observer implements RoomNode {
  readonly backend: PresenceBackend;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  /** no node's name: it owns nothing */
  readonly incarnation = "";
  /** It only looks. */
  readonly hasLease = false;
  readonly #rooms = new Map<string, ObservedRoom>();
  readonly #timers: readonly Timer[];
  readonly #stopHearingReturns: () => void;
  #storeTime = 0;
  #isDegraded = false;

  constructor({ backend, clock, limits, logger }: ObserverOptions) {
    this.backend = backend;
    this.clock = clock;
    this.limits = limits;
    this.logger = logger;
    this.#timers = [
      clock.every(limits.nodeTickMs, () => void this.#guard(() => this.#tick())),
      clock.every(limits.auditMs, () => void this.#guard(() => this.#audit())),
    ];
    this.#stopHearingReturns = backend.onReturn(() => void this.#guard(() => this.#audit()));
  }

  get storeTime(): number {
    return this.#storeTime;
  }

  /** The store did not answer the last time. */
  get isDegraded(): boolean {
    return this.#isDegraded;
  }

  get names(): readonly string[] {
    return [...this.#rooms.keys()];
  }

  /** The room, subscribed and read; not read yet where the store does not answer. */
  async follow(name: string, tenant: string, key: string): Promise<RoomFeed> {
    let room = this.#rooms.get(name);
    if (!room) this.#rooms.set(name, (room = new ObservedRoom(this, tenant, key, name)));
    await room.open();
    return room;
  }

  /** Whether nobody is in a room that is followed. */
  isEmpty(name: string): boolean {
    const room = this.#rooms.get(name);
    return room !== undefined && !room.isStale && room.count === 0;
  }

  /** Idempotent. */
  leave(name: string): void {
    this.#rooms.get(name)?.stop();
    this.#rooms.delete(name);
  }

  stop(): void {
    for (const timer of this.#timers) timer.clear();
    this.#stopHearingReturns();
    for (const name of this.names) this.leave(name);
  }

  newId(): string {
    return randomId(9);
  }
  renewed(): Promise<void> {
    return this.#guard(() => this.#tick());
  }
  nextSequence(): number {
    return 0;
  }
  skipSequence(): void {}
  doomed(): void {}
  told(): void {}

  async #tick(): Promise<void> {
    this.#storeTime = (await this.backend.nodes()).storeTime;
    for (const room of this.#rooms.values()) room.tick(this.#storeTime);
  }

  async #audit(): Promise<void> {
    const rooms = [...this.#rooms.values()];
    if (rooms.length === 0) return;
    const moves = rooms.map((room) => room.moves);
    const heads = await this.backend.heads(rooms.map(({ name }) => name));
    for (const [i, room] of rooms.entries()) room.audit(heads[i]!, moves[i]!);
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#isDegraded = false;
    } catch (error) {
      this.#isDegraded = true;
      this.logger.warn({ error: messageOf(error) }, "rooms could not be looked at; it is tried again");
    }
  }
}
