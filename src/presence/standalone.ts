import { systemClock } from "../clock.js";
import { messageOf } from "../errors.js";
import { consoleLogger, type Logger } from "../logger.js";
import { checkNames, checkRedisTimes, resolveLimits, type Limits } from "../options.js";
import { openStore } from "../open-store.js";
import type { RedisOption } from "../redis/clients.js";
import { checkTenant } from "./key.js";
import { PresenceNode } from "./node.js";

/** How rooms are kept without `convive()`. */
export interface ManagerOptions {
  /** as `convive({ redis })`; in memory unless given */
  readonly redis?: RedisOption | undefined;
  /** rooms of one name in two tenants are two rooms; no tenant unless given */
  readonly tenant?: string | undefined;
  /** times and sizes other than the defaults: those of presence and of the store */
  readonly limits?: Partial<Limits> | undefined;
  /** pino's shape; the console unless given */
  readonly logger?: Logger | undefined;
}

const OPTION_NAMES: Readonly<Record<keyof ManagerOptions, true>> = {
  redis: true,
  tenant: true,
  limits: true,
  logger: true,
};

/**
 * A node of rooms without views.
 * @throws ConviveError OPTION_INVALID, PRESENCE_KEY_INVALID for a tenant that is no text, and what `redis` is refused for
 */
export function standaloneNode(options: ManagerOptions): PresenceNode {
  checkNames(options, Object.keys(OPTION_NAMES));
  const { redis, tenant = "", logger = consoleLogger } = options;
  const limits = resolveLimits(options.limits);
  const surroundings = { clock: systemClock, logger, limits };
  checkTenant(tenant, limits.presenceKeyBytes);
  if (redis !== undefined) checkRedisTimes(limits);
  const store = openStore({ redis }, surroundings);
  store.opened.catch((error: unknown) => {
    logger.error({ error: messageOf(error) }, "rooms are not shared with other nodes");
  });
  return new PresenceNode({ backend: store.presence, ...surroundings });
}
