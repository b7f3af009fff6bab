import type { User } from "../register.js";
import { freeze, freezeAround, isFrozen } from "../render/freeze.js";

/** From input and visibility: `idle` after a minute without input, `away` when the page is hidden. */
export type Status = "active" | "idle" | "away";

/** What is known of one person in one room, without the meta laid flat. */
export interface PresenceRecord<M> {
  /** the user id */
  readonly id: string;
  /** ms since 1970; kept while the person stays, reloads included */
  readonly joinedAt: number;
  /** of the most awake connection */
  readonly status: Status;
  /** how many tabs and devices; 0 while a lost one may still come back */
  readonly connections: number;
  readonly meta: Readonly<M>;
  /** one per connection, the oldest first */
  readonly metas: readonly Readonly<M>[];
}

/** Names that a meta cannot use, since they are read on the presence itself. */
export type Reserved = keyof PresenceRecord<unknown>;
type Plain = string | number | boolean | null | undefined | readonly Plain[] | { readonly [k: string]: Plain };
type Jsonish<T> = T extends Plain
  ? T
  : T extends (...args: never[]) => unknown
    ? never
    : T extends Date | Map<any, any> | Set<any>
      ? never
      : T extends object
        ? { [K in keyof T]: Jsonish<T[K]> }
        : never;

/** What a meta may be: plain JSON, no reserved name. */
export type Meta<M> = { [K in keyof M]: K extends Reserved ? never : Jsonish<M[K]> };

/**
 * One person in one room: all their connections, folded. Deeply frozen; the meta reads both ways, `p.name` and `p.meta.name`.
 */
export type Presence<M extends object = object> = PresenceRecord<M> & Readonly<M>;

/** `left`: by their own wish · `closed`: the page was closed · `timeout`: the link broke and stayed broken · `node`: their server died · `removed`: by order. */
export type LeaveReason = "left" | "closed" | "timeout" | "node" | "removed";

/** Beside a person in callbacks: whether it is the view's own. */
export interface PresenceChange {
  readonly self: boolean;
}

/** What `broadcastToPresence` sent, as `handlePresenceEvent` hears it. */
export type PresenceEvent<E, M extends object = object> = {
  [K in keyof E]: {
    readonly event: K;
    readonly payload: E[K];
    /** who sent it, if they are in the room still */
    readonly from: Presence<M> | null;
    /** sent by the same person */
    readonly self: boolean;
  };
}[keyof E];

/** A payload is left out where the event has none. */
export type PayloadOf<E, K extends keyof E> = E[K] extends null | undefined | void ? [payload?: E[K]] : [payload: E[K]];

/** Who asks to see a room, or to be in it. */
export interface PresenceRequest {
  readonly user: User | null;
  readonly userId: string;
  readonly key: string;
  /** `view`: one of our pages · `channel`: a Phoenix client that joins `room:…` */
  readonly via: "view" | "channel";
}

/** Each on its own: one may see a room and not be listed in it, and the reverse. */
export interface PresencePermission {
  readonly see: boolean;
  readonly track: boolean;
}

const EVERYTHING: PresencePermission = Object.freeze({ see: true, track: true });
const NOTHING: PresencePermission = Object.freeze({ see: false, track: false });

/** Both or neither: the same object for all, since every viewer keeps his. */
export function permission(isGiven: boolean): PresencePermission {
  return isGiven ? EVERYTHING : NOTHING;
}

