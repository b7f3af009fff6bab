// Fleets that share a Redis, all on the servers' core; each fleet is an app of its own there.
import { startRedis, type RedisServerProcess } from "../../src/testing/redis-server.js";
import type { Contender } from "./contender.js";
import { LOAD_CORE, pinProcess, pinSelf, SERVER_CORE } from "./cores.js";
import { Fleet } from "./fleet.js";
import { ServerProcess } from "./server-process.js";

/**
 * Starts a Redis and a fleet of each size, and ends all when the work is done.
 *
 * @example
 * await withFleets(convive, [1, 2], async ([one, two], redis) => { … });
 */
export async function withFleets<T>(
  contender: Contender,
  sizes: readonly number[],
  work: (fleets: readonly Fleet[], redis: RedisServerProcess) => Promise<T>,
): Promise<T> {
  pinSelf(LOAD_CORE);
  const redis = await startRedis();
  // Beside the load, which never sleeps, it would wait for its turn.
  pinProcess(SERVER_CORE, redis.process.pid!);
  const release = ServerProcess.accompany(redis.process.pid!);
  const servers: ServerProcess[] = [];
  try {
    const fleets: Fleet[] = [];
    for (const size of sizes) {
      const env = { REDIS_URL: redis.url, REDIS_PREFIX: `fleet-of-${size}` };
      const own: ServerProcess[] = [];
      for (let at = 0; at < size; at += 1) {
        own.push(await ServerProcess.start(contender.program, { env }));
        servers.push(own.at(-1)!);
      }
      fleets.push(new Fleet(contender, own));
    }
    return await work(fleets, redis);
  } finally {
    for (const server of servers) await server.stop();
    release();
    await redis.stop();
  }
}
