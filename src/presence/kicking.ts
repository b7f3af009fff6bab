import type { KickOrder, PresenceBackend } from "./backend.js";
import { parseRoomName } from "./key.js";
import { TTL_OWNER } from "./presence.js";

/** Tells every node that somebody has to leave, and removes what of him no node carries: it may be in rooms that nobody hosts. */
export async function giveOrder(backend: PresenceBackend, order: KickOrder): Promise<void> {
  await backend.order(order);
  const free = new Set(await backend.held(TTL_OWNER));
  if (free.size === 0) return;
  for await (const page of backend.rooms(order.userId)) {
    for (const { room } of page) if (free.has(room) && isMeant(room, order)) await removeFree(backend, room, order);
  }
}

function isMeant(name: string, { tenant, key }: KickOrder): boolean {
  const room = parseRoomName(name);
  return room?.tenant === tenant && (key === null || room.key === key);
}

async function removeFree(backend: PresenceBackend, name: string, { id, userId }: KickOrder): Promise<void> {
  const { connections } = await backend.snapshot(name);
  const own = connections.filter((each) => each.owner === TTL_OWNER && each.userId === userId);
  if (own.length === 0) return;
  const operations = own.map(({ connectionId }) => ({ op: "delete", connectionId, reason: "removed" }) as const);
  await backend.apply(name, { incarnation: TTL_OWNER, sequence: 0, nonce: id, operations });
}
