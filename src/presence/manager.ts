import { randomUUID } from "node:crypto";
import type { Connection, Room as PlainRoom, RoomChange as PlainRoomChange, RoomMeta } from "./connection.js";
import { encodeKey } from "./key.js";
import { Listeners } from "./listeners.js";
import { checkUserId, copyMeta } from "./meta.js";
import type { PresenceNode } from "./node.js";
import { plainChangeOf } from "./plain-changes.js";
import { PlainRooms } from "./plain-rooms.js";
import type { Presence } from "./presence.js";
import { prune, pruneRooms, type PrunedRoom, type PruneOptions } from "./pruning.js";
import type { Room, Tracked } from "./room.js";
import { TtlMembers } from "./room-ttl.js";
import type { RoomChange } from "./roster.js";
import { standaloneNode, type ManagerOptions } from "./standalone.js";
import { removing, touching, type HandlerOwner } from "./touch.js";

/** How `joinPresence` enters. */
export interface JoinOptions {
  /** one of several devices of the user; unless given, a user joins once */
  readonly connectionId?: string;
  /** how long without `updateHeartbeat`; 60 s unless given, null: as long as this process lives */
  readonly ttlMs?: number | null;
}

/** Somebody who is in a room because the server says so, as long as this process lives. */
export interface Bot<M extends object> {
  readonly presence: Presence<M>;
  update(patch: Partial<M>): Promise<void>;
  leave(): Promise<void>;
}

type PersonListener = (change: { key: string; person: Presence<any> }) => unknown;
type PersonEvent = "join" | "leave" | "update";
type ChangeListener = (change: PlainRoomChange<any>) => unknown;

let adopted: PresenceNode | null = null;

/** The public face of a node that already is. */
export function managerOf(node: PresenceNode): PresenceManager {
  adopted = node;
  try {
    return new PresenceManager();
  } finally {
    adopted = null;
  }
}

/**
 * Who is where, without any view: for background jobs, bots and servers of your own. `live.presence` is one; it works with the same rooms
 * as the views.
 *
 * @example
 * await live.presence.joinPresence("doc:42", "importer", { name: "Importer" });
 * for (const person of await live.presence.listPresences("doc:42")) console.log(person.id);
 */
export class PresenceManager {
  readonly #node: PresenceNode;
  readonly #ttl: TtlMembers;
  readonly #listeners: Readonly<Record<PersonEvent, Listeners<PersonListener>>>;
  readonly #changeListeners: Listeners<ChangeListener>;
  readonly #rooms: PlainRooms;
  readonly #handlers: HandlerOwner;
  readonly #stopHearing: () => void;

