import type { RoomOptions } from "./seats.js";
import type { LeaveReason, Meta, PayloadOf, Presence, PresenceChange, PresenceEvent } from "./presence.js";

/** What `PresenceMixin` adds to a view. */
export interface PresenceMembers<M extends object, E> {
  /** Sees the room without being in it; happens by itself after `mount`. @throws ConviveError PRESENCE_FORBIDDEN */
  watchPresence(): Promise<void>;
  /**
   * Is in the list, with a meta or a function of the others; called again it changes the meta. Resolves when the own list shows it.
   * @throws ConviveError PRESENCE_FORBIDDEN, PRESENCE_ROOM_FULL, PRESENCE_META_INVALID, PRESENCE_KEY_VARIABLE
   */
  trackPresence(meta: M | ((others: readonly Presence<M>[]) => M)): Promise<void>;
  /** @throws ConviveError PRESENCE_NOT_TRACKED, PRESENCE_META_INVALID */
  updatePresence(patch: Partial<M> | ((meta: Readonly<M>) => Partial<M>)): Promise<void>;
  /** Leaves the list at once. */
  untrackPresence(): Promise<void>;
  /** @throws ConviveError PRESENCE_NOT_WATCHED in `mount`, before `watchPresence` or `trackPresence` */
  listPresences(options?: { limit?: number }): readonly Presence<M>[];
  presenceCount(): number;
  /**
   * Whether the list may be out of date: the store cannot be reached, so who is on other nodes may have come or gone unheard.
   * The template has it too, and is rendered again when it changes.
   *
   * @example
   * <% if (it.presenceStale) { %><p role="status">Others may be out of date: reconnecting…</p><% } %>
   */
  readonly presenceStale: boolean;
  /** Never needed: the socket is the heartbeat. */
  updatePresenceHeartbeat(): Promise<void>;
  getPresenceKey(): string;
  getPresenceUserId(): string;
  /** Tells every view of the room, the own one too unless `exceptSelf`; `only` one user. */
  broadcastToPresence<K extends keyof E & string>(
    event: K,
    ...rest: [...PayloadOf<E, K>, options?: { exceptSelf?: boolean; only?: string }]
  ): void;
  handlePresenceJoin(person: Presence<M>, change: PresenceChange): void | Promise<void>;
  handlePresenceUpdate(
    person: Presence<M>,
    change: PresenceChange & { readonly previous: Readonly<M> },
  ): void | Promise<void>;
  handlePresenceLeave(
    person: Presence<M>,
    change: PresenceChange & { readonly reason: LeaveReason },
  ): void | Promise<void>;
  /** Hears what `broadcastToPresence` sent; passes it on to the page unless overridden. */
  handlePresenceEvent(message: PresenceEvent<E, M>): void | Promise<void>;
  presenceRoom<R extends Meta<R> & object = object, F = Record<string, unknown>>(
    key: string,
    on?: RoomCallbacks<R, F>,
  ): ViewRoom<R, F>;
  /** All of one tick; calls the three above for each, but not in a large room. */
  handlePresenceChange(batch: {
    readonly joins: readonly Presence<M>[];
    readonly updates: readonly Presence<M>[];
    readonly leaves: readonly Presence<M>[];
  }): void | Promise<void>;
}

/** What a view does when somebody comes to a second room, leaves it, or sends something there; and how many may be in it. */
export interface RoomCallbacks<M extends object, E> extends RoomOptions {
  join?(person: Presence<M>, change: PresenceChange): unknown;
  leave?(person: Presence<M>, change: PresenceChange): unknown;
  event?(message: PresenceEvent<E, M>): unknown;
}

/** A second room of a view; the mixin's own methods are this, for the room of `presenceKey`. */
export interface ViewRoom<M extends object, E> {
  readonly key: string;
  readonly presences: readonly Presence<M>[];
  readonly presenceCount: number;
  readonly presenceStale: boolean;
  watch(): Promise<void>;
  track(meta: M): Promise<void>;
  update(patch: Partial<M>): Promise<void>;
  untrack(): Promise<void>;
  broadcast<K extends keyof E & string>(
    event: K,
    ...rest: [...PayloadOf<E, K>, options?: { exceptSelf?: boolean }]
  ): void;
}
