import assert from "node:assert/strict";
import { test } from "node:test";
import { Redis } from "ioredis";
import { startRedis } from "../testing/redis-server.js";
import type { Operation } from "./backend.js";
import { RedisKeys } from "./redis-keys.js";
import { decodeEvent, encodeWrite } from "./redis-record.js";
import { loadScripts } from "./redis-script.js";

const ROOM = "room";
/** In a time to come, so that who joins later has the same: the clock of the server does not show. */
const JOINED_AT = 9_000_000_000_000;
const BARE = { op: "put", meta: { name: "Ann", tag: '"\t<' }, status: "active", isLingering: false } as const;

/** incarnation, number, operations */
type Batch = readonly [string, number, ...Operation[]];

const first: Operation = { ...BARE, connectionId: "c0", userId: "zoe", joinedAt: JOINED_AT };
const join = (connectionId: string, userId: string, more: { readonly since?: number } = {}): Operation => {
  return { ...BARE, ...more, connectionId, userId };
};

const STORIES: Readonly<Record<string, readonly Batch[]>> = {
  "of an incarnation that has others there": [
    ["p.1", 1, first],
    ["p.1", 2, join("c1", "ann")],
  ],
  "of an incarnation that has nobody there": [
    ["p.1", 1, first],
    ["q.1", 1, join("c1", "ann é/\t")],
  ],
  "of a connection with an id of several lines": [
    ["p.1", 1, first],
    ["p.1", 2, join("c\n1\n", "ann")],
  ],
  "of somebody who has another tab": [
    ["p.1", 1, first],
    ["q.1", 1, join("c1", "zoe", { since: 5 })],
  ],
  "of a connection that is there already": [
    ["p.1", 1, first],
    ["q.1", 1, join("c0", "zoe")],
  ],
  "with a number that came before": [
    ["p.1", 2, first],
    ["p.1", 2, join("c1", "ann")],
  ],
  "into a room that all have left": [
    ["p.1", 1, first],
    ["p.1", 2, { op: "delete", connectionId: "c0", reason: "left" }],
    ["p.1", 3, join("c1", "ann")],
  ],
  "of one that is fenced": [
    ["p.1", 1, first],
    ["fenced.1", 1, join("c1", "ann")],
  ],
  "of two at once": [
    ["p.1", 1, first],
    ["p.1", 2, join("c1", "ann"), join("c2", "bob")],
  ],
};

test("a join by the short way leaves, tells and answers what the whole script would", async (t) => {
  const server = await startRedis();
  const redis = new Redis(server.port);
  t.after(async () => {
    redis.disconnect();
    await server.stop();
  });
  const { apply } = loadScripts();
  const whole = apply.text.replace('if ARGV[8] == "j" and', "if false and");
  assert.notEqual(whole, apply.text);
  for (const [name, batches] of Object.entries(STORIES)) {
    const [short, long] = [await played(redis, apply.text, batches), await played(redis, whole, batches)];
    assert.deepEqual(short, long, name);
  }
});

test("who joins by the short way is the newest from then on: nobody after him is put before him", async (t) => {
  const server = await startRedis();
  const redis = new Redis(server.port);
  t.after(async () => {
    redis.disconnect();
    await server.stop();
  });
  await played(redis, loadScripts().apply.text, [
    ["p.1", 1, { ...BARE, connectionId: "c0", userId: "zoe", joinedAt: 1 }],
    ["q.1", 1, join("c1", "ann")],
  ]);
  const keys = new RedisKeys("p").room(ROOM);
  const joinedAt = (await redis.hget(keys[1]!, "c1"))!.split("\t")[5];
  assert.ok(Number(joinedAt) > 1);
  assert.equal(await redis.hget(keys[4]!, "#newest"), joinedAt);
});

test("the short way reads the server's time to the ms, wherever its second stands", async (t) => {
  const server = await startRedis();
  const redis = new Redis(server.port);
  t.after(async () => {
    redis.disconnect();
    await server.stop();
  });
  const [connections] = new RedisKeys("p").room(ROOM).slice(1);
  for (const µs of [0, 42, 999, 1_000, 99_999, 123_456, 999_999]) {
    const text = loadScripts().apply.text.replace('call("TIME")', `{ "1800000000", "${µs}" }`);
    await played(redis, text, [
      ["p.1", 1, { ...BARE, connectionId: "c0", userId: "zoe", joinedAt: 1 }],
      ["p.1", 2, join("c1", "ann")],
    ]);
    const joinedAt = (await redis.hget(connections!, "c1"))!.split("\t")[5];
    assert.equal(joinedAt, String(1_800_000_000_000 + Math.floor(µs / 1_000)));
  }
});

/** What each batch was answered, what was told, and all that is kept in the end. */
async function played(redis: Redis, text: string, batches: readonly Batch[]): Promise<unknown> {
  await redis.flushall();
  const keys = new RedisKeys("p").room(ROOM);
  await redis.zadd(keys[6]!, 1, "fenced.1");
  const hearing = redis.duplicate();
  const told: unknown[] = [];
  hearing.on("message", (_, event: string) => told.push(decodeEvent(event)));
  await hearing.subscribe("channel", "end");
  const answers: unknown[] = [];
  for (const [i, [incarnation, sequence, ...operations]] of batches.entries()) {
    const write = { incarnation, sequence, nonce: `n${i}`, operations };
    const args = ["channel", ROOM, incarnation, write.nonce, 30_000, ...encodeWrite(write)];
    const answer = await redis.eval(text, keys.length, ...keys, JSON.stringify(args));
    // A head alone says that all is done.
    answers.push(typeof answer === "string" ? ["ok", answer, "1"] : answer);
  }
  const ended = new Promise((resolve) => hearing.on("message", (channel) => channel === "end" && resolve(null)));
  await redis.publish("end", "");
  await ended;
  hearing.disconnect();
  return { answers, told, kept: await Promise.all(keys.map((key) => kept(redis, key))) };
}

async function kept(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  const isLasting = (await redis.pttl(key)) < 0;
  if (type === "hash") return { isLasting, hash: await redis.hgetall(key) };
  if (type === "zset") return { isLasting, zset: await redis.zrange(key, "0", "-1") };
  return { isLasting, text: await redis.get(key) };
}
