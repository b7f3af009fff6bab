import { ConviveError, messageOf } from "../errors.js";
import type { AddOptions, Connection } from "./connection.js";
import { checkUserId, copyMeta } from "./meta.js";
import type { PresenceNode, RoomHold } from "./node.js";
import { isSameMeta, personOf, type Presence } from "./presence.js";
import type { Tracked } from "./room.js";
import type { RoomMessage } from "./room-message.js";
import type { RoomOptions } from "./seats.js";

/** What is known of a connection beside its rooms. */
export interface Acquaintance {
  /** the same in all rooms and as long as it lives, so that who comes back after a prune is the same again */
  readonly connectionId: string;
  readonly anonymousId: string;
}

/** How a connection enters. */
export interface Entry extends AddOptions, RoomOptions {
  /** number of the last order to disconnect somebody when this was asked for */
  readonly since: number;
}

/** What a room asks of those who keep the connections. */
export interface PlainRoomOwner {
  readonly node: PresenceNode;
  readonly tenant: string;
  acquaintanceOf(connection: Connection): Acquaintance;
  /** Nothing of the connection is here any more, nor on its way. */
  left(connection: Connection, room: PlainRoom): void;
  /** It was silent; it may come back as this. */
  silenced(connection: Connection, room: PlainRoom, as: Omit<Entry, "since">): void;
  /** It has to go, by order. */
  kicked(connection: Connection): void;
  /** It was told to go before it was in. */
  refused(connection: Connection, order: "everywhere" | "here"): void;
}

interface Member extends Tracked {
  readonly hold: RoomHold;
  readonly whenSilent: "leave" | "close";
}

/** The connections of this process in one room. What one of them is asked for happens in the order it was asked. */
export class PlainRoom {
  readonly #members = new Map<Connection, Member>();
  readonly #turns = new Map<Connection, Promise<unknown>>();
  #unwatch: (() => void) | null = null;

  constructor(
    readonly key: string,
    private readonly owner: PlainRoomOwner,
  ) {}

  get isEmpty(): boolean {
    return this.#members.size === 0 && this.#turns.size === 0;
  }

  has(connection: Connection): boolean {
    return this.#members.has(connection) || this.#turns.has(connection);
  }

