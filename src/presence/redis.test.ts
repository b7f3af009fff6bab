import { after, before } from "node:test";
import { systemClock } from "../clock.js";
import { backendContract, type OpenedBackend } from "../testing/backend-contract.js";
import { startRedis, type RedisServerProcess } from "../testing/redis-server.js";
import { silentLogger } from "../testing/silent-logger.js";
import { RedisLink } from "./redis-link.js";
import { RedisPresenceBackend } from "./redis.js";

/** Far above what a loaded machine takes: no case of the contract is about a deadline. */
const DEADLINE_MS = 10_000;

let server: RedisServerProcess;
let openings = 0;
before(async () => {
  server = await startRedis();
});
after(() => server.stop());

backendContract({ name: "Redis", open: async () => openStore() });

/** Each opening is an app of its own in the same Redis. */
function openStore(): OpenedBackend {
  openings += 1;
  const prefix = `contract-${openings}`;
  const backends: RedisPresenceBackend[] = [];
  return {
    connect() {
      const link = new RedisLink({
        place: server.url,
        deadlineMs: DEADLINE_MS,
        clock: systemClock,
        logger: silentLogger,
      });
      const backend = new RedisPresenceBackend(link, { prefix });
      backends.push(backend);
      return backend;
    },
    async advance(ms) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      await Promise.all(backends.map(untilHeard));
    },
    async close() {
      await Promise.all(backends.map((backend) => backend.close()));
    },
  };
}

/** A connection hears in the order told: after this text it has heard whatever was told before. */
async function untilHeard(backend: RedisPresenceBackend): Promise<void> {
  let hear: () => void = () => {};
  const heard = new Promise<void>((resolve) => (hear = resolve));
  const stop = await backend.subscribe("!heard", { changed: () => {}, published: () => hear() });
  await backend.publish("!heard", "");
  await heard;
  stop();
}
