import type { ErrorCode } from "../errors.js";
import type { Connection, Room as PlainRoom, RoomMeta } from "./connection.js";
import { checkTenant, encodeKey } from "./key.js";
import { checkUserId } from "./meta.js";
import type { PresenceNode, PresenceStats } from "./node.js";
import { PlainRooms } from "./plain-rooms.js";
import type { Presence } from "./presence.js";
import { prune, pruneRooms, type PrunedRoom, type PruneOptions } from "./pruning.js";
import { listRooms, type RoomCount } from "./room-listing.js";
import { RoomEvents, type ChangeListener, type PersonEvent, type PersonListener } from "./room-events.js";
import type { RoomOptions } from "./seats.js";
import { ServerMembers, type Bot, type JoinOptions } from "./server-members.js";
import { standaloneNode, type ManagerOptions } from "./standalone.js";
import { removing, touching, type HandlerOwner } from "./touch.js";

export type { Bot, JoinOptions } from "./server-members.js";

/** What `presence.health()` tells. `degraded`: the store does not answer, for the reason that `code` names. */
export interface PresenceHealth extends PresenceStats {
  readonly status: "ok" | "degraded";
  readonly code?: ErrorCode;
}

/** What the managers of one node share: the node, and who else there is. */
interface Footing {
  readonly node: PresenceNode;
  readonly tenant: string;
  /** one per tenant; the first made ends the node */
  readonly managers: Map<string, PresenceManager>;
}

let given: Footing | null = null;

function managerOn(footing: Footing): PresenceManager {
  given = footing;
  try {
    return new PresenceManager();
  } finally {
    given = null;
  }
}

