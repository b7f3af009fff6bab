import type { Clock } from "../clock.js";
import { messageOf } from "../errors.js";
import type { Limits } from "../options.js";
import type { PresenceNode } from "../presence/node.js";
import type { Room } from "../presence/room.js";
import type { Cache } from "./cache.js";
import { userPointer } from "./pointers.js";
import { cursorsByUser, type Cursors, type UserCursor } from "./position.js";
import { CursorRoom, type CursorRoomOwner } from "./room.js";

/** The cursors of all rooms on this node, and what is kept of them for who asks from outside. */
export class CursorRooms implements CursorRoomOwner {
  readonly #rooms = new Map<string, CursorRoom>();

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

  /** Moves a pointer that no connection carries, on every node. */
  async moveUser(key: string, userId: string, at: readonly [x: number, y: number], meta: object): Promise<void> {
    const room = this.find("", key);
    if (room) return room.moveUser(userId, at, meta);
    const id = userPointer(userId);
    const cursor: UserCursor = { userId, x: at[0], y: at[1], timestamp: this.clock.wallTime(), meta };
    await this.cache.set(
      this.node.nameOf("", key),
      new Map([[id, JSON.stringify(cursor)]]),
      this.limits.cursorTimeoutMs,
    );
    await this.node.publish("", key, { kind: "cursors", moves: [[id, at[0], at[1], meta]] });
  }

  /** Removes all pointers of a user, on every node. */
  async removeUser(key: string, userId: string): Promise<void> {
    const name = this.node.nameOf("", key);
    const kept = await this.#kept(name);
    const ids = new Set([userPointer(userId), ...kept.filter(([, each]) => each.userId === userId).map(([id]) => id)]);
    this.find("", key)?.removeUser(userId);
    await this.cache.delete(name, [...ids]);
    await this.node.publish("", key, { kind: "cursors", moves: [...ids].map((id) => [id, null, null] as const) });
  }

  async cursors(key: string): Promise<Cursors<object>> {
    const room = this.find("", key);
    return room ? room.cursors : cursorsByUser((await this.#kept(this.node.nameOf("", key))).map(([, each]) => each));
  }

  keep(room: string, cursors: ReadonlyMap<string, UserCursor>, gone: readonly string[]): void {
    const fields = new Map([...cursors].map(([id, cursor]) => [id, JSON.stringify(cursor)]));
    Promise.all([
      fields.size > 0 && this.cache.set(room, fields, this.limits.cursorTimeoutMs),
      gone.length > 0 && this.cache.delete(room, gone),
    ]).catch((error: unknown) => {
      this.node.logger.warn({ room, error: messageOf(error) }, "cursor positions could not be kept");
    });
  }

  emptied(room: CursorRoom): void {
    if (this.#rooms.get(room.name) !== room) return;
    this.#rooms.delete(room.name);
    room.stop();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    for (const room of this.#rooms.values()) room.stop();
    this.#rooms.clear();
    await this.cache.close();
  }

  async #kept(name: string): Promise<(readonly [string, UserCursor])[]> {
    const fields = await this.cache.get(name);
    return [...fields].map(([id, text]) => [id, JSON.parse(text) as UserCursor] as const);
  }
}
