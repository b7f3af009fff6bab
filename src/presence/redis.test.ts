import { systemClock } from "../clock.js";
import { backendContract, type OpenedBackend } from "../testing/backend-contract.js";
import { onEveryRedis } from "../testing/redis-places.js";
import { silentLogger } from "../testing/silent-logger.js";
import type { RedisPlace } from "../redis/clients.js";
import { bucketOf, BUCKETS } from "./redis-keys.js";
import { RedisLink } from "../redis/link.js";
import { RedisPresenceBackend } from "./redis.js";

/** Far above what a loaded machine takes: no case of the contract is about a deadline. */
const DEADLINE_MS = 10_000;
/** One room per bucket, so that each server of a Cluster has one. */
const MARKERS = roomPerBucket();

let openings = 0;

onEveryRedis((name, place) => backendContract({ name, open: async () => openStore(place()) }));

/** Each opening is an app of its own in the same Redis. */
function openStore(place: RedisPlace): OpenedBackend {
  openings += 1;
  const prefix = `contract-${openings}`;
  const backends: RedisPresenceBackend[] = [];
  return {
    connect() {
      const link = new RedisLink({ place, deadlineMs: DEADLINE_MS, clock: systemClock, logger: silentLogger });
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

/** A connection hears each server in the order told: after these texts it has heard whatever was told before. */
async function untilHeard(backend: RedisPresenceBackend): Promise<void> {
  await Promise.all(
    MARKERS.map(async (room) => {
      let hear: () => void = () => {};
      const heard = new Promise<void>((resolve) => (hear = resolve));
      const stop = await backend.subscribe(room, { changed: () => {}, published: () => hear() });
      await backend.publish(room, "");
      await heard;
      stop();
    }),
  );
}

function roomPerBucket(): string[] {
  const rooms = new Map<number, string>();
  for (let i = 0; rooms.size < BUCKETS; i += 1) rooms.set(bucketOf(`marker${i}`), `marker${i}`);
  return [...rooms.values()];
}
