import type { ConnectionRecord } from "../presence/presence.js";
import { isUserPointer } from "./pointers.js";
import { coordinate, type UserCursor } from "./position.js";

/** Encodes what is kept of a pointer: who a connection is the room knows, of the others the meta is kept as well. */
export function encodeKept(id: string, { x, y, timestamp, userId, meta }: UserCursor): string {
  return JSON.stringify(isUserPointer(id) ? { x, y, timestamp, userId, meta } : { x, y, timestamp });
}

/** Decodes it; null for what is none, or is of a connection that is not there. */
export function decodeKept(
  id: string,
  text: string,
  connections: ReadonlyMap<string, Pick<ConnectionRecord, "userId" | "meta" | "isLingering">>,
): UserCursor | null {
  const kept = JSON.parse(text) as Partial<UserCursor>;
  const [x, y] = [coordinate(kept.x), coordinate(kept.y)];
  const who = isUserPointer(id) ? kept : connections.get(id);
  if (x === null || y === null || who?.userId === undefined) return null;
  if ("isLingering" in who && who.isLingering) return null;
  return { x, y, timestamp: kept.timestamp ?? 0, userId: who.userId, meta: who.meta ?? {} };
}
