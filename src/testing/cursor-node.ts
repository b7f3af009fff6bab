import { RedisCache } from "../cursor/redis.js";
import { CursorRooms } from "../cursor/rooms.js";
import { trackerOf, type CursorTracker } from "../cursor/tracker.js";
import type { Limits } from "../options.js";
import { SharedRooms } from "../presence/shared.js";
import type { RedisPlace } from "../redis/clients.js";
import type { NodeServices } from "../view-host.js";
import { QUICK_LIMITS, startRedisNode, type RedisNode } from "./redis-node.js";

/** A node of rooms in a Redis, with cursors and whatever else a page asks of it. */
export interface CursorNode extends RedisNode {
  readonly services: NodeServices;
  readonly tracker: CursorTracker;
  close(): Promise<void>;
}

export async function startCursorNode(place: RedisPlace, limits: Limits = QUICK_LIMITS): Promise<CursorNode> {
  const started = await startRedisNode(place, { limits });
  const { node, presence, link } = started;
  const cursors = new CursorRooms(node, new RedisCache(link));
  return {
    ...started,
    services: { presence, rooms: node, cursors, shared: new SharedRooms(node) },
    tracker: trackerOf(cursors),
    async close() {
      await cursors.close();
      await presence.close();
    },
  };
}
