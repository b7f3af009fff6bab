import type { Clock } from "./clock.js";
import { MemoryCache } from "./cursor/memory.js";
import { RedisCache } from "./cursor/redis.js";
import type { Logger } from "./logger.js";
import type { ConviveOptions, Limits } from "./options.js";
import { MemoryBackend, MemoryStore } from "./presence/memory.js";
import { RedisPresenceBackend } from "./presence/redis.js";
import { MemoryPubSub } from "./pubsub/memory.js";
import { RedisPubSub } from "./pubsub/redis.js";
import { parseOption, type RedisOption } from "./redis/clients.js";
import { RedisLink } from "./redis/link.js";
import type { Store } from "./store.js";

interface Surroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Limits;
}

/** The store that the options name; of this process alone when they name none. */
export function openStore(
  { redis, store }: Pick<ConviveOptions, "redis" | "store">,
  surroundings: Surroundings,
): Store {
  if (store) return store;
  return redis === undefined ? memoryStore(surroundings) : redisStore(redis, surroundings);
}

/** A store of this process alone. */
export function memoryStore({ clock, logger }: Surroundings): Store {
  return {
    presence: new MemoryBackend(new MemoryStore(clock, logger)),
    topics: new MemoryPubSub(logger),
    cursors: new MemoryCache(clock),
    opened: Promise.resolve(),
  };
}

/** A store in Redis, with two connections for all its parts. */
function redisStore(option: RedisOption, { clock, logger, limits }: Surroundings): Store {
  const { place, prefix } = parseOption(option);
  const { redisCommandMs: deadlineMs, redisRetryMs: retryMs, auditMs, leaseMs } = limits;
  // What a node tells itself may take as long as a command.
  const probeMs = Math.max(auditMs, deadlineMs);
  const link = new RedisLink({ place, deadlineMs, retryMs, probeMs, clock, logger });
  const presence = new RedisPresenceBackend(link, { prefix, emptyHeadMs: 2 * leaseMs });
  return {
    presence,
    topics: new RedisPubSub({ link, clock, logger, prefix }),
    cursors: new RedisCache(link, { prefix }),
    opened: presence.opened,
  };
}
