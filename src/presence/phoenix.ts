import { connectionsOf, type ConnectionRecord, type Presence } from "./presence.js";
import type { RoomChange } from "./roster.js";

/** A meta as Phoenix's client reads it: `phx_ref` names this version of this connection. */
export type PhoenixMeta = Readonly<Record<string, unknown>> & { readonly phx_ref: string };

/** `presence_state`: users, each with one meta per connection, in the order they came. */
export type PhoenixState = Readonly<Record<string, { readonly metas: readonly PhoenixMeta[] }>>;

/** `presence_diff`: an update is a leave of the old version and a join of the new one, which names it as `phx_ref_prev`. */
export interface PhoenixDiff {
  readonly joins: PhoenixState;
  readonly leaves: PhoenixState;
}

export function phoenixState(people: readonly Presence[]): PhoenixState {
  return stateOf(people.map((person) => [person.id, connectionsOf(person).map((each) => metaOf(each))]));
}

export function phoenixDiff({ records }: RoomChange): PhoenixDiff {
  const joins: [string, PhoenixMeta[]][] = [];
  const leaves: [string, PhoenixMeta[]][] = [];
  for (const [before, after] of records) {
    const old = before ? connectionsOf(before) : [];
    const current = after ? connectionsOf(after) : [];
    const id = (after ?? before)!.id;
    joins.push([id, added(old, current).map((each) => metaOf(each, old))]);
    leaves.push([id, added(current, old).map((each) => metaOf(each))]);
  }
  return { joins: stateOf(joins), leaves: stateOf(leaves) };
}

export function isEmptyDiff({ joins, leaves }: PhoenixDiff): boolean {
  return Object.keys(joins).length === 0 && Object.keys(leaves).length === 0;
}

function added(before: readonly ConnectionRecord[], after: readonly ConnectionRecord[]): readonly ConnectionRecord[] {
  const known = new Set(before.map(refOf));
  return after.filter((each) => !known.has(refOf(each)));
}

function metaOf(connection: ConnectionRecord, before: readonly ConnectionRecord[] = []): PhoenixMeta {
  const previous = before.find(({ connectionId }) => connectionId === connection.connectionId);
  const meta = { ...connection.meta, phx_ref: refOf(connection) };
  return previous ? { ...meta, phx_ref_prev: refOf(previous) } : meta;
}

function refOf({ connectionId, revision }: ConnectionRecord): string {
  return `${connectionId}.${revision}`;
}

/** Without a prototype, so that a user named `__proto__` is a user like any other. */
function stateOf(entries: readonly (readonly [string, readonly PhoenixMeta[]])[]): PhoenixState {
  const state = Object.create(null) as Record<string, { metas: readonly PhoenixMeta[] }>;
  for (const [id, metas] of entries) if (metas.length > 0) state[id] = { metas };
  return state;
}
