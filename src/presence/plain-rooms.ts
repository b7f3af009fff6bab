import type { Timer } from "../clock.js";
import { ConviveError } from "../errors.js";
import { CLOSE_CODES } from "../protocol.js";
import { anonymousId, isAnonymous, type AddOptions, type Connection, type Room } from "./connection.js";
import type { Disconnect, PresenceNode } from "./node.js";
import {
  closeConnection,
  encodePlain,
  PlainRoom,
  type Acquaintance,
  type Entry,
  type PlainRoomOwner,
} from "./plain-room.js";
import type { Presence } from "./presence.js";
import { checkMaxMembers, type RoomOptions } from "./seats.js";

interface Known extends Acquaintance {
  lastSeenAt: number;
  readonly rooms: Set<PlainRoom>;
  /** rooms it was pruned from, and how it comes back; orders of meanwhile hold */
  readonly silenced: Map<string, Entry>;
}

/** Connections without views: in which rooms each is, when it was last heard, and who was silent for too long. */
export class PlainRooms implements PlainRoomOwner {
  readonly #rooms = new Map<string, PlainRoom>();
  readonly #known = new WeakMap<Connection, Known>();
  /** who is in a room; who was heard longest ago comes first */
  readonly #present = new Map<Connection, Known>();
  readonly #kicked = new Set<Connection>();
  readonly #stopHearing: () => void;
  #timer: Timer | null = null;
  #isStopped = false;

  constructor(
    readonly node: PresenceNode,
    readonly tenant = "",
  ) {
    this.#stopHearing = node.onDisconnect((order) => this.#ordered(order));
  }

  /** How many rooms connections of this process are in. */
  get count(): number {
    return this.#rooms.size;
  }

  /** @throws ConviveError PRESENCE_KEY_INVALID */
  room<M extends object>(key: string, { maxMembers }: RoomOptions = {}): Room<M> {
    this.node.nameOf(this.tenant, key);
    checkMaxMembers(maxMembers);
    return new RoomHandle<M>(key, maxMembers, this);
  }

  add(key: string, connection: Connection, options: AddOptions & RoomOptions): Promise<Presence> {
    return this.#enter(key, connection, { ...options, since: this.node.orders.last });
  }

