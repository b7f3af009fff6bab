import type { Clock } from "../clock.js";
import { messageOf } from "../errors.js";
import type { Limits } from "../options.js";
import type { PresenceNode } from "../presence/node.js";
import type { ConnectionRecord } from "../presence/presence.js";
import type { Room } from "../presence/room.js";
import type { Cache } from "./cache.js";
import { CONNECTION_KEPT_MS } from "./keeper.js";
import { decodeKept, encodeKept } from "./kept.js";
import { isUserPointer, userPointer } from "./pointers.js";
import { cursorsByUser, type Cursors, type UserCursor } from "./position.js";
import { CursorRoom, type CursorRoomOwner } from "./room.js";

type Connections = ReadonlyMap<string, ConnectionRecord>;
type KeptCursors = ReadonlyMap<string, UserCursor>;

const NOBODY: Connections = new Map();

/** The cursors of all rooms on this node, and what is kept of them for who asks from outside. */
export class CursorRooms implements CursorRoomOwner {
  readonly #rooms = new Map<string, CursorRoom>();
  #isMute = false;

  constructor(
    private readonly node: PresenceNode,
    private readonly cache: Cache,
  ) {}

  get clock(): Clock {
    return this.node.clock;
  }
  get limits(): Limits {
    return this.node.limits;
  }
  /** How many rooms have viewers or pointers. */
  get size(): number {
    return this.#rooms.size;
  }

  /** The cursors of a room that is hosted; they end by themselves with the last viewer and pointer. */
  of(room: Room): CursorRoom {
    let cursors = this.#rooms.get(room.name);
    if (!cursors) this.#rooms.set(room.name, (cursors = new CursorRoom(this, this.node.retain(room))));
    return cursors;
  }

  find(tenant: string, key: string): CursorRoom | undefined {
    return this.#rooms.get(this.node.nameOf(tenant, key));
  }

  // ── from outside ──

  /** Moves a pointer that no connection carries, on every node. */
  async moveUser(
    tenant: string,
    key: string,
    userId: string,
    at: readonly [x: number, y: number],
    meta: object,
  ): Promise<void> {
    const room = this.find(tenant, key);
    if (room) return room.moveUser(userId, at, meta);
    const [id, name] = [userPointer(userId), this.node.nameOf(tenant, key)];
    const cursor = { userId, x: at[0], y: at[1], timestamp: this.clock.wallTime(), meta };
    await Promise.all([
      this.#write(name, new Map([[id, cursor]]), this.limits.cursorTimeoutMs),
      this.node.publish(tenant, key, { kind: "cursors", moves: [[id, at[0], at[1], meta]] }),
    ]);
  }

  /** Removes all pointers of a user, on every node. */
  async removeUser(tenant: string, key: string, userId: string): Promise<void> {
    const room = this.find(tenant, key);
    const own = userPointer(userId);
    if (room) return this.#tellGone(tenant, key, [...new Set([own, ...room.removeUser(userId)])]);
    const kept = [...(await this.#kept(tenant, key))].filter(([, each]) => each.userId === userId);
    const ids = [...new Set([own, ...kept.map(([id]) => id)])];
    await Promise.all([this.cache.delete(this.node.nameOf(tenant, key), ids), this.#tellGone(tenant, key, ids)]);
  }

  async cursors(tenant: string, key: string): Promise<Cursors<object>> {
    const room = this.find(tenant, key);
    return room ? room.cursors : cursorsByUser((await this.#kept(tenant, key)).values());
  }

  // ── what a room asks ──

  async keep(room: string, cursors: KeptCursors, gone: readonly string[]): Promise<boolean> {
    const ofUsers = new Map([...cursors].filter(([id]) => isUserPointer(id)));
    const ofConnections = new Map([...cursors].filter(([id]) => !isUserPointer(id)));
    const kept = await this.#guard("cursor positions could not be kept", () =>
      Promise.all([
        this.#write(room, ofUsers, this.limits.cursorTimeoutMs),
        this.#write(room, ofConnections, CONNECTION_KEPT_MS),
        gone.length > 0 && this.cache.delete(room, gone),
      ]),
    );
    return kept !== null;
  }

  async keptPointers(room: string): Promise<KeptCursors> {
    const fields = await this.#guard("kept cursor positions could not be read", () => this.cache.get(room));
    return fields ? decoded(fields, NOBODY) : new Map();
  }

  emptied(room: CursorRoom): void {
    if (this.#rooms.get(room.name) !== room) return;
    this.#rooms.delete(room.name);
    void room.stop();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const rooms = [...this.#rooms.values()];
    this.#rooms.clear();
    await Promise.all(rooms.map((room) => room.stop()));
    await this.cache.close();
  }

  // ── inside ──

  /** Whoever moves them: nobody has to be known to hear it. */
  #tellGone(tenant: string, key: string, ids: readonly string[]): Promise<void> {
    return this.node.publish(tenant, key, { kind: "cursors", moves: ids.map((id) => [id, null, null] as const) });
  }

  async #write(room: string, cursors: KeptCursors, ttlMs: number): Promise<void> {
    if (cursors.size === 0) return;
    const fields = new Map([...cursors].map(([id, cursor]) => [id, encodeKept(id, cursor)]));
    await this.cache.set(room, fields, ttlMs);
  }

  /** Of the pointers whose connection is in the room's list now, and of those without one. */
  async #kept(tenant: string, key: string): Promise<KeptCursors> {
    const name = this.node.nameOf(tenant, key);
    const fields = await this.cache.get(name);
    const isAlone = [...fields.keys()].every(isUserPointer);
    return decoded(fields, isAlone ? NOBODY : await this.#connections(tenant, key, name));
  }

  async #connections(tenant: string, key: string, name: string): Promise<Connections> {
    const hosted = this.node.find(tenant, key);
    if (hosted && !hosted.isStale) return hosted.connections;
    const { connections } = await this.node.backend.snapshot(name);
    return new Map(connections.map((each) => [each.connectionId, each]));
  }

  /** Cursors go on when the store does not answer; that is said once. */
  async #guard<T>(what: string, work: () => Promise<T>): Promise<T | null> {
    try {
      const result = await work();
      this.#isMute = false;
      return result;
    } catch (error) {
      if (!this.#isMute) this.node.logger.warn({ error: messageOf(error) }, what);
      this.#isMute = true;
      return null;
    }
  }
}

function decoded(fields: ReadonlyMap<string, string>, connections: Connections): KeptCursors {
  const cursors = new Map<string, UserCursor>();
  for (const [id, text] of fields) {
    const cursor = decodeKept(id, text, connections);
    if (cursor) cursors.set(id, cursor);
  }
  return cursors;
}
