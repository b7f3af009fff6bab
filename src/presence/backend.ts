import type { ConnectionRecord, LeaveReason, Status } from "./presence.js";

/** `epoch.version.nonce` of a room, or "" for a room that the store does not know. Equal heads are equal rooms. */
export type Head = string;

/** One change of one connection, as its owner asks for it. */
export type Operation = PutOperation | DeleteOperation | EvictOperation;

/** Adds a connection or changes it; it is the writer's from now on. */
export interface PutOperation {
  readonly op: "put";
  readonly connectionId: string;
  readonly userId: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly status: Status;
  readonly isLingering: boolean;
  /** The meta was changed on purpose: the store gives the next revision. Else `revision`, else what is stored, else 0. */
  readonly revises?: boolean;
  readonly revision?: number;
  /** Else what is stored, else the store's time, never decreasing in a room. */
  readonly joinedAt?: number;
  /** Else what is stored, else `joinedAt`. */
  readonly since?: number;
  /** Of a connection without a process. */
  readonly lifetime?: Lifetime;
  /** A join: it is refused when so many users have a connection in the room and this one has none. */
  readonly maxMembers?: number;
}

/** How long a connection without a process stays: until nobody has told of it for so long. */
export interface Lifetime {
  /** the last sign of life, in store time */
  readonly seenAt: number;
  readonly ttlMs: number;
}

/** Removes a connection of the writer's, or of a former term of its process. */
export interface DeleteOperation {
  readonly op: "delete";
  readonly connectionId: string;
  readonly reason: LeaveReason;
}

/** Removes another's connection, only while it lingers. */
export interface EvictOperation {
  readonly op: "evict";
  readonly connectionId: string;
  readonly reason: LeaveReason;
}

/** A batch of one incarnation for one room: atomic, and published in the same step. */
export interface RoomWrite {
  /** `process.term`, or `TTL_OWNER`, which has no lease and no fence, and whose changes the store numbers itself */
  readonly incarnation: string;
  /** rises with each write of this incarnation to this room; an old one is refused */
  readonly sequence: number;
  /** chance, for the new head */
  readonly nonce: string;
  /** this is the whole of what the process owns here: its other records go, its former terms are closed */
  readonly isAll?: boolean;
  readonly operations: readonly Operation[];
}

export type RoomWriteResult =
  /** `head` is the room's now; a write that changes nothing publishes nothing. */
  | {
      readonly state: "ok";
      readonly head: Head;
      readonly hasChanged: boolean;
      /** connections that found no seat; the rest of the batch is done */
      readonly refused?: readonly string[];
    }
  /** A later write of this incarnation came first; `sequence` is the last that counted. */
  | { readonly state: "stale"; readonly sequence: number }
  /** The incarnation was condemned: a new term is needed. */
  | { readonly state: "dead" };

/** A connection removed: named with its owner, since an id alone could meet a newer record of the same name. */
export interface Removal {
  readonly connectionId: string;
  readonly owner: string;
  readonly reason: LeaveReason;
}

/** What a sweep or a prune removed from a room, or would remove. */
export interface RoomLosses {
  readonly room: string;
  readonly connections: readonly ConnectionRecord[];
  /** users who are in the room no more */
  readonly gone: readonly string[];
}

export interface PruneRequest {
  /** also ends those whose last sign of life is older, whatever their own time is */
  readonly maxAgeMs?: number;
  /** asks only what would be removed */
  readonly isDry?: boolean;
}

/** What a write or a sweep changed, in the room's one order. */
export interface RoomEvent {
  readonly previous: Head;
  readonly head: Head;
  /** who wrote; of a sweep, the incarnation that was swept */
  readonly incarnation: string;
  readonly sequence: number;
  readonly put: readonly ConnectionRecord[];
  readonly removed: readonly Removal[];
  /** of an `isAll` write: every connection the process owns here */
  readonly owned?: readonly string[];
}

export interface RoomSnapshot {
  readonly head: Head;
  readonly connections: readonly ConnectionRecord[];
  /** last write that counted, per incarnation; Infinity for a closed one */
  readonly sequences: ReadonlyMap<string, number>;
  /** condemned incarnations whose writes are refused here */
  readonly fenced: ReadonlySet<string>;
}

export interface RoomListener {
  changed(event: RoomEvent): void;
  /** What `publish` sent, in the same order as the changes. */
  published(text: string): void;
}

export interface TickRequest {
  readonly incarnation: string;
  /** the first tick of this incarnation */
  readonly isFirst: boolean;
  readonly leaseMs: number;
  /** longest step of the store clock */
  readonly stepMs: number;
  /** number of the last order heard */
  readonly ordersSince: number;
}

/** Everybody of this user id is to leave the room of this key, or all rooms of the tenant when `key` is null. */
export interface KickOrder {
  /** heard twice, it is obeyed once */
  readonly id: string;
  readonly userId: string;
  readonly tenant: string;
  readonly key: string | null;
}

export interface TickResult {
  /** `unknown`: the store has no lease of this incarnation; as `dead`, a new term is needed */
  readonly state: "ok" | "dead" | "unknown";
  /** ms that advance only while somebody ticks, at most `stepMs` at a time */
  readonly storeTime: number;
  /** incarnations to be swept */
  readonly condemned: readonly string[];
  readonly orders: readonly KickOrder[];
  readonly lastOrder: number;
}

