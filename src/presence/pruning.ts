import { ConviveError } from "../errors.js";
import type { PresenceBackend, RoomLosses } from "./backend.js";
import { parseRoomName } from "./key.js";
import type { PresenceNode } from "./node.js";
import type { PlainRooms } from "./plain-rooms.js";
import { byJoin, personOf, TTL_OWNER, type Presence } from "./presence.js";

/** How `prune` chooses. */
export interface PruneOptions {
  /** the longest silence; unless given, everybody's own `ttlMs`, and of connections `limits.prunePresencesMs` */
  readonly maxAgeMs?: number;
  /** tells who would be removed, and removes nobody */
  readonly dryRun?: boolean;
}

/** What a room lost. */
export interface PrunedRoom<M extends object = object> {
  /** its presence key */
  readonly room: string;
  readonly removed: readonly Presence<M>[];
}

/**
 * Ends members without a process whose time is over, what dead nodes left, and connections of this process that were silent.
 * @throws ConviveError OPTION_INVALID
 */
export async function prune(
  node: PresenceNode,
  rooms: PlainRooms,
  tenant: string,
  { maxAgeMs, dryRun = false }: PruneOptions,
): Promise<readonly PrunedRoom[]> {
  checkAge(maxAgeMs);
  const request = { isDry: dryRun, ...(maxAgeMs === undefined ? {} : { maxAgeMs }) };
  const held = await node.backend.held(TTL_OWNER);
  const own = held.filter((name) => parseRoomName(name)?.tenant === tenant);
  const losses = await node.sweeper.pruneNow(request, own);
  const silent = await rooms.pruneAll(maxAgeMs ?? node.limits.prunePresencesMs, dryRun);
  const removed = new Map<string, Presence[]>();
  for (const each of losses) {
    const room = parseRoomName(each.room);
    if (room?.tenant !== tenant) continue;
    removed.set(room.key, [...(removed.get(room.key) ?? []), ...peopleOf(each)]);
    await node.find(tenant, room.key)?.caughtUp();
  }
  for (const { room, removed: people } of silent) removed.set(room, [...(removed.get(room) ?? []), ...people]);
  const found = [...removed].filter(([, people]) => people.length > 0);
  return found.map(([room, people]) => ({ room, removed: people.toSorted(byJoin) }));
}

/** Forgets rooms that hold nobody and are registered still; of the whole store, and tells of this tenant's. */
export async function pruneRooms(
  backend: PresenceBackend,
  tenant: string,
  dryRun: boolean,
): Promise<readonly string[]> {
  const pruned = await backend.pruneRooms(dryRun);
  return pruned.flatMap((name) => {
    const room = parseRoomName(name);
    return room?.tenant === tenant ? room.key : [];
  });
}

/** Those whose last connections are among what was lost. */
export function peopleOf({ connections, gone }: RoomLosses): Presence[] {
  return gone.map((userId) => personOf(connections.filter((each) => each.userId === userId)));
}

/** @throws ConviveError OPTION_INVALID */
export function checkAge(maxAgeMs: number | undefined): void {
  if (maxAgeMs === undefined || (Number.isFinite(maxAgeMs) && maxAgeMs >= 0)) return;
  throw new ConviveError("OPTION_INVALID", `maxAgeMs is a number of milliseconds, 0 or more, not ${String(maxAgeMs)}.`);
}
