import type { Timer } from "../clock.js";
import { messageOf } from "../errors.js";
import type { PresenceNode, RoomHold } from "./node.js";
import { TTL_OWNER, type ConnectionRecord, type Presence } from "./presence.js";
import type { Room, Tracked } from "./room.js";

interface Kept {
  readonly hold: RoomHold;
  ttlMs: number;
  /** by connection, in own time */
  readonly deadlines: Map<string, number>;
  timer: Timer | null;
}

/**
 * Members that no process carries: they end when nobody tells for a while that they are still there. The node where they joined ends them on time;
 * should it be gone, any other does a little later.
 */
export class TtlMembers {
  readonly #kept = new Map<string, Kept>();

  constructor(
    private readonly node: PresenceNode,
    private readonly tenant: string,
  ) {}

  async join(key: string, tracked: Tracked, ttlMs: number): Promise<Presence> {
    const hold = await this.node.host(this.tenant, key);
    const { room } = hold;
    try {
      await room.put(tracked, { seenAt: this.node.storeTime, ttlMs });
    } catch (error) {
      hold.release();
      throw error;
    }
    const kept = this.#keep(hold, ttlMs);
    kept.deadlines.set(tracked.connectionId, this.node.clock.now() + ttlMs);
    this.#schedule(room.name, kept);
    return room.find(tracked.userId)!;
  }

  async leave(room: Room, connections: readonly ConnectionRecord[]): Promise<void> {
    const own = connections.filter(({ owner }) => owner === TTL_OWNER);
    if (own.length > 0)
      await room.delete(
        own.map(({ connectionId }) => connectionId),
        "left",
      );
    const kept = this.#kept.get(room.name);
    if (kept) this.#schedule(room.name, kept);
  }

  async touch(key: string, userId: string): Promise<boolean> {
    const { node } = this;
    await node.start();
    const name = node.nameOf(this.tenant, key);
    const kept = this.#kept.get(name);
    const ttlMs = kept?.ttlMs ?? node.limits.presenceTtlMs;
    const isThere = await node.backend.touch(name, userId, node.storeTime);
    for (const { connectionId } of kept?.hold.room.connectionsOf(userId) ?? []) {
      if (kept?.deadlines.has(connectionId)) kept.deadlines.set(connectionId, node.clock.now() + ttlMs);
    }
    return isThere;
  }

  /** Idempotent. */
  stop(): void {
    for (const kept of this.#kept.values()) kept.timer?.clear();
    this.#kept.clear();
  }

  #keep(hold: RoomHold, ttlMs: number): Kept {
    const known = this.#kept.get(hold.room.name);
    if (known) {
      hold.release();
      known.ttlMs = ttlMs;
      return known;
    }
    const kept: Kept = { hold, ttlMs, deadlines: new Map(), timer: null };
    this.#kept.set(hold.room.name, kept);
    return kept;
  }

  /** Looks again when the next one is due; lets the room go when nobody is left. */
  #schedule(name: string, kept: Kept): void {
    kept.timer?.clear();
    const { connections } = kept.hold.room;
    for (const id of kept.deadlines.keys()) if (connections.get(id)?.owner !== TTL_OWNER) kept.deadlines.delete(id);
    if (kept.deadlines.size === 0) {
      this.#kept.delete(name);
      return kept.hold.release();
    }
    const waitMs = Math.min(...kept.deadlines.values()) - this.node.clock.now();
    // Past its deadline and still there: somebody elsewhere keeps it alive.
    const { nodeTickMs } = this.node.limits;
    kept.timer = this.node.clock.after(waitMs > 0 ? waitMs : Math.max(nodeTickMs, kept.ttlMs / 4), () => {
      void this.#prune(name, kept);
    });
  }

  async #prune(name: string, kept: Kept): Promise<void> {
    try {
      await this.node.backend.prune([name], this.node.storeTime, this.node.newId());
      await kept.hold.room.caughtUp();
    } catch (error) {
      this.node.logger.warn({ room: name, error: messageOf(error) }, "a room could not be pruned; it is tried again");
    }
    if (this.#kept.get(name) === kept) this.#schedule(name, kept);
  }
}
