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
  const kept = fieldsOf(text);
  const [x, y] = [coordinate(kept["x"]), coordinate(kept["y"])];
  if (x === null || y === null) return null;
  const at = { x, y, timestamp: Number.isFinite(kept["timestamp"]) ? (kept["timestamp"] as number) : 0 };
  if (isUserPointer(id)) {
    const { userId, meta } = kept;
    return typeof userId === "string" ? { ...at, userId, meta: isObject(meta) ? meta : {} } : null;
  }
  const connection = connections.get(id);
  return connection && !connection.isLingering ? { ...at, userId: connection.userId, meta: connection.meta } : null;
}

/** Another program, or a newer node, may have written it. */
function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const kept = JSON.parse(text) as unknown;
    return isObject(kept) ? kept : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
