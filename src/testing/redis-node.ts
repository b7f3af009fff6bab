import { randomUUID } from "node:crypto";
import { systemClock } from "../clock.js";
import { resolveLimits, type Limits } from "../options.js";
import { managerOf, type PresenceManager } from "../presence/manager.js";
import { PresenceNode } from "../presence/node.js";
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
export async function startRedisNode(url: string): Promise<RedisNode> {
  const shared = { clock: systemClock, logger: silentLogger };
  const link = new RedisLink({ ...shared, place: url, deadlineMs: QUICK_LIMITS.redisCommandMs });
  const backend = new RedisPresenceBackend(link, { emptyHeadMs: 2 * QUICK_LIMITS.leaseMs });
  await backend.opened;
  const node = new PresenceNode({ ...shared, backend, limits: QUICK_LIMITS, newId: randomUUID });
  return { node, backend, presence: managerOf(node) };
}