  async remove(key: string, connection: Connection): Promise<Presence | null> {
    this.#known.get(connection)?.silenced.delete(key);
    return (await this.#rooms.get(key)?.remove(connection)) ?? null;
  }

  async touch(connection: Connection): Promise<void> {
    const known = this.#known.get(connection);
    if (!known || this.#isStopped) return;
    const returns = [...known.silenced];
    known.silenced.clear();
    if (this.#present.has(connection)) this.#heard(connection, known);
    await Promise.all(returns.map(([key, entry]) => this.#return(connection, key, entry)));
  }

  async leaveAll(connection: Connection): Promise<void> {
    const known = this.#known.get(connection);
    known?.silenced.clear();
    await Promise.all([...(known?.rooms ?? [])].map((room) => room.remove(connection, "closed")));
  }

  async broadcast(key: string, message: unknown, except: Connection | null): Promise<void> {
    const text = encodePlain(message);
    this.#rooms.get(key)?.deliver(text, except);
    await this.node.publish(this.tenant, key, { kind: "text", text });
  }

  /** `isDry`: only tells who would go. */
  async prune(key: string, maxAgeMs: number, isDry = false): Promise<readonly Presence[]> {
    const before = this.node.clock.now() - maxAgeMs;
    // Who is heard in this very turn is not silent.
    await Promise.resolve();
    const isSilent = (connection: Connection) => this.#known.get(connection)!.lastSeenAt < before;
    const room = this.#rooms.get(key);
    return (await (isDry ? room?.foresee(isSilent) : room?.prune(isSilent))) ?? [];
  }

  /** As `prune`, in all rooms; tells of those that lose somebody. */
  async pruneAll(
    maxAgeMs: number,
    isDry: boolean,
  ): Promise<readonly { readonly room: string; readonly removed: readonly Presence[] }[]> {
    const pruned = [...this.#rooms.keys()].map(async (room) => {
      return { room, removed: await this.prune(room, maxAgeMs, isDry) };
    });
    return (await Promise.all(pruned)).filter(({ removed }) => removed.length > 0);
  }

  /** Takes every connection out of its rooms, and serves no more. */
  async close(): Promise<void> {
    const leaving = [...this.#present.keys()].map((connection) => this.leaveAll(connection));
    this.#isStopped = true;
    await Promise.all(leaving);
    this.stop();
  }

  /** Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.clear();
    this.#stopHearing();
    for (const room of this.#rooms.values()) room.stop();
    this.#rooms.clear();
    this.#present.clear();
  }

  // ── what the rooms ask ──

  acquaintanceOf(connection: Connection): Acquaintance {
    return this.#meet(connection);
  }

  left(connection: Connection, room: PlainRoom): void {
    const known = this.#meet(connection);
    known.rooms.delete(room);
    if (known.rooms.size === 0) this.#present.delete(connection);
    if (room.isEmpty && this.#rooms.get(room.key) === room) this.#rooms.delete(room.key);
  }

  silenced(connection: Connection, room: PlainRoom, as: Omit<Entry, "since">): void {
    this.#meet(connection).silenced.set(room.key, { ...as, since: this.node.orders.last });
  }

  kicked(connection: Connection): void {
    this.#kicked.add(connection);
  }

  refused(connection: Connection, order: "everywhere" | "here"): void {
    if (order === "everywhere") this.#disconnect(connection);
  }

  // ── inside ──

  async #enter(key: string, connection: Connection, entry: Entry): Promise<Presence> {
    if (this.#isStopped) throw new ConviveError("SERVER_CLOSED", "This PresenceManager is closed; make a new one.");
    const known = this.#meet(connection);
    const room = this.#rooms.get(key) ?? new PlainRoom(key, this);
    const adding = room.add(connection, entry);
    this.#rooms.set(key, room);
    known.rooms.add(room);
    known.silenced.delete(key);
    this.#heard(connection, known);
    return adding;
  }

  async #return(connection: Connection, key: string, entry: Entry): Promise<void> {
    try {
      await this.#enter(key, connection, entry);
    } catch (error) {
      const code = error instanceof ConviveError ? error.code : null;
      // Its seat was taken meanwhile: with a later sign of life there may be one again.
      if (code === "PRESENCE_ROOM_FULL") this.#meet(connection).silenced.set(key, entry);
      else if (code !== "PRESENCE_FORBIDDEN") throw error;
    }
  }

  /** The rooms have obeyed before. */
  #ordered({ key }: Disconnect): void {
    for (const connection of this.#kicked) if (key === null) this.#disconnect(connection);
    this.#kicked.clear();
  }

  #disconnect(connection: Connection): void {
    closeConnection(this.node, connection, CLOSE_CODES.disconnected, "disconnected");
  }

  #meet(connection: Connection): Known {
    let known = this.#known.get(connection);
    if (!known) {
      const [connectionId, anonymous] = [`plain:${this.node.newId()}`, anonymousId(this.node.newId())];
      const lastSeenAt = this.node.clock.now();
      known = { connectionId, anonymousId: anonymous, lastSeenAt, rooms: new Set(), silenced: new Map() };
      this.#known.set(connection, known);
    }
    return known;
  }

  #heard(connection: Connection, known: Known): void {
    known.lastSeenAt = this.node.clock.now();
    this.#present.delete(connection);
    this.#present.set(connection, known);
    if (!this.#timer) this.#schedule();
  }

  /** One timer for all, for who was heard longest ago. */
  #schedule(): void {
    this.#timer?.clear();
    this.#timer = null;
    const [oldest] = this.#present.values();
    if (!oldest || this.#isStopped) return;
    const { prunePresencesMs, nodeTickMs } = this.node.limits;
    const waitMs = Math.max(oldest.lastSeenAt + prunePresencesMs + 1 - this.node.clock.now(), nodeTickMs);
    const due = this.node.clock.now() + waitMs;
    this.#timer = this.node.clock.after(waitMs, () => void this.#pruneAll(due));
  }

  async #pruneAll(due: number): Promise<void> {
    const { clock, limits } = this.node;
    const now = clock.now();
    // Of a process that was stopped itself, nobody knows who was silent: what waits to be read is read first.
    const hasSlept = now - due > limits.storeClockStepMs;
    const before = now - limits.prunePresencesMs;
    const silent = new Set<Connection>();
    for (const [connection, { lastSeenAt }] of this.#present) {
      if (hasSlept || lastSeenAt >= before) break;
      silent.add(connection);
    }
    const rooms = new Set([...silent].flatMap((connection) => [...this.#known.get(connection)!.rooms]));
    const pruned = [...rooms].map((room) => room.prune((connection) => silent.has(connection)));
    this.#schedule();
    await Promise.all(pruned);
  }
}

class RoomHandle<M extends object> implements Room<M> {
  constructor(
    readonly key: string,
    private readonly maxMembers: number | undefined,
    private readonly rooms: PlainRooms,
  ) {}

  toString(): string {
    return this.key;
  }
  add(connection: Connection, options: AddOptions<M> = {}): Promise<Presence<M>> {
    return this.rooms.add(this.key, connection, { ...options, maxMembers: this.maxMembers }) as Promise<Presence<M>>;
  }
  remove(connection: Connection): Promise<Presence<M> | null> {
    return this.rooms.remove(this.key, connection) as Promise<Presence<M> | null>;
  }
  presences(): readonly Presence<M>[] {
    return (this.rooms.node.find(this.rooms.tenant, this.key)?.everybody ?? []) as readonly Presence<M>[];
  }
  users(): readonly string[] {
    return this.presences().flatMap(({ id }) => (isAnonymous(id) ? [] : id));
  }
  anonymousCount(): number {
    return this.presences().reduce((sum, { id, connections }) => sum + (isAnonymous(id) ? connections : 0), 0);
  }
  broadcast(message: unknown, { except }: { except?: Connection } = {}): Promise<void> {
    return this.rooms.broadcast(this.key, message, except ?? null);
  }
  prune({ maxAgeMs = this.rooms.node.limits.prunePresencesMs }: { maxAgeMs?: number } = {}) {
    return this.rooms.prune(this.key, maxAgeMs) as Promise<readonly Presence<M>[]>;
  }
}
