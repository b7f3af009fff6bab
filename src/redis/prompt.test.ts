import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { Redis } from "ioredis";
import { startRedis } from "../testing/redis-server.js";
import { readAtOnce } from "./prompt.js";

test("what comes is read at once, not in the next tick", async (t) => {
  const server = await startRedis();
  const redis = new Redis(server.port, { lazyConnect: true });
  t.after(async () => {
    redis.disconnect();
    await server.stop();
  });
  readAtOnce(redis);
  await redis.connect();
  const { stream } = redis as { readonly stream: Socket };
  let heard = 0;
  stream.prependListener("data", () => (heard += 1));
  const push = stream.push.bind(stream);
  const isReadWithin: boolean[] = [];
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    const before = heard;
    const goesOn = push(chunk, encoding);
    isReadWithin.push(heard > before);
    return goesOn;
  };
  await redis.ping();
  assert.deepEqual(isReadWithin, [true]);
});
