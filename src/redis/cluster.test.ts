import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Redis } from "ioredis";
import { systemClock } from "../clock.js";
import type { Logger } from "../logger.js";
import { masterOfSlot, slotOf } from "../testing/redis-slot.js";
import type { RedisServerProcess } from "../testing/redis-server.js";
import { startRedisCluster, type RedisClusterProcesses } from "../testing/redis-topology.js";
import { until } from "../testing/until.js";
import { RedisLink } from "./link.js";

const DEADLINE_MS = 2_000;
const PROBE_MS = 100;

let redis: RedisClusterProcesses;
before(async () => {
  redis = await startRedisCluster();
});
after(() => redis?.stop());

/** The server at which these channels are heard, as soon as one hears them all. */
async function listenedAt(admins: readonly Redis[], channels: readonly string[]): Promise<number> {
  let at = -1;
  await until(async () => {
    const counts = await Promise.all(admins.map((admin) => admin.pubsub("NUMSUB", ...channels)));
    at = counts.findIndex((each) => channels.every((_, i) => Number(each[2 * i + 1]) > 0));
    return at >= 0;
  });
  return at;
}

/** A key that lies on another server than this one. */
async function keyBeside(server: RedisServerProcess): Promise<string> {
  for (let i = 0; ; i += 1) {
    const slot = await slotOf(redis.masters[0]!, `key ${i}`);
    if ((await masterOfSlot(redis.masters, slot)) !== server) return `key ${i}`;
  }
}

test("while the connection that hears a Cluster is made anew, commands go on", async (t) => {
  const told: string[] = [];
  const keep = (_: object, text: string) => void told.push(text);
  const logger: Logger = { info: keep, warn: keep, error: keep };
  const place = { cluster: redis.servers };
  const link = new RedisLink({ place, deadlineMs: DEADLINE_MS, probeMs: PROBE_MS, clock: systemClock, logger });
  t.after(() => link.close());
  const admins = redis.masters.map(({ url }) => new Redis(url));
  t.after(() => admins.forEach((admin) => admin.disconnect()));
  await link.opened;
  let heard = 0;
  await link.subscribe("news", () => (heard += 1));
  link.keepHearing("probe");
  const at = await listenedAt(admins, ["news", "probe"]);
  const key = await keyBeside(redis.masters[at]!);
  const herald = admins[at === 0 ? 1 : 0]!;

  redis.masters[at]!.process.kill("SIGSTOP");
  let commands = 0;
  await until(
    async () => {
      await link.call("SET", key, (commands += 1));
      await herald.publish("news", "again");
      return heard > 0;
    },
    () => `${commands} commands, told: ${told.join("; ")}`,
  );
  assert.match(told.join("; "), /is not heard; the connection is made anew/);
});