/** The public face of a node that already is. */
export function managerOf(node: PresenceNode): PresenceManager {
  return managerOn({ node, tenant: "", managers: new Map() });
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
  readonly #tenant: string;
  readonly #managers: Map<string, PresenceManager>;
  readonly #isFirst: boolean;
  readonly #members: ServerMembers;
  readonly #rooms: PlainRooms;
  readonly #events: RoomEvents;
  readonly #handlers: HandlerOwner;

  /**
   * On its own, without `convive()`: rooms of this process, or with `redis` of all that share it.
   * @throws ConviveError OPTION_INVALID, PRESENCE_KEY_INVALID for a tenant that is no text, and what `redis` is refused for
   */
  constructor(options: ManagerOptions = {}) {
    const { node, tenant, managers } = given ?? standalone(options);
    this.#node = node;
    this.#tenant = tenant;
    this.#managers = managers;
    this.#isFirst = managers.size === 0;
    this.#members = new ServerMembers(node, tenant);
    this.#rooms = new PlainRooms(node, tenant);
    this.#events = new RoomEvents(node, tenant, (key) => this.room(key));
    this.#handlers = { rooms: this.#rooms, logger: node.logger };
    managers.set(tenant, this);
  }

  /**
   * The manager of one tenant's rooms: what it lists, tells and ends is of that tenant only, though keys and user ids may be those of
   * another. The same one each time, until it is closed; that ends its listeners and whom it put somewhere, and nothing else.
   *
   * @example
   * await live.presence.forTenant("acme").listPresences("doc:42");
   * @throws ConviveError PRESENCE_KEY_INVALID for a tenant that is no text, or too long
   */
  forTenant(tenant: string): PresenceManager {
    checkTenant(tenant, this.#node.limits.presenceKeyBytes);
    return this.#managers.get(tenant) ?? managerOn({ node: this.#node, tenant, managers: this.#managers });
  }

  /**
   * Puts a user into a room without any socket, for `ttlMs` after the last `updateHeartbeat`. Joining twice changes the meta.
   * @throws ConviveError PRESENCE_ROOM_FULL, PRESENCE_KEY_INVALID, PRESENCE_USER_INVALID, PRESENCE_META_INVALID, OPTION_INVALID
   */
  async joinPresence<M extends object>(
    key: string,
    userId: string,
    meta: M,
    options: JoinOptions = {},
  ): Promise<Presence<M>> {
    return this.#members.join(key, userId, meta, options);
  }

  /**
   * Takes a user out of a room, or one connection. Resolves with the presence that ended, or null when there was none or other connections keep it.
   */
  async leavePresence(key: string, userId: string, connectionId?: string): Promise<Presence | null> {
    return this.#members.leave(key, userId, connectionId);
  }

  /** Puts a bot into a room; it stays until it leaves or this process ends. */
  async addBot<M extends object>(key: string, botId: string, meta: M): Promise<Bot<M>> {
    return this.#members.addBot(key, botId, meta);
  }

  /** Everybody in a room, who joined first first. */
  async listPresences<M extends object = object>(
    key: string,
    { limit = Infinity }: { limit?: number } = {},
  ): Promise<readonly Presence<M>[]> {
    return (await this.#node.read(this.#tenant, key, limit)) as readonly Presence<M>[];
  }

  /**
   * The rooms that somebody is in, on all nodes, in no order. Reads a page at a time and leaves no trace.
   *
   * @example
   * for await (const { key, people } of live.presence.rooms()) console.log(key, people);
   */
  rooms(): AsyncIterable<RoomCount> {
    return listRooms(this.#node.backend, this.#tenant);
  }

  /** How many people are in a room; always the length of the whole list. */
  async presenceCount(key: string): Promise<number> {
    const room = this.#node.find(this.#tenant, key);
    if (room && !room.isStale) return room.count;
    return this.#node.backend.count(this.#node.nameOf(this.#tenant, key));
  }

  /** Gives who joined without a socket another `ttlMs`; false when nobody of this id is there. It brings nobody back. */
  async updateHeartbeat(key: string, userId: string): Promise<boolean> {
    return this.#members.heartbeat(key, userId);
  }

  /** A name for the group of this key in other systems: letters, digits, `_` and `%` only, and another one for each key. */
  presenceGroupName(key: string): string {
    const parts = this.#tenant === "" ? [key] : [this.#tenant, key];
    return ["convive_presence", ...parts.map((part) => encodeKey(part, this.#node.limits.presenceKeyBytes))].join("_");
  }

  /** Sends an event to every view of the room, as `broadcastToPresence` does; `payload` is plain JSON. */
  async broadcast(key: string, event: string, payload: unknown = {}): Promise<void> {
    await this.#node.publish(this.#tenant, key, { kind: "event", event, payload, from: null });
  }

  /**
   * Ends a user's pages, or with `key` their part in one room, on every node within a second. `authorizePresence` decides
   * whether they may come back.
   */
  async disconnectUser(userId: string, { key }: { key?: string } = {}): Promise<void> {
    checkUserId(userId);
    await this.#node.disconnect({ userId, tenant: this.#tenant, key: key ?? null });
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
    return prune(this.#node, this.#rooms, this.#tenant, options) as Promise<readonly PrunedRoom<M>[]>;
  }

  /**
   * Forgets rooms that hold nobody and still stand in the store's registers, as after a loss of keys; empty rooms go by themselves. Resolves
   * with their keys.
   *
   * @example
   * console.log(await presence.pruneRooms({ dryRun: true }));
   */
  pruneRooms({ dryRun = false }: { dryRun?: boolean } = {}): Promise<readonly string[]> {
    return pruneRooms(this.#node.backend, this.#tenant, dryRun);
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
   * @throws ConviveError PRESENCE_KEY_INVALID, OPTION_INVALID for a `maxMembers` that is no number of people
   */
  room<M extends RoomMeta<M> = object>(key: string, options: RoomOptions = {}): PlainRoom<M> {
    return this.#rooms.room(key, options);
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
    return event === "change" ? this.#events.onChange(listener) : this.#events.onPerson(event, listener);
  }

  /**
   * For a health check of a server without `convive()`: whether the store answers, and what this process takes part in.
   *
   * @example
   * app.get("/healthz", (request, response) => response.json(presence.health()));
   */
  health(): PresenceHealth {
    const code = this.#node.trouble;
    return { status: code ? "degraded" : "ok", ...(code ? { code } : {}), ...this.#node.stats() };
  }

  /** Ends this process's part in all rooms, of all tenants; of a manager of `forTenant` its own part. Idempotent. */
  async close(): Promise<void> {
    if (!this.#isFirst) return this.#closeTenant();
    for (const manager of this.#managers.values()) manager.#stop();
    await this.#node.close();
  }

  async #closeTenant(): Promise<void> {
    if (this.#managers.get(this.#tenant) === this) this.#managers.delete(this.#tenant);
    this.#events.stop();
    await Promise.all([this.#rooms.close(), this.#members.close()]);
  }

  #stop(): void {
    this.#events.stop();
    this.#members.stop();
    this.#rooms.stop();
  }
}

function standalone(options: ManagerOptions): Footing {
  return { node: standaloneNode(options), tenant: options.tenant ?? "", managers: new Map() };
}