  /** On its own, without `convive()`: rooms of this process, or with `redis` of all that share it. */
  constructor(options: ManagerOptions = {}) {
    this.#node = adopted ?? standaloneNode(options);
    this.#ttl = new TtlMembers(this.#node);
    const listeners = () => new Listeners<PersonListener>(this.#node.logger, "a presence listener");
    this.#listeners = { join: listeners(), update: listeners(), leave: listeners() };
    this.#changeListeners = new Listeners(this.#node.logger, "a presence listener");
    this.#rooms = new PlainRooms(this.#node);
    this.#handlers = { rooms: this.#rooms, logger: this.#node.logger };
    this.#stopHearing = this.#node.onChange((room, change) => {
      if (room.tenant === "") this.#tell(room.key, change);
    });
  }

  /**
   * Puts a user into a room without any socket, for `ttlMs` after the last `updateHeartbeat`. Joining twice changes the meta.
   * @throws ConviveError PRESENCE_KEY_INVALID, PRESENCE_USER_INVALID, PRESENCE_META_INVALID
   */
  async joinPresence<M extends object>(
    key: string,
    userId: string,
    meta: M,
    { connectionId = `join:${userId}`, ttlMs = this.#node.limits.presenceTtlMs }: JoinOptions = {},
  ): Promise<Presence<M>> {
    checkUserId(userId);
    const tracked = { connectionId, userId, meta: copyMeta(meta, this.#node.limits) };
    if (ttlMs === null) return (await this.#carry(key, tracked)).find(userId) as Presence<M>;
    return (await this.#ttl.join(key, tracked, ttlMs)) as Presence<M>;
  }

  /**
   * Takes a user out of a room, or one connection. Resolves with the presence that ended, or null when there was none or other connections keep it.
   */
  async leavePresence(key: string, userId: string, connectionId?: string): Promise<Presence | null> {
    checkUserId(userId);
    return this.#inRoom(key, async (room) => {
      const before = room.find(userId) ?? null;
      if (!before) return null;
      const own = [...room.connections.values()].filter((each) => each.userId === userId);
      const named = own.filter((each) => connectionId === undefined || each.connectionId === connectionId);
      await this.#ttl.leave(room, named);
      await Promise.all(named.map((each) => room.leave(each.connectionId, "left")));
      // What other nodes carry only they can end.
      const isElsewhere = named.some((each) => room.connections.has(each.connectionId));
      if (connectionId === undefined && isElsewhere) await this.disconnectUser(userId, { key });
      return room.find(userId) ? null : before;
    });
  }

  /** Puts a bot into a room; it stays until it leaves or this process ends. */
  async addBot<M extends object>(key: string, botId: string, meta: M): Promise<Bot<M>> {
    checkUserId(botId);
    const { limits } = this.#node;
    const connectionId = `bot:${randomUUID()}`;
    const room = await this.#carry(key, { connectionId, userId: botId, meta: copyMeta(meta, limits) });
    let presence = room.find(botId) as Presence<M>;
    return {
      get presence() {
        return (presence = (room.find(botId) as Presence<M> | undefined) ?? presence);
      },
      update: (patch) => room.update(connectionId, copyMeta({ ...room.metaOf(connectionId), ...patch }, limits)),
      leave: () => room.leave(connectionId, "left"),
    };
  }

  /** Everybody in a room, who joined first first. */
  async listPresences<M extends object = object>(
    key: string,
    { limit = Infinity }: { limit?: number } = {},
  ): Promise<readonly Presence<M>[]> {
    const people = (await this.#node.read("", key)) as readonly Presence<M>[];
    return limit >= people.length ? people : Object.freeze(people.slice(0, limit));
  }

  /** How many people are in a room; always the length of the whole list. */
  async presenceCount(key: string): Promise<number> {
    const room = this.#node.find("", key);
    if (room && !room.isStale) return room.count;
    return this.#node.backend.count(this.#node.nameOf("", key));
  }

  /** Gives who joined without a socket another `ttlMs`; false when nobody of this id is there. It brings nobody back. */
  async updateHeartbeat(key: string, userId: string): Promise<boolean> {
    checkUserId(userId);
    const room = this.#node.find("", key);
    const isCarried = [...(room?.connections.values() ?? [])].some((each) => {
      return each.userId === userId && room!.carries(each.connectionId);
    });
    return (await this.#ttl.touch(key, userId)) || isCarried;
  }

  /** A name for the group of this key in other systems: letters, digits, `_` and `%` only, and another one for each key. */
  presenceGroupName(key: string): string {
    return `convive_presence_${encodeKey(key, this.#node.limits.presenceKeyBytes)}`;
  }

  /** Sends an event to every view of the room, as `broadcastToPresence` does; `payload` is plain JSON. */
  async broadcast(key: string, event: string, payload: unknown = {}): Promise<void> {
    await this.#node.publish("", key, { kind: "event", event, payload, from: null });
  }

  /**
   * Ends a user's pages, or with `key` their part in one room, on every node within a second. `authorizePresence` decides
   * whether they may come back.
   */
  async disconnectUser(userId: string, { key }: { key?: string } = {}): Promise<void> {
    checkUserId(userId);
    await this.#node.disconnect({ userId, tenant: "", key: key ?? null });
  }

  /**
   * Does now what every node does once in a while: ends members whose `ttlMs` is over, connections of this process that were silent, and
   * what dead nodes left, in all rooms. Resolves with who is gone from where.
   *
   * @example
   * for (const { room, removed } of await presence.prune({ maxAgeMs: 30_000, dryRun: true })) console.log(room, removed.length);
   * @throws ConviveError OPTION_INVALID
   */
  prune<M extends object = object>(options: PruneOptions = {}): Promise<readonly PrunedRoom<M>[]> {
    return prune(this.#node, this.#rooms, "", options) as Promise<readonly PrunedRoom<M>[]>;
  }

  /**
   * Forgets rooms that hold nobody and still stand in the store's registers, as after a loss of keys; empty rooms go by themselves. Resolves
   * with their keys.
   *
   * @example
   * console.log(await presence.pruneRooms({ dryRun: true }));
   */
  pruneRooms({ dryRun = false }: { dryRun?: boolean } = {}): Promise<readonly string[]> {
    return pruneRooms(this.#node.backend, "", dryRun);
  }

  /**
   * The room of this key for connections of your own, such as sockets of `ws`; the same room that views of that key are in.
   *
   * @example
   * server.on("connection", async (socket) => {
   *   await presence.room("lobby").add(socket, { user: "7" });
   *   socket.on("message", presence.touchPresence((data) => console.log(`${data}`)));
   *   socket.on("close", presence.removePresence());
   * });
   * @throws ConviveError PRESENCE_KEY_INVALID
   */
  room<M extends RoomMeta<M> = object>(key: string): PlainRoom<M> {
    return this.#rooms.room(key);
  }

  /** A sign of life of a connection, for all its rooms; who was pruned for silence is back. Nothing for who is in no room. */
  touch(connection: Connection): Promise<void> {
    return this.#rooms.touch(connection);
  }

  /** Takes a connection out of all its rooms. */
  leaveAll(connection: Connection): Promise<void> {
    return this.#rooms.leaveAll(connection);
  }

  /**
   * A handler of messages that counts each as a sign of life; the text `"heartbeat"`, JSON to the letter, is nothing more and goes no further.
   * The connection is `this`, as `ws` calls it, unless given.
   *
   * @example
   * socket.on("message", presence.touchPresence((data, isBinary) => save(data, isBinary)));
   */
  touchPresence<A extends unknown[], R>(
    handler: (this: Connection, ...message: A) => R,
    connection?: Connection,
  ): (this: unknown, ...message: A) => R | undefined {
    return touching(this.#handlers, handler, connection);
  }

  /**
   * A handler of the end of a connection: takes it out of all its rooms, and then calls `handler`.
   *
   * @example
   * socket.on("close", presence.removePresence((code) => console.log("gone", code)));
   */
  removePresence<A extends unknown[]>(
    handler?: (this: Connection, ...reason: A) => unknown,
    connection?: Connection,
  ): (this: unknown, ...reason: A) => Promise<void> {
    return removing(this.#handlers, handler, connection);
  }

  /**
   * Hears rooms that this process takes part in. A listener that throws is logged and disturbs nobody. `change` tells only who came and
   * went, one at a time, or that many did; the others tell of each person, updates included.
   */
  on(event: "change", listener: ChangeListener): () => void;
  on(event: PersonEvent, listener: PersonListener): () => void;
  on(event: PersonEvent | "change", listener: ChangeListener & PersonListener): () => void {
    return event === "change" ? this.#changeListeners.add(listener) : this.#listeners[event].add(listener);
  }

  /** Ends this process's part in all rooms. Idempotent. */
  async close(): Promise<void> {
    this.#stopHearing();
    this.#ttl.stop();
    this.#rooms.stop();
    await this.#node.close();
  }

  /** A room stays hosted as long as this process carries somebody in it. */
  #carry(key: string, tracked: Tracked): Promise<Room> {
    return this.#inRoom(key, async (room) => {
      await room.track(tracked);
      return room;
    });
  }

  async #inRoom<T>(key: string, work: (room: Room) => Promise<T>): Promise<T> {
    const hold = await this.#node.host("", key);
    try {
      return await work(hold.room);
    } finally {
      hold.release();
    }
  }

  #tell(key: string, change: RoomChange): void {
    const { joins, updates, leaves, removed, isBulk } = plainChangeOf(change);
    const { join, update, leave } = this.#listeners;
    for (const person of joins) join.tell((listener) => listener({ key, person }));
    for (const person of updates) update.tell((listener) => listener({ key, person }));
    for (const person of leaves) leave.tell((listener) => listener({ key, person }));
    if (this.#changeListeners.size === 0) return;
    const nothing = { room: this.room(key), added: null, removed: null, bulk: false };
    const tell = (told: PlainRoomChange<any>) => this.#changeListeners.tell((listener) => listener(told));
    for (const person of removed) tell({ ...nothing, removed: person });
    if (isBulk) tell({ ...nothing, bulk: true });
    for (const person of joins) tell({ ...nothing, added: person });
  }
}
