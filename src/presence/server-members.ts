import { randomUUID } from "node:crypto";
import { ConviveError } from "../errors.js";
import { checkConnectionId, checkUserId, copyMeta } from "./meta.js";
import type { PresenceNode } from "./node.js";
import type { Presence } from "./presence.js";
import type { Room, Tracked } from "./room.js";
import { TtlMembers } from "./room-ttl.js";
import { checkMaxMembers } from "./seats.js";

/** How `joinPresence` enters. */
export interface JoinOptions {
  /** one of several devices of the user; unless given, a user joins once */
  readonly connectionId?: string;
  /** how long without `updateHeartbeat`; 60 s unless given, null: as long as this process lives */
  readonly ttlMs?: number | null;
  /** how many people may be in the room, this one included; unless given, any number */
  readonly maxMembers?: number | undefined;
}

/** Somebody who is in a room because the server says so, as long as this process lives. */
export interface Bot<M extends object> {
  readonly presence: Presence<M>;
  update(patch: Partial<M>): Promise<void>;
  leave(): Promise<void>;
}

/** @throws ConviveError OPTION_INVALID */
function checkTtl(ttlMs: number | null): void {
  if (ttlMs === null || (Number.isFinite(ttlMs) && ttlMs > 0)) return;
  throw new ConviveError("OPTION_INVALID", `ttlMs is a time in ms above 0, or null, not ${String(ttlMs)}.`);
}

/** Who is in the rooms of one tenant because the server says so: bots, and members without a socket. */
export class ServerMembers {
  readonly #ttl: TtlMembers;
  readonly #carried = new CarriedMembers();
  #isClosed = false;

  constructor(
    private readonly node: PresenceNode,
    private readonly tenant: string,
  ) {
    this.#ttl = new TtlMembers(node, tenant);
  }

  async join<M extends object>(
    key: string,
    userId: string,
    meta: M,
    { connectionId = `join:${userId}`, ttlMs = this.node.limits.presenceTtlMs, maxMembers }: JoinOptions,
  ): Promise<Presence<M>> {
    checkUserId(userId);
    checkConnectionId(connectionId);
    checkMaxMembers(maxMembers);
    checkTtl(ttlMs);
    const tracked = { connectionId, userId, meta: copyMeta(meta, this.node.limits), maxMembers };
    this.#mustBeOpen();
    if (ttlMs === null) return (await this.#carry(key, tracked)).find(userId) as Presence<M>;
    return (await this.#ttl.join(key, tracked, ttlMs)) as Presence<M>;
  }

  async leave(key: string, userId: string, connectionId?: string): Promise<Presence | null> {
    checkUserId(userId);
    return this.#inRoom(key, async (room) => {
      const before = room.find(userId) ?? null;
      if (!before) return null;
      const own = room.connectionsOf(userId);
      const named = own.filter((each) => connectionId === undefined || each.connectionId === connectionId);
      await this.#ttl.leave(room, named);
      await Promise.all(named.map((each) => room.leave(each.connectionId, "left")));
      // What other nodes carry only they can end.
      const isElsewhere = named.some((each) => room.connections.has(each.connectionId));
      if (connectionId === undefined && isElsewhere) await this.node.disconnect({ userId, tenant: this.tenant, key });
      return room.find(userId) ? null : before;
    });
  }

  async addBot<M extends object>(key: string, botId: string, meta: M): Promise<Bot<M>> {
    checkUserId(botId);
    const { limits } = this.node;
    const connectionId = `bot:${randomUUID()}`;
    const copied = copyMeta(meta, limits);
    this.#mustBeOpen();
    const room = await this.#carry(key, { connectionId, userId: botId, meta: copied });
    let presence = room.find(botId) as Presence<M>;
    return {
      get presence() {
        return (presence = (room.find(botId) as Presence<M> | undefined) ?? presence);
      },
      update: (patch) => room.update(connectionId, copyMeta({ ...room.metaOf(connectionId), ...patch }, limits)),
      leave: () => room.leave(connectionId, "left"),
    };
  }

  async heartbeat(key: string, userId: string): Promise<boolean> {
    checkUserId(userId);
    const room = this.node.find(this.tenant, key);
    const isCarried = room?.connectionsOf(userId).some((each) => room.carries(each.connectionId)) ?? false;
    return (await this.#ttl.touch(key, userId)) || isCarried;
  }

  /** Whom this process carries leaves; members without a process end at their time. */
  async close(): Promise<void> {
    this.stop();
    await Promise.all(this.#carried.all().map(({ room, connectionId }) => room.leave(connectionId, "left")));
  }

  /** Idempotent. */
  stop(): void {
    this.#isClosed = true;
    this.#ttl.stop();
  }

  /** A room stays hosted as long as this process carries somebody in it. */
  #carry(key: string, tracked: Tracked): Promise<Room> {
    return this.#inRoom(key, async (room) => {
      await room.track(tracked);
      this.#carried.add(room, tracked.connectionId);
      return room;
    });
  }

  async #inRoom<T>(key: string, work: (room: Room) => Promise<T>): Promise<T> {
    const hold = await this.node.host(this.tenant, key);
    try {
      return await work(hold.room);
    } finally {
      hold.release();
    }
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new ConviveError("SERVER_CLOSED", "This PresenceManager is closed; make a new one.");
  }
}

interface Carried {
  readonly room: Room;
  readonly connectionId: string;
}

/** Whom the server put somewhere itself. They may leave in many ways, so those who are gone are looked for now and then. */
class CarriedMembers {
  #all: Carried[] = [];
  #tidyAt = 16;

  add(room: Room, connectionId: string): void {
    this.#all.push({ room, connectionId });
    if (this.#all.length < this.#tidyAt) return;
    this.#all = this.all();
    this.#tidyAt = 2 * this.#all.length + 16;
  }

  all(): Carried[] {
    return this.#all.filter(({ room, connectionId }) => room.carries(connectionId));
  }
}
