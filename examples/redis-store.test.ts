import assert from "node:assert/strict";
import { test } from "node:test";
import { RedisProcess } from "./cluster/redis-process.js";
import { RedisStore } from "./redis-store.js";

test("two nodes that change one room at the same time lose nothing, and keep it for whoever comes next, also while Redis is away", async (t) => {
  const redis = new RedisProcess();
  const url = await redis.start();
  t.after(() => redis.stop());
  const open = () => {
    const store = new RedisStore<readonly string[]>(url, "lists", []);
    t.after(() => store.close());
    return store;
  };
  const [one, two] = [open(), open()];
  assert.deepEqual(await one.load("1"), []);
  const add = (list: readonly string[], word: string) => [...list, word];
  const words = Array.from({ length: 20 }, (_, n) => `word ${n}`);
  await Promise.all(words.map((word, n) => (n % 2 ? one : two).change("1", add, word)));
  assert.deepEqual((await open().load("1")).toSorted(), words.toSorted());
  assert.deepEqual(await two.load("2"), []);

  await one.load("1");
  await redis.stop();
  assert.deepEqual((await one.load("1")).toSorted(), words.toSorted());
  await assert.rejects(one.change("1", add, "lost"));
  assert.equal((await one.load("1")).includes("lost"), false);
});
