import type { Meta, Presence } from "./presence.js";

/** Anything that text can be sent to: a socket of `ws`, or what you make of another transport. */
export interface Connection {
  send(data: string): void;
  close?(code?: number, reason?: string): void;
}

/** How a connection enters a room. */
export interface AddOptions<M extends object = object> {
  /** the user's id; nobody knows who it is unless given */
  readonly user?: string | null | undefined;
  readonly meta?: M | undefined;
  /** what happens after a minute of silence: it leaves until it is heard again, or it is also closed, with 4408; `"leave"` */
  readonly whenSilent?: "leave" | "close" | undefined;
}

/**
 * One room for connections of your own, without any view. A handle: all handles of one key are the same room, shared with the views of that
 * key. Lists show what this process hears of the room, from its first `add` on.
 *
 * @example
 * const lobby = presence.room<{ name: string }>("lobby");
 * await lobby.add(socket, { user: "7", meta: { name: "Ada" } });
 * await lobby.broadcast({ type: "hello", users: lobby.users(), lurkers: lobby.anonymousCount() });
 */
export interface Room<M extends object = object> {
  readonly key: string;
  /** The key. */
  toString(): string;
  /**
   * Idempotent: adding again is a sign of life, takes over a meta that differs, and names who was anonymous.
   * @throws ConviveError PRESENCE_ROOM_FULL, PRESENCE_FORBIDDEN when the user is disconnected meanwhile, PRESENCE_USER_INVALID,
   * PRESENCE_META_INVALID, SERVER_CLOSED
   */
  add(connection: Connection, options?: AddOptions<M>): Promise<Presence<M>>;
  /** Resolves with the presence that ended; null when the connection was not there, or another one keeps the presence. */
  remove(connection: Connection): Promise<Presence<M> | null>;
  /** Everybody, who came first first. */
  presences(): readonly Presence<M>[];
  /** The ids of those who are known, each once, however many connections they have. */
  users(): readonly string[];
  /** How many connections are of people nobody knows. */
  anonymousCount(): number;
  /**
   * Sends a text, or anything else as JSON, to each connection of the room, on every node.
   * @throws ConviveError EVENT_INVALID for what is not JSON
   */
  broadcast(message: unknown, options?: { except?: Connection }): Promise<void>;
  /**
   * Takes out the connections of this process that were silent for longer than `maxAgeMs` (`limits.prunePresencesMs` unless given), as one change.
   * Resolves with those who are gone now. It happens by itself, too.
   */
  prune(options?: { maxAgeMs?: number }): Promise<readonly Presence<M>[]>;
}

/**
 * Who came or went. Exactly one of the three is set: one person came, one went, or, `bulk`, the list changed otherwise, so that it is to be read
 * again: the silent were pruned, a node died, or somebody anonymous became known.
 */
export interface RoomChange<M extends object = object> {
  readonly room: Room<M>;
  readonly added: Presence<M> | null;
  readonly removed: Presence<M> | null;
  readonly bulk: boolean;
}

/** What the type parameter of `room` may be: plain JSON, no reserved name. */
export type RoomMeta<M> = Meta<M> & object;

/** Ids of people nobody knows begin so, in views too. */
const ANONYMOUS = "anon_";

export function anonymousId(chance: string): string {
  return `${ANONYMOUS}${chance}`;
}

export function isAnonymous(userId: string): boolean {
  return userId.startsWith(ANONYMOUS);
}
