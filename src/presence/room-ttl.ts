import type { Timer } from "../clock.js";
import { ConviveError, messageOf } from "../errors.js";
import type { Lifetime } from "./backend.js";
import type { PresenceNode, RoomHold } from "./node.js";
import { personOf, TTL_OWNER, type ConnectionRecord, type Presence } from "./presence.js";
import type { Room, Tracked } from "./room.js";

interface Member {
  readonly ttlMs: number;
  /** as far as this node knows, in own time */
  endsAt: number;
  /** its time was over here and not in the store: another node hears of it */
  isKeptElsewhere: boolean;
}

interface Kept {
  readonly hold: RoomHold;
  readonly unwatch: () => void;
  /** by connection */
  readonly members: Map<string, Member>;
  timer: Timer | null;
  isTended: boolean;
}

/**
 * Members that no process carries: they end when nobody tells for a while that they are still there. The node where they joined ends them on
 * time, and tells of them again when the store lost them; should it be gone, any other ends them a little later.
 */
export class TtlMembers {
  readonly #kept = new Map<string, Kept>();
  #isStopped = false;

  constructor(
    private readonly node: PresenceNode,
    private readonly tenant: string,
  ) {}

  async join(key: string, tracked: Tracked, ttlMs: number): Promise<Presence> {
    const hold = await this.node.host(this.tenant, key);
    const { room } = hold;
    try {
      await room.put(tracked, { seenAt: await this.#storeTime(), ttlMs });
    } catch (error) {
      hold.release();
      throw error;
    }
    const presence = room.find(tracked.userId) ?? this.#asAsked(tracked);
    // Other nodes end it at its time.
    if (this.#isStopped) hold.release();
    else this.#remember(this.#keep(hold), tracked.connectionId, ttlMs);
    return presence;
  }

  async leave(room: Room, connections: readonly ConnectionRecord[]): Promise<void> {
    const own = connections.filter(({ owner }) => owner === TTL_OWNER).map(({ connectionId }) => connectionId);
    if (own.length > 0) await room.delete(own, "left");
    const kept = this.#kept.get(room.name);
    if (kept) this.#schedule(kept);
  }

  /** It counts here also while the store is away. */
  async touch(key: string, userId: string): Promise<boolean> {
    const { node } = this;
    const name = node.nameOf(this.tenant, key);
    const kept = this.#kept.get(name);
    const own = kept?.hold.room.connectionsOf(userId) ?? [];
    for (const { connectionId } of own) {
      const member = kept?.members.get(connectionId);
      if (member) Object.assign(member, { endsAt: node.clock.now() + member.ttlMs, isKeptElsewhere: false });
    }
    const isThere = await node.backend.touch(name, userId, await this.#storeTime());
    return isThere || own.some(({ connectionId }) => kept!.hold.room.isLost(connectionId));
  }

  /** Idempotent. */
  stop(): void {
    this.#isStopped = true;
    for (const kept of [...this.#kept.values()]) this.#letGo(kept);
  }

  /**
   * A sign of life of a time long gone would end whom it is to keep.
   * @throws ConviveError with the code of why the store cannot be asked
   */
  async #storeTime(): Promise<number> {
    const { node } = this;
    await node.start();
    if (node.trouble) await node.renewed();
    if (!node.trouble) return node.storeTime;
    throw new ConviveError(node.trouble, "The store does not answer; try again.", { status: 503 });
  }

  #remember(kept: Kept, connectionId: string, ttlMs: number): void {
    kept.members.set(connectionId, { ttlMs, endsAt: this.node.clock.now() + ttlMs, isKeptElsewhere: false });
    this.#schedule(kept);
  }

  /** Written, but the room could not be read yet. */
  #asAsked({ connectionId, userId, meta }: Tracked): Presence {
    const joinedAt = this.node.clock.wallTime();
    const rest = { owner: TTL_OWNER, isLingering: false, status: "active", revision: 0 } as const;
    return personOf([{ connectionId, userId, meta, joinedAt, since: joinedAt, ...rest }]);
  }

  #keep(hold: RoomHold): Kept {
    const known = this.#kept.get(hold.room.name);
    if (known) {
      hold.release();
      return known;
    }
    const kept: Kept = {
      hold,
      unwatch: hold.room.watch({ missed: () => void this.#tend(kept) }),
      members: new Map(),
      timer: null,
      isTended: false,
    };
    this.#kept.set(hold.room.name, kept);
    return kept;
  }

  #letGo(kept: Kept): void {
    kept.timer?.clear();
    kept.unwatch();
    this.#kept.delete(kept.hold.room.name);
    kept.hold.release();
  }

  /** Looks again when the next one is due; lets the room go when nobody is left. */
  #schedule(kept: Kept): void {
    kept.timer?.clear();
    const { connections, isStale } = kept.hold.room;
    const isOver = (id: string) => !isStale && connections.get(id)?.owner !== TTL_OWNER;
    for (const id of kept.members.keys()) if (isOver(id)) kept.members.delete(id);
    if (kept.members.size === 0) return this.#letGo(kept);
    const waits = [...kept.members].map(([connectionId, member]) => this.#waitMs(kept, connectionId, member));
    kept.timer = this.node.clock.after(Math.min(...waits), () => void this.#tend(kept));
  }

  #waitMs({ hold }: Kept, connectionId: string, { ttlMs, endsAt }: Member): number {
    const { clock, limits } = this.node;
    if (hold.room.isLost(connectionId)) return limits.nodeTickMs;
    const waitMs = endsAt - clock.now();
    return waitMs > 0 ? waitMs : Math.max(limits.nodeTickMs, ttlMs / 4);
  }

  async #tend(kept: Kept): Promise<void> {
    if (kept.isTended) return;
    kept.isTended = true;
    const { name } = kept.hold.room;
    try {
      await this.#restore(kept);
      await this.#prune(kept);
    } catch (error) {
      const facts = { room: name, error: messageOf(error) };
      this.node.logger.warn(facts, "members without a process could not be looked after; it is tried again");
    }
    kept.isTended = false;
    if (this.#kept.get(name) === kept) this.#schedule(kept);
  }

  /** Those that the store lost, unless their time is over. */
  async #restore({ hold, members }: Kept): Promise<void> {
    const now = this.node.clock.now();
    const lost = [...members].filter(
      ([connectionId, member]) => hold.room.isLost(connectionId) && (member.isKeptElsewhere || member.endsAt > now),
    );
    if (lost.length === 0) return;
    // It may have lost its clock, too.
    await this.node.renewed();
    const lifetimes = lost.map(([connectionId, { ttlMs, endsAt, isKeptElsewhere }]): [string, Lifetime] => {
      // Nobody here knows when it was last heard of elsewhere: it gets its whole time anew.
      const leftMs = isKeptElsewhere ? ttlMs : endsAt - now;
      return [connectionId, { ttlMs, seenAt: this.node.storeTime + leftMs - ttlMs }];
    });
    await hold.room.restore(new Map(lifetimes));
  }

  async #prune({ hold: { room }, members }: Kept): Promise<void> {
    const { backend, clock, storeTime } = this.node;
    const due = [...members.values()].filter(({ endsAt }) => endsAt <= clock.now());
    if (due.length === 0) return;
    await backend.prune([room.name], storeTime, this.node.newId());
    await room.caughtUp();
    for (const member of due) if (member.endsAt <= clock.now()) member.isKeptElsewhere = true;
  }
}
