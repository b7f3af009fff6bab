import { systemClock } from "../clock.js";
import { messageOf } from "../errors.js";
import { consoleLogger } from "../logger.js";
import { checkRedisTimes, resolveLimits } from "../options.js";
import { openStore } from "../open-store.js";
import type { RedisOption } from "../redis/clients.js";
import { PresenceNode } from "./node.js";

/** How rooms are kept without `convive()`. */
export interface ManagerOptions {
  /** as `convive({ redis })`; in memory unless given */
  readonly redis?: RedisOption | undefined;
}

/** A node of rooms without views. */
export function standaloneNode(options: ManagerOptions): PresenceNode {
  const limits = resolveLimits();
  const surroundings = { clock: systemClock, logger: consoleLogger, limits };
  if (options.redis !== undefined) checkRedisTimes(limits);
  const store = openStore(options, surroundings);
  store.opened.catch((error: unknown) => {
    surroundings.logger.error({ error: messageOf(error) }, "rooms are not shared with other nodes");
  });
  return new PresenceNode({ backend: store.presence, ...surroundings });
}
