import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { Redis } from "ioredis";
import { systemClock } from "../clock.js";
import type { RedisPlace } from "../redis/clients.js";
import { RedisLink } from "../redis/link.js";
import { cacheContract, type OpenedCache } from "../testing/cache-contract.js";
import { onEveryRedis } from "../testing/redis-places.js";
import { startRedis, type RedisServerProcess } from "../testing/redis-server.js";
import { silentLogger } from "../testing/silent-logger.js";
import { RedisCache } from "./redis.js";

/** Far above what a loaded machine takes: no case is about a command's deadline. */
const PATIENT_MS = 10_000;
const DEADLINE_MS = 60_000;
/** Timers and the server's clock round to a millisecond each. */
const ROUNDING_MS = 5;
let openings = 0;

onEveryRedis((name, place) => cacheContract({ name, open: async () => openCache(place()) }));

function linkTo(place: RedisPlace): RedisLink {
  return new RedisLink({ place, deadlineMs: PATIENT_MS, clock: systemClock, logger: silentLogger });
}

/** Each opening is an app of its own in the same Redis. */
function openCache(place: RedisPlace): OpenedCache {
  openings += 1;
  const prefix = `cache-${openings}`;
  const links: RedisLink[] = [];
  return {
    connect() {
      const link = linkTo(place);
      links.push(link);
      return new RedisCache(link, { prefix });
    },
    advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms + ROUNDING_MS)),
    async close() {
      await Promise.all(links.map((link) => link.close()));
    },
  };
}

// ── of Redis alone ──

let server: RedisServerProcess;
let admin: Redis;
before(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
after(async () => {
  admin?.disconnect();
  await server?.stop();
});

function cacheOf(t: TestContext): RedisCache {
  const link = linkTo(server.url);
  t.after(() => link.close());
  return new RedisCache(link, { prefix: t.name });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, "it did not come to be so in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function keysOf(t: TestContext): Promise<string[]> {
  return (await admin.keys(`{${encodeURIComponent(t.name)}:*`)).toSorted();
}

test("a room that nobody reads again leaves nothing", async (t) => {
  const cache = cacheOf(t);
  await cache.set("room", new Map([["a", "1"]]), 60_000);
  const keys = await keysOf(t);
  assert.equal(keys.length, 2);
  for (const key of keys) assert.ok((await admin.pttl(key)) > 0, key);
  await cache.delete("room", ["a"]);
  await cache.set("other", new Map([["a", "1"]]), 100);
  await until(async () => (await keysOf(t)).length === 0);
});

test("in a room that is written to again and again, what has expired does not pile up", async (t) => {
  const cache = cacheOf(t);
  await cache.set("room", new Map([["stays", "1"]]), 600_000);
  await cache.set("room", new Map(Array.from({ length: 500 }, (_, i) => [`f${i}`, "1"])), 1);
  const [ends, fields] = await keysOf(t);
  await until(async () => {
    await cache.set("room", new Map([["stays", "2"]]), 600_000);
    return (await admin.hlen(fields!)) === 1 && (await admin.zcard(ends!)) === 1;
  });
  assert.deepEqual([...(await cache.get("room"))], [["stays", "2"]]);
});

test("a key of ours that holds something else is named as such, and nothing is half written", async (t) => {
  const cache = cacheOf(t);
  await cache.set("room", new Map([["a", "1"]]), 60_000);
  for (const key of await keysOf(t)) {
    await admin.flushall();
    await admin.set(key, "ours?");
    await assert.rejects(cache.set("room", new Map([["a", "1"]]), 60_000), { code: "REDIS_VALUE_FOREIGN" });
    await assert.rejects(cache.get("room"), { code: "REDIS_VALUE_FOREIGN" });
    assert.deepEqual(await keysOf(t), [key]);
  }
});

test("apps with different prefixes share nothing", async (t) => {
  const cache = cacheOf(t);
  const link = linkTo(server.url);
  t.after(() => link.close());
  await cache.set("room", new Map([["a", "1"]]), 60_000);
  assert.equal((await new RedisCache(link, { prefix: `${t.name}2` }).get("room")).size, 0);
});
