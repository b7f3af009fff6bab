import { randomUUID } from "node:crypto";
import { systemClock, type Clock } from "../clock.js";
import { resolveLimits, type Limits } from "../options.js";
import { managerOf, type PresenceManager } from "../presence/manager.js";
import { PresenceNode } from "../presence/node.js";
import type { RedisPlace } from "../redis/clients.js";
import { RedisLink } from "../redis/link.js";
import { RedisPresenceBackend } from "../presence/redis.js";
import { silentLogger } from "./silent-logger.js";

/** Times of a tenth or so: a lease ends soon, and still not while a loaded machine pauses. */
export const QUICK_LIMITS: Limits = resolveLimits({
  leaseMs: 3_000,
  nodeTickMs: 200,
  auditMs: 500,
  storeClockStepMs: 400,
  redisCommandMs: 2_000,
});

export interface RedisNode {
  readonly node: PresenceNode;
  readonly presence: PresenceManager;
  readonly backend: RedisPresenceBackend;
}

/** A node of rooms in a Redis. */
export async function startRedisNode(
  place: RedisPlace,
  { limits = QUICK_LIMITS, clock = systemClock }: { readonly limits?: Limits; readonly clock?: Clock } = {},
): Promise<RedisNode> {
  const link = new RedisLink({ place, deadlineMs: limits.redisCommandMs, clock: systemClock, logger: silentLogger });
  const backend = new RedisPresenceBackend(link, { emptyHeadMs: 2 * limits.leaseMs });
  await backend.opened;
  const node = new PresenceNode({ clock, logger: silentLogger, backend, limits, newId: randomUUID });
  return { node, backend, presence: managerOf(node) };
}