/** What the store keeps and streams: one tab, device or bot in one room. */
export interface ConnectionRecord {
  readonly connectionId: string;
  readonly userId: string;
  /** incarnation of the node that carries it, or {@link TTL_OWNER} */
  readonly owner: string;
  /** its socket is gone and its grace runs */
  readonly isLingering: boolean;
  readonly status: Status;
  /** 0, or rises in the room with each change of a meta: who changed last speaks for the person */
  readonly revision: number;
  readonly joinedAt: number;
  /** since when the person has been in the room without a gap */
  readonly since: number;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** Owner of connections that no process carries: they live until their deadline. */
export const TTL_OWNER = "ttl";

export type Connections = ReadonlyMap<string, ConnectionRecord>;
/** The presences of a room by user id. */
export type People = ReadonlyMap<string, Presence>;

export interface PresenceUpdate {
  readonly person: Presence;
  readonly previous: Readonly<object>;
}
/** What happened between two folds. */
export interface PresenceDiff {
  readonly joins: readonly Presence[];
  readonly updates: readonly PresenceUpdate[];
  readonly leaves: readonly Presence[];
}

const WAKEFULNESS: Readonly<Record<Status, number>> = { away: 0, idle: 1, active: 2 };

export function mostAwake(statuses: Iterable<Status>): Status {
  let best: Status = "away";
  for (const status of statuses) if (WAKEFULNESS[status] > WAKEFULNESS[best]) best = status;
  return best;
}

/** All presences of a room from all its connections. */
export function fold(connections: Connections): People {
  const byUser = new Map<string, ConnectionRecord[]>();
  for (const connection of connections.values()) {
    const own = byUser.get(connection.userId);
    if (own) own.push(connection);
    else byUser.set(connection.userId, [connection]);
  }
  return new Map([...byUser].map(([userId, own]) => [userId, personOf(own)]));
}

/** One presence from the connections of one user; at least one. The previous record again if nothing in it changed. */
export function personOf(connections: readonly ConnectionRecord[], previous?: Presence): Presence {
  // Most have one tab.
  if (connections.length === 1) return asBefore(recordOfOne(connections[0]!), connections, previous);
  const live = connections.filter((each) => !each.isLingering);
  const shown = live.length > 0 ? live : [...connections];
  if (shown.length > 1) shown.sort(byAge);
  const spokesman = shown.reduce((best, each) => (each.revision > best.revision ? each : best));
  const { meta } = spokesman;
  const record: PresenceRecord<object> = {
    id: spokesman.userId,
    joinedAt: connections.reduce((first, each) => Math.min(first, each.since), Infinity),
    status: mostAwake(shown.map((each) => each.status)),
    connections: live.length,
    meta,
    metas: live.length > 0 ? shown.map((each) => each.meta) : [],
  };
  return asBefore(record, shown, previous);
}

function recordOfOne({ userId, since, status, isLingering, meta }: ConnectionRecord): PresenceRecord<object> {
  const connections = isLingering ? 0 : 1;
  return { id: userId, joinedAt: since, status, connections, meta, metas: isLingering ? [] : [meta] };
}

/** The previous presence again if this record, which these connections show, is not another. */
function asBefore(
  record: PresenceRecord<object>,
  shown: readonly ConnectionRecord[],
  previous: Presence | undefined,
): Presence {
  if (previous && isSameRecord(previous, record) && isSameCrew(connectionsOf(previous), shown)) return previous;
  const person = frozenPerson(record);
  carriedBy.set(person, shown);
  return person;
}

function frozenPerson(record: PresenceRecord<object>): Presence {
  const { meta, metas } = record;
  const isAllFrozen = isFrozen(freeze(meta)) && metas.every((each) => isFrozen(freeze(each)));
  const person = { ...meta, ...record };
  if (!isAllFrozen) return freeze(person) as Presence;
  freezeAround(metas);
  return freezeAround(person) as Presence;
}

const carriedBy = new WeakMap<Presence, readonly ConnectionRecord[]>();

/** The connections that a presence shows: the live ones, else the lingering ones; the oldest first. */
export function connectionsOf(person: Presence): readonly ConnectionRecord[] {
  return carriedBy.get(person) ?? [];
}

/** Joins, updates and leaves between two folds of a room. */
export function diff(before: People, after: People): PresenceDiff {
  const joins: Presence[] = [];
  const updates: PresenceUpdate[] = [];
  for (const [userId, person] of after) {
    const old = before.get(userId);
    if (!old) joins.push(person);
    else if (isUpdate(old, person)) updates.push({ person, previous: old.meta });
  }
  const leaves = [...before.values()].filter((person) => !after.has(person.id));
  return { joins: joins.toSorted(byJoin), updates, leaves: leaves.toSorted(byJoin) };
}

/** An update shows in meta or status; another tab alone changes the list and is told to nobody. */
export function isUpdate(before: Presence, after: Presence): boolean {
  return before !== after && (before.status !== after.status || !isSameMeta(before.meta, after.meta));
}

/** The order of every list: who came first, then by id. */
export function byJoin(a: Presence, b: Presence): number {
  return a.joinedAt - b.joinedAt || compare(a.id, b.id);
}

function byAge(a: ConnectionRecord, b: ConnectionRecord): number {
  return a.joinedAt - b.joinedAt || compare(a.connectionId, b.connectionId);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isSameRecord(a: PresenceRecord<object>, b: PresenceRecord<object>): boolean {
  return (
    a.joinedAt === b.joinedAt &&
    a.status === b.status &&
    a.connections === b.connections &&
    isSameMeta(a.meta, b.meta) &&
    a.metas.length === b.metas.length &&
    a.metas.every((meta, i) => isSameMeta(meta, b.metas[i]!))
  );
}

function isSameCrew(a: readonly ConnectionRecord[], b: readonly ConnectionRecord[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ connectionId, revision }, i) => connectionId === b[i]!.connectionId && revision === b[i]!.revision)
  );
}

/** Equal as JSON, whatever the order of names. */
export function isSameMeta(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every(
    (name) =>
      Object.hasOwn(b, name) && isSameMeta((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
  );
}
