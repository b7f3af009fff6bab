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

const EMPTY = freeze([]) as readonly Presence[];

/**
 * The list of a room, folded anew only for those whose connections changed. What did not change stays the same frozen object,
 * the list included, so that renders of it can be shared.
 */
export class Roster {
  readonly #connections = new Map<string, Map<string, ConnectionRecord>>();
  readonly #people = new Map<string, Presence>();
  readonly #touched = new Set<string>();
  readonly #reasons = new Map<string, LeaveReason>();
  #all: readonly Presence[] = EMPTY;
  #first: readonly Presence[] = EMPTY;

  constructor(private readonly maxListed: number) {}

  /** Everybody, as last told. */
  get all(): readonly Presence[] {
    return this.#all;
  }

  /** The list that views see: everybody, or the first of a large room. */
  get list(): readonly Presence[] {
    return this.#first;
  }

  get count(): number {
    return this.#all.length;
  }

  get isLarge(): boolean {
    return this.#all.length > this.maxListed;
  }

  find(userId: string): Presence | undefined {
    return this.#people.get(userId);
  }

  /** The connections of one user, told or not. */
  connectionsOf(userId: string): readonly ConnectionRecord[] {
    return [...(this.#connections.get(userId)?.values() ?? [])];
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

  #relist(records: readonly (readonly [Presence | null, Presence | null])[]): void {
    const gone = new Set(records.map(([before]) => before));
    const added = records.flatMap(([, after]) => after ?? []).toSorted(byJoin);
    const kept = this.#all.filter((person) => !gone.has(person));
    const all = merge(kept, added);
    const isLarge = all.length > this.maxListed;
    // What templates read is proven frozen; the whole of a large room is only kept from being changed.
    this.#all = isLarge ? Object.freeze(all) : (freeze(all) as readonly Presence[]);
    const first = isLarge ? all.slice(0, this.maxListed) : this.#all;
    const isSame = first.length === this.#first.length && first.every((person, i) => person === this.#first[i]);
    if (!isSame) this.#first = freeze(first) as readonly Presence[];
  }
}

/** Two sorted lists as one. */
function merge(a: readonly Presence[], b: readonly Presence[]): Presence[] {
  const merged: Presence[] = [];
  let next = 0;
  for (const person of a) {
    while (next < b.length && byJoin(b[next]!, person) < 0) merged.push(b[next++]!);
    merged.push(person);
  }
  return next < b.length ? [...merged, ...b.slice(next)] : merged;
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
    joins: Object.freeze(joins.toSorted(byJoin)),
    updates: Object.freeze(updates.map(({ person }) => person)),
    leaves: Object.freeze(leaves.toSorted(byJoin)),
    updatesInFull: updates,
    reasons,
    records,
  });
}
