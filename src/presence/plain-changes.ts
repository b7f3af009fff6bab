import { isAnonymous } from "./connection.js";
import { byJoin, connectionsOf, type LeaveReason, type Presence } from "./presence.js";
import type { RoomChange } from "./roster.js";

/** A change of a room as those hear it who think in comings and goings. */
export interface PlainChange {
  readonly joins: readonly Presence[];
  readonly updates: readonly Presence[];
  readonly leaves: readonly Presence[];
  /** of `leaves`, those who went by themselves or by order */
  readonly removed: readonly Presence[];
  /** the list changed in a way that single comings and goings do not tell */
  readonly isBulk: boolean;
}

const SWEPT: ReadonlySet<LeaveReason | undefined> = new Set(["timeout", "node"]);

/** Somebody anonymous who became known is an update, not a leave and a join. */
export function plainChangeOf({ joins, updates, leaves, reasons }: RoomChange): PlainChange {
  const named = namings(joins, leaves);
  const became = new Set(named.values());
  const gone = leaves.filter((person) => !named.has(person));
  const removed = gone.filter(({ id }) => !SWEPT.has(reasons.get(id)));
  return {
    joins: joins.filter((person) => !became.has(person)),
    updates: became.size === 0 ? updates : [...updates, ...became].toSorted(byJoin),
    leaves: gone,
    removed,
    isBulk: became.size > 0 || removed.length < gone.length,
  };
}

/** Who became whom: the connection is the same. */
function namings(joins: readonly Presence[], leaves: readonly Presence[]): ReadonlyMap<Presence, Presence> {
  const anonymous = leaves.filter(({ id }) => isAnonymous(id));
  if (anonymous.length === 0 || joins.length === 0) return new Map();
  const byConnection = new Map(joins.flatMap((each) => connectionsOf(each).map((own) => [own.connectionId, each])));
  return new Map(
    anonymous.flatMap((before) => {
      const after = connectionsOf(before).flatMap((own) => byConnection.get(own.connectionId) ?? []);
      return after.length > 0 ? [[before, after[0]!] as const] : [];
    }),
  );
}