/** A room as a look from outside finds it. */
export interface RoomSummary {
  readonly room: string;
  readonly people: number;
  readonly connections: number;
  /** how many of them each incarnation carries, and `TTL_OWNER` stands for */
  readonly owners: ReadonlyMap<string, number>;
}

export interface NodeSummary {
  readonly incarnation: string;
  /** `ended`: its lease is over, and what it left is to be swept */
  readonly state: "alive" | "ended";
  /** what is left of its lease, in store time; 0 when it has ended */
  readonly leaseMs: number;
}

export interface NodesSummary {
  readonly storeTime: number;
  /** since a node last ticked; null when none ever did. The store clock stands still while it grows. */
  readonly silentMs: number | null;
  readonly nodes: readonly NodeSummary[];
}

/**
 * Where the rooms of all nodes are kept and streamed. Rooms are named by `encodeKey`. Every call settles within the command deadline;
 * one that rejects may still have happened. `backendContract` says what a body must do.
 */
export interface PresenceBackend {
  /** Atomic: checks, writes and publishes in one step. */
  apply(room: string, write: RoomWrite): Promise<RoomWriteResult>;
  snapshot(room: string): Promise<RoomSnapshot>;
  /** One head per name, in one command where that is possible; null where that part of the store does not answer. Rejects when none does. */
  heads(rooms: readonly string[]): Promise<readonly (Head | null)[]>;
  /** How many users are in the room, without reading them. */
  count(room: string): Promise<number>;
  /** Resolves when the subscription holds, so that a snapshot read afterwards misses nothing. */
  subscribe(room: string, listener: RoomListener): Promise<() => void>;
  /** Sends text in the room's stream, in one command; resolves with how many nodes hear the room, or null where the store cannot tell. */
  publish(room: string, text: string): Promise<number | null>;

  /** Once a second: advances the store clock, renews the lease, condemns those whose lease ended. */
  tick(request: TickRequest): Promise<TickResult>;
  /** Gives back the lease of an incarnation that has left nothing behind: nobody has to sweep it. */
  resign(incarnation: string): Promise<void>;
  /** Makes every later write of a condemned incarnation fail, and names the rooms it left records in. */
  fence(incarnation: string): Promise<readonly string[]>;
  /** Removes what a fenced incarnation left in a room; idempotent, any number of sweepers. */
  sweep(room: string, incarnation: string, nonce: string, isDry?: boolean): Promise<RoomLosses>;
  /** All its rooms are swept: it need not be told again. */
  swept(incarnation: string): Promise<void>;
  /** Incarnations with records but without a lease. */
  orphans(): Promise<readonly string[]>;

  /** A sign of life of a user's connections without a process, in store time; false when there are none. */
  touch(room: string, userId: string, seenAt: number): Promise<boolean>;
  /** Removes connections without a process whose time is over: of these rooms, or of all. Tells of rooms that lost somebody. */
  prune(
    rooms: readonly string[] | null,
    storeTime: number,
    nonce: string,
    request?: PruneRequest,
  ): Promise<readonly RoomLosses[]>;
  /** Forgets rooms that are registered and hold nobody, as after a loss of keys; names them. */
  pruneRooms(isDry?: boolean): Promise<readonly string[]>;

  /** Rooms with somebody in them, some at a time, each once; only those that this user is in, if one is named. Leaves no trace. */
  rooms(userId?: string): AsyncIterable<readonly RoomSummary[]>;
  /** The rooms with connections of an incarnation, or of `TTL_OWNER`. Leaves no trace. */
  held(incarnation: string): Promise<readonly string[]>;
  /** Who has a lease, and whose has ended. Leaves no trace. */
  nodes(): Promise<NodesSummary>;

  /** Tells the order to every node, now and with its next tick. */
  order(order: KickOrder): Promise<void>;
  /** Calls the listener each time that a store which could not be reached can be reached again. */
  onReturn(listener: () => void): () => void;
  close(): Promise<void>;
}

/** Stands where a room's name stands, for what concerns all nodes; no encoded key contains a "!". */
export const NODES_ROOM = "!nodes";

export function incarnationOf(process: string, term: number): string {
  return `${process}.${term}`;
}

/** The process of an incarnation and which of its terms it is. */
export function parseIncarnation(incarnation: string): { readonly process: string; readonly term: number } {
  const dot = incarnation.lastIndexOf(".");
  return { process: incarnation.slice(0, dot), term: Number(incarnation.slice(dot + 1)) };
}

/** Whether `other` is a former term of the process of `incarnation`. */
export function isFormerTerm(other: string, incarnation: string): boolean {
  if (other === incarnation || !other.includes(".")) return false;
  const own = parseIncarnation(incarnation);
  const theirs = parseIncarnation(other);
  return theirs.process === own.process && theirs.term < own.term;
}

export function parseHead(head: Head): { readonly epoch: string; readonly version: number } {
  const [epoch = "", version = "0"] = head.split(".");
  return { epoch, version: Number(version) };
}
