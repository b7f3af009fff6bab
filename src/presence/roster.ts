import { freeze } from "../render/freeze.js";
import {
  byJoin,
  isUpdate,
  personOf,
  type ConnectionRecord,
  type LeaveReason,
  type Presence,
  type PresenceUpdate,
} from "./presence.js";

/** What changed in a room since it was last told, as every view of the node hears it. */
export interface RoomChange {
  readonly joins: readonly Presence[];
  readonly updates: readonly Presence[];
  readonly leaves: readonly Presence[];
  /** beside `updates`, what each was before */
  readonly updatesInFull: readonly PresenceUpdate[];
  readonly reasons: ReadonlyMap<string, LeaveReason>;
  /** every record that is another now, connections counted: before, after */
  readonly records: readonly (readonly [before: Presence | null, after: Presence | null])[];
}

/** So many are put into their places one by one; more make the list anew. */
const FEW = 16;
const NONE: readonly ConnectionRecord[] = [];
/** How many cuts of different lengths are kept. */
const MAX_CUTS = 16;

/**
 * The list of a room, folded anew only for those whose connections changed. What did not change stays the same frozen object,
 * the list and its beginnings included, so that renders of it can be shared. A list is made when it is read: a change in a room of thousands
 * that nobody reads whole costs what it changes.
 */
export class Roster {
  readonly #connections = new Map<string, Map<string, ConnectionRecord>>();
  readonly #people = new Map<string, Presence>();
  readonly #touched = new Set<string>();
  readonly #reasons = new Map<string, LeaveReason>();
  readonly #sorted: Presence[] = [];
  readonly #cuts = new Map<number, readonly Presence[]>();
  #all: readonly Presence[] | null = null;

  constructor(private readonly maxListed: number) {}

  /** Everybody, as last told. */
  get all(): readonly Presence[] {
    // What templates read is proven frozen; the whole of a large room is only kept from being changed.
    return (this.#all ??= this.isLarge
      ? Object.freeze([...this.#sorted])
      : (freeze([...this.#sorted]) as readonly Presence[]));
  }

  /** The list that views see: everybody, or the first of a large room. */
  get list(): readonly Presence[] {
    return this.first(this.maxListed);
  }

  get count(): number {
    return this.#sorted.length;
  }

  get isLarge(): boolean {
    return this.#sorted.length > this.maxListed;
  }

  /** Who came first, so many; the same object until one of them is another. */
  first(limit: number): readonly Presence[] {
    if (limit >= this.#sorted.length) return this.all;
    let cut = this.#cuts.get(limit);
    if (!cut) {
      if (this.#cuts.size >= MAX_CUTS) this.#cuts.clear();
      this.#cuts.set(limit, (cut = freeze(this.#sorted.slice(0, Math.max(limit, 0))) as readonly Presence[]));
    }
    return cut;
  }

  find(userId: string): Presence | undefined {
    return this.#people.get(userId);
  }

  /** The connections of one user, told or not. */
  connectionsOf(userId: string): readonly ConnectionRecord[] {
    const own = this.#connections.get(userId);
    return own ? [...own.values()] : NONE;
  }

  put(connection: ConnectionRecord): void {
    const own = this.#connections.get(connection.userId);
    if (own) own.set(connection.connectionId, connection);
    else this.#connections.set(connection.userId, new Map([[connection.connectionId, connection]]));
    this.#touched.add(connection.userId);
  }

  delete({ userId, connectionId }: ConnectionRecord, reason: LeaveReason): void {
    const own = this.#connections.get(userId);
    if (!own?.delete(connectionId)) return;
    if (own.size === 0) this.#connections.delete(userId);
    this.#touched.add(userId);
    this.#reasons.set(userId, reason);
  }

  /** Makes the list of now, and says what is new in it; null when nothing is. */
  flush(): RoomChange | null {
    const records: [Presence | null, Presence | null][] = [];
    for (const userId of this.#touched) {
      const before = this.#people.get(userId) ?? null;
      const after = this.#foldUser(userId, before);
      if (before !== after) records.push([before, after]);
    }
    this.#touched.clear();
    const change = records.length > 0 ? changeOf(records, new Map(this.#reasons)) : null;
    this.#reasons.clear();
    if (change) this.#relist(records);
    return change;
  }

  #foldUser(userId: string, before: Presence | null): Presence | null {
    const own = this.#connections.get(userId);
    const after = own ? personOf([...own.values()], before ?? undefined) : null;
    if (after) this.#people.set(userId, after);
    else this.#people.delete(userId);
    return after;
  }

  #relist(records: RoomChange["records"]): void {
    const lowest = records.length <= FEW ? this.#replaceEach(records) : this.#sortAnew(records);
    this.#all = null;
    for (const limit of this.#cuts.keys()) if (limit > lowest) this.#cuts.delete(limit);
  }

  /** Returns the first place that another has now. */
  #replaceEach(records: RoomChange["records"]): number {
    let lowest = Infinity;
    for (const [before, after] of records) {
      if (before) lowest = Math.min(lowest, this.#splice(before, 1, []));
      if (after) lowest = Math.min(lowest, this.#splice(after, 0, [after]));
    }
    return lowest;
  }

  #splice(person: Presence, removed: 0 | 1, added: readonly Presence[]): number {
    const at = placeOf(person, this.#sorted);
    this.#sorted.splice(at, removed, ...added);
    return at;
  }

  #sortAnew(records: RoomChange["records"]): number {
    const gone = new Set(records.map(([before]) => before));
    const added = records.flatMap(([, after]) => after ?? []).toSorted(byJoin);
    const kept = this.#sorted.filter((person) => !gone.has(person));
    const lowest = this.#sorted.findIndex((person) => gone.has(person));
    const changed = added[0] ? placeOf(added[0], kept) : Infinity;
    merge(kept, added, this.#sorted);
    return Math.min(lowest < 0 ? Infinity : lowest, changed);
  }
}

/** Where somebody stands in a sorted list, or would. */
function placeOf(person: Presence, sorted: readonly Presence[]): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (byJoin(sorted[middle]!, person) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Makes one sorted list of two. */
function merge(a: readonly Presence[], b: readonly Presence[], into: Presence[]): void {
  let [at, next] = [0, 0];
  for (const person of a) {
    while (next < b.length && byJoin(b[next]!, person) < 0) into[at++] = b[next++]!;
    into[at++] = person;
  }
  while (next < b.length) into[at++] = b[next++]!;
  into.length = at;
}

function changeOf(records: RoomChange["records"], reasons: ReadonlyMap<string, LeaveReason>): RoomChange {
  const joins: Presence[] = [];
  const leaves: Presence[] = [];
  const updates: PresenceUpdate[] = [];
  for (const [before, after] of records) {
    if (before === null) joins.push(after!);
    else if (after === null) leaves.push(before);
    else if (isUpdate(before, after)) updates.push({ person: after, previous: before.meta });
  }
  return Object.freeze({
    joins: inOrder(joins),
    updates: Object.freeze(updates.map(({ person }) => person)),
    leaves: inOrder(leaves),
    updatesInFull: updates,
    reasons,
    records,
  });
}

function inOrder(people: Presence[]): readonly Presence[] {
  return Object.freeze(people.length > 1 ? people.sort(byJoin) : people);
}
