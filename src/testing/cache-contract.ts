import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cache } from "../cursor/cache.js";

export interface OpenedCache {
  /** Another node's hold of the same cache. */
  connect(): Cache;
  /** Lets time pass: on a fake clock at once, else by waiting. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface CacheContract {
  readonly name: string;
  open(): Promise<OpenedCache>;
}

const ROOM = "doc%3A1";
/** Outlives every case; a case about expiry waits for `SHORT_MS`. */
const LONG_MS = 600_000;
const SHORT_MS = 100;
const WRITERS = 50;

/** What every body of `Cache` must do, as tests. */
export function cacheContract({ name, open }: CacheContract): void {
  const check: Check = (title, work) => {
    test(title, async () => {
      const opened = await open();
      try {
        await work(opened);
      } finally {
        await opened.close();
      }
    });
  };
  describe(`${name} cache`, () => {
    checkFields(check);
    checkExpiry(check);
  });
}

type Check = (title: string, work: (opened: OpenedCache) => Promise<void>) => void;

function checkFields(check: Check): void {
  check("a room that nobody wrote to is empty, and deleting in it is no error", async ({ connect }) => {
    const cache = connect();
    assert.deepEqual(await read(cache), {});
    await cache.delete(ROOM, ["a"]);
    await cache.delete(ROOM, []);
    await cache.set(ROOM, new Map(), LONG_MS);
    assert.deepEqual(await read(cache), {});
  });

  check("what one node sets every node gets, and the last text of a field counts", async ({ connect }) => {
    const [one, two] = [connect(), connect()];
    await one.set(ROOM, fields({ a: "1", b: "2" }), LONG_MS);
    await two.set(ROOM, fields({ b: "3", c: "4" }), LONG_MS);
    for (const cache of [one, two]) assert.deepEqual(await read(cache), { a: "1", b: "3", c: "4" });
  });

  check("fifty writers at once, each with a field of its own, lose nothing", async ({ connect }) => {
    const caches = Array.from({ length: 5 }, () => connect());
    const writers = Array.from({ length: WRITERS }, (_, i) => [`w${i}`, String(i)] as const);
    const writing = writers.map((each, i) => caches[i % caches.length]!.set(ROOM, new Map([each]), LONG_MS));
    await Promise.all(writing);
    for (const cache of caches) assert.deepEqual(await read(cache), Object.fromEntries(writers));
  });

  check("deleting takes the named fields only, and one that is not there is no error", async ({ connect }) => {
    const [one, two] = [connect(), connect()];
    await one.set(ROOM, fields({ a: "1", b: "2", c: "3" }), LONG_MS);
    await two.delete(ROOM, ["a", "c", "nothing"]);
    assert.deepEqual(await read(one), { b: "2" });
  });

  check("a field that was deleted can be set again", async ({ connect }) => {
    const cache = connect();
    await cache.set(ROOM, fields({ a: "1" }), LONG_MS);
    await cache.delete(ROOM, ["a"]);
    await cache.set(ROOM, fields({ a: "2" }), LONG_MS);
    assert.deepEqual(await read(cache), { a: "2" });
  });

  check("rooms are apart, and so are fields, whatever they are called and hold", async ({ connect }) => {
    const cache = connect();
    const names = ["a", "A", "", "__proto__", "constructor", "@ann", "é", "\t\n", "a b", "{a}", "0", "null", "🙂"];
    const all = new Map(names.map((field) => [field, `text of ${field}`]));
    await cache.set(ROOM, all, LONG_MS);
    await cache.set(`${ROOM}0`, fields({ a: "other" }), LONG_MS);
    await cache.set(`acme/${ROOM}`, fields({ a: "tenant" }), LONG_MS);
    assert.deepEqual(sorted(await cache.get(ROOM)), sorted(all));
    assert.deepEqual(await read(cache, `${ROOM}0`), { a: "other" });
    assert.deepEqual(await read(cache, `acme/${ROOM}`), { a: "tenant" });
  });

  check("thousands of fields are written and read whole", async ({ connect }) => {
    const cache = connect();
    const many = new Map(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, "x".repeat(i % 50)]));
    await cache.set(ROOM, many, LONG_MS);
    assert.deepEqual(sorted(await cache.get(ROOM)), sorted(many));
    await cache.delete(ROOM, [...many.keys()].slice(1));
    assert.deepEqual(await read(cache), { f0: "" });
  });

  check("closing twice is harmless", async ({ connect }) => {
    const cache = connect();
    await cache.close();
    await cache.close();
  });
}

function checkExpiry(check: Check): void {
  check("each field expires by itself, whatever is written beside it", async ({ connect, advance }) => {
    const [one, two] = [connect(), connect()];
    await one.set(ROOM, fields({ short: "1", again: "1" }), SHORT_MS);
    await two.set(ROOM, fields({ long: "2", again: "2" }), LONG_MS);
    await advance(SHORT_MS + 1);
    assert.deepEqual(await read(one), { long: "2", again: "2" });
    await one.set(ROOM, fields({ late: "3" }), LONG_MS);
    assert.deepEqual(await read(two), { long: "2", again: "2", late: "3" });
  });

  check("a short field beside a long one shortens no life", async ({ connect, advance }) => {
    const cache = connect();
    await cache.set(ROOM, fields({ long: "1" }), LONG_MS);
    await cache.set(ROOM, fields({ short: "2" }), SHORT_MS);
    await advance(SHORT_MS + 1);
    assert.deepEqual(await read(cache), { long: "1" });
  });

  check("a field that is set for a shorter time ends sooner", async ({ connect, advance }) => {
    const cache = connect();
    await cache.set(ROOM, fields({ a: "1" }), LONG_MS);
    await cache.set(ROOM, fields({ a: "2" }), SHORT_MS);
    await advance(SHORT_MS + 1);
    assert.deepEqual(await read(cache), {});
  });

  check("reading prolongs nothing", async ({ connect, advance }) => {
    const cache = connect();
    await cache.set(ROOM, fields({ a: "1" }), SHORT_MS);
    await cache.get(ROOM);
    await advance(SHORT_MS / 2);
    await cache.get(ROOM);
    await advance(SHORT_MS / 2 + 1);
    assert.deepEqual(await read(cache), {});
  });
}

function fields(texts: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(Object.entries(texts));
}

async function read(cache: Cache, room = ROOM): Promise<Record<string, string>> {
  return Object.fromEntries(await cache.get(room));
}

function sorted(all: ReadonlyMap<string, string>): [string, string][] {
  return [...all].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
