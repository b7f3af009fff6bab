import { systemClock, type Clock } from "../clock.js";
import { resolveLimits, type Limits } from "../options.js";
import { managerOf, type PresenceManager } from "../presence/manager.js";
import { PresenceNode, type PresenceNodeOptions } from "../presence/node.js";
import type { RedisPlace } from "../redis/clients.js";
import { RedisLink, type RedisLinkOptions } from "../redis/link.js";
import { RedisPresenceBackend, type RedisBackendOptions } from "../presence/redis.js";
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
  readonly link: RedisLink;
}

/** What a node is made of; a test puts its own in the place of one. */
export interface RedisNodeParts {
  readonly limits: Limits;
  readonly clock: Clock;
  /** parts worlds that share a Redis */
  readonly prefix: string;
  /** false: it starts also while Redis does not answer, and goes on trying */
  readonly mustOpen: boolean;
  makeLink(options: RedisLinkOptions): RedisLink;
  makeBackend(link: RedisLink, options: RedisBackendOptions): RedisPresenceBackend;
  makeNode(options: PresenceNodeOptions): PresenceNode;
}

const PARTS: RedisNodeParts = {
  limits: QUICK_LIMITS,
  clock: systemClock,
  prefix: "convive",
  mustOpen: true,
  makeLink: (options) => new RedisLink(options),
  makeBackend: (link, options) => new RedisPresenceBackend(link, options),
  makeNode: (options) => new PresenceNode(options),
};

/** A node of rooms in a Redis. */
export async function startRedisNode(place: RedisPlace, given: Partial<RedisNodeParts> = {}): Promise<RedisNode> {
  const { limits, clock, prefix, mustOpen, makeLink, makeBackend, makeNode } = { ...PARTS, ...given };
  const times = { deadlineMs: limits.redisCommandMs, probeMs: limits.auditMs };
  const link = makeLink({ ...times, place, clock: systemClock, logger: silentLogger });
  const backend = makeBackend(link, { prefix, emptyHeadMs: 2 * limits.leaseMs });
  await backend.opened.catch((error: unknown) => {
    if (mustOpen) throw error;
  });
  const node = makeNode({ clock, logger: silentLogger, backend, limits });
  return { node, backend, link, presence: managerOf(node) };
}
