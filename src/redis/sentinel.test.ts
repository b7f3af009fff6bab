import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Redis } from "ioredis";
import { systemClock } from "../clock.js";
import { FaultProxy } from "../testing/fault-proxy.js";
import { startRedisSentinel } from "../testing/redis-topology.js";
import { silentLogger } from "../testing/silent-logger.js";
import { until } from "../testing/until.js";
import { RedisLink } from "./link.js";

const PATIENT_MS = 20_000;
const RETRY_MS = 50;

test("who hears of the new master while it asks for the master is connected to it", async (t) => {
  const redis = await startRedisSentinel();
  t.after(() => redis.stop());
  const sentinel = await FaultProxy.start(redis.sentinels[0]!.port);
  t.after(() => sentinel.stop());
  const link = new RedisLink({
    place: { sentinels: [{ host: "127.0.0.1", port: sentinel.port }], name: redis.name },
    deadlineMs: PATIENT_MS,
    retryMs: RETRY_MS,
    clock: systemClock,
    logger: silentLogger,
  });
  t.after(() => link.close());
  await link.opened;
  const heard: string[] = [];
  await link.subscribe("news", (text) => heard.push(text));

  const herald = new Redis(redis.sentinels[0]!);
  t.after(() => herald.disconnect());
  await herald.subscribe("+switch-master");
  redis.master.process.kill("SIGKILL");
  await until(
    () =>
      link.call("PING").then(
        () => false,
        () => true,
      ),
    () => "the link has lost the master",
  );
  // From now on both connections wait for the Sentinel's answer. Its news of the new master are there before the second one.
  sentinel.hold();
  await once(herald, "message");
  sentinel.release();

  await until(
    () =>
      link.call("PUBLISH", "news", "back").then(
        () => heard.includes("back"),
        () => false,
      ),
    () => "the link is there again, and hears",
  );
  assert.ok(heard.every((text) => text === "back"));
});