  add(connection: Connection, entry: Entry): Promise<Presence> {
    const { user, meta, whenSilent } = entry;
    if (user != null) checkUserId(user);
    const copy = meta === undefined ? null : copyMeta(meta, this.owner.node.limits);
    return this.#inTurn(connection, async () => {
      const known = this.#members.get(connection);
      const { connectionId, anonymousId } = this.owner.acquaintanceOf(connection);
      const hold = known?.hold ?? (await this.owner.node.host(this.owner.tenant, this.key));
      const member: Member = {
        hold,
        maxMembers: entry.maxMembers,
        connectionId,
        userId: user ?? known?.userId ?? anonymousId,
        meta: copy ?? known?.meta ?? {},
        whenSilent: whenSilent ?? known?.whenSilent ?? "leave",
      };
      this.#mustBeWelcome(connection, member, entry.since);
      this.#members.set(connection, member);
      this.#unwatch ??= this.#watch(hold);
      await write(member, known).catch((error: unknown) => this.#unseat(connection, member, known, error));
      return this.#presenceOf(member);
    });
  }

  remove(connection: Connection, reason: "left" | "closed" = "left"): Promise<Presence | null> {
    if (!this.has(connection)) return Promise.resolve(null);
    return this.#inTurn(connection, async () => {
      const member = this.#drop(connection);
      if (!member) return null;
      const { room } = member.hold;
      const before = room.find(member.userId) ?? null;
      await room.leave(member.connectionId, reason);
      member.hold.release();
      return room.find(member.userId) ? null : before;
    });
  }

  /** Who would be gone, were these pruned. */
  foresee(isSilent: (connection: Connection) => boolean): readonly Presence[] {
    const silent = [...this.#members].filter(([connection]) => isSilent(connection)).map(([, member]) => member);
    const ids = new Set(silent.map(({ connectionId }) => connectionId));
    const gone = silent.flatMap(({ hold: { room }, userId }) => {
      const own = room.connectionsOf(userId);
      return own.every((each) => ids.has(each.connectionId)) ? (room.find(userId) ?? []) : [];
    });
    return [...new Set(gone)];
  }

  /** Ends all of these in one write, which is one change for those who listen. */
  async prune(isSilent: (connection: Connection) => boolean): Promise<readonly Presence[]> {
    const silent = [...this.#members].filter(([connection]) => isSilent(connection));
    const before = silent.map(([, { hold, userId }]) => hold.room.find(userId));
    const written = silent.map(([connection, { hold, connectionId, ...member }]) => {
      this.#drop(connection);
      if (member.whenSilent === "leave") this.owner.silenced(connection, this, { ...member, user: member.userId });
      return hold.room.leave(connectionId, "timeout");
    });
    await Promise.all(written);
    const gone = before.filter((person, i) => person && !silent[i]![1].hold.room.find(person.id));
    for (const [connection, { hold, whenSilent }] of silent) {
      hold.release();
      if (whenSilent === "close") this.#close(connection);
      this.#tidy(connection);
    }
    return [...new Set(gone)] as Presence[];
  }

  deliver(text: string, except: Connection | null): void {
    for (const [connection, { hold, connectionId, maxMembers }] of this.#members) {
      // Who has no seat yet is not spoken to.
      const isIn = maxMembers === undefined || hold.room.connections.has(connectionId);
      if (connection === except || !isIn) continue;
      try {
        connection.send(text);
      } catch (error) {
        this.owner.node.logger.warn({ room: this.key, error: messageOf(error) }, "a connection could not be sent to");
      }
    }
  }

  /** Idempotent. */
  stop(): void {
    this.#unwatch?.();
    this.#unwatch = null;
    this.#members.clear();
  }

  // ── inside ──

  #watch({ room }: RoomHold): () => void {
    return room.watch({
      message: (message: RoomMessage, sender) => {
        if (message.kind === "text" && !room.isFromHere(sender)) this.deliver(message.text, null);
      },
      kicked: (userId) => this.#kicked(userId),
    });
  }

  /** An order that came while it was on its way found nobody here to obey it. */
  #mustBeWelcome(connection: Connection, { hold, userId }: Member, since: number): void {
    const { node, tenant } = this.owner;
    const order = node.orders.since(since, { tenant, userId, key: this.key });
    if (!order) return;
    this.#drop(connection);
    hold.release();
    this.owner.refused(connection, order);
    throw new ConviveError(
      "PRESENCE_FORBIDDEN",
      `This user was disconnected while entering the room ${JSON.stringify(this.key)}; see who asked for it with disconnectUser().`,
      { status: 403 },
    );
  }

  /** Who could not be written is as before. */
  #unseat(connection: Connection, member: Member, known: Member | undefined, error: unknown): never {
    if (this.#members.get(connection) === member) {
      if (known) this.#members.set(connection, known);
      else this.#drop(connection);
    }
    if (!known) member.hold.release();
    throw error;
  }

  #kicked(userId: string): void {
    for (const [connection, member] of [...this.#members]) {
      if (member.userId !== userId) continue;
      this.#drop(connection);
      member.hold.release();
      this.owner.kicked(connection);
      this.#tidy(connection);
    }
  }

  /** From here on nothing of the room reaches it, its own leave included. */
  #drop(connection: Connection): Member | null {
    const member = this.#members.get(connection) ?? null;
    this.#members.delete(connection);
    if (this.#members.size === 0) {
      this.#unwatch?.();
      this.#unwatch = null;
    }
    return member;
  }

  #inTurn<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(connection) ?? Promise.resolve()).then(work, work);
    this.#turns.set(connection, turn);
    return turn.finally(() => {
      if (this.#turns.get(connection) === turn) this.#turns.delete(connection);
      this.#tidy(connection);
    });
  }

  #tidy(connection: Connection): void {
    if (!this.has(connection)) this.owner.left(connection, this);
  }

  #close(connection: Connection): void {
    closeConnection(this.owner.node, connection, SILENT_CLOSE_CODE, "silent");
  }

  /** Until the store answers, what was asked for. */
  #presenceOf({ hold, whenSilent: _, ...tracked }: Member): Presence {
    const joinedAt = this.owner.node.clock.wallTime();
    const rest = { owner: "", isLingering: false, status: "active", revision: 0, joinedAt, since: joinedAt } as const;
    return hold.room.find(tracked.userId) ?? personOf([{ ...tracked, ...rest }]);
  }
}

const SILENT_CLOSE_CODE = 4408;

export function closeConnection(node: PresenceNode, connection: Connection, code: number, reason: string): void {
  try {
    connection.close?.(code, reason);
  } catch (error) {
    node.logger.warn({ error: messageOf(error) }, "a connection could not be closed");
  }
}

/** @throws ConviveError EVENT_INVALID */
export function encodePlain(message: unknown): string {
  if (typeof message === "string") return message;
  let text: string | undefined;
  let cause: unknown;
  try {
    text = JSON.stringify(message);
  } catch (error) {
    cause = error;
  }
  if (text !== undefined) return text;
  throw new ConviveError("EVENT_INVALID", "What is broadcast to a room must be a text or plain JSON.", { cause });
}

async function write({ hold: { room }, ...member }: Member, known: Member | undefined): Promise<void> {
  if (known?.userId !== member.userId) await room.track(member);
  else if (!isSameMeta(known.meta, member.meta)) await room.update(member.connectionId, member.meta);
}
