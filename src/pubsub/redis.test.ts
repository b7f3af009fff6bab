import { systemClock } from "../clock.js";
import { RedisLink } from "../redis/link.js";
import type { RedisPlace } from "../redis/clients.js";
import { pubsubContract, type OpenedPubSub } from "../testing/pubsub-contract.js";
import { onEveryRedis } from "../testing/redis-places.js";
import { silentLogger } from "../testing/silent-logger.js";
import { RedisPubSub } from "./redis.js";

/** Far above what a loaded machine takes: no case of the contract is about a deadline. */
const DEADLINE_MS = 10_000;
let openings = 0;

onEveryRedis((name, place) => pubsubContract({ name, open: async () => openTopics(place()) }));

/** Each opening is an app of its own in the same Redis. */
function openTopics(place: RedisPlace): OpenedPubSub {
  openings += 1;
  const prefix = `topics-${openings}`;
  const links: RedisLink[] = [];
  return {
    connect() {
      const link = new RedisLink({ place, deadlineMs: DEADLINE_MS, clock: systemClock, logger: silentLogger });
      links.push(link);
      return new RedisPubSub({ link, clock: systemClock, logger: silentLogger, prefix });
    },
    async arrived() {
      await Promise.all(links.map((link) => untilHeard(link, prefix)));
    },
    async close() {
      await Promise.all(links.map((link) => link.close()));
    },
  };
}

/** A connection hears in the order told: after this it has heard whatever was told before. */
async function untilHeard(link: RedisLink, prefix: string): Promise<void> {
  let hear: () => void = () => {};
  const heard = new Promise<void>((resolve) => (hear = resolve));
  const stop = await link.subscribe(`${prefix}:topic:marker`, () => hear());
  await new RedisPubSub({ link, clock: systemClock, logger: silentLogger, prefix }).publish("marker", null);
  await heard;
  stop();
}
