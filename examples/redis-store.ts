import { Redis } from "ioredis";
import { MemoryStore } from "./memory-store.js";
import type { Store } from "./store.js";

const KEPT_SECONDS = 24 * 3_600;
const DEADLINE_MS = 2_000;

/** KEYS 1 a room · ARGV 1 the text that was read, empty for none · 2 the text to keep · 3 for how many seconds. Returns 1 when it is kept. */
const REPLACE = `
if (redis.call("GET", KEYS[1]) or "") ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[2], "EX", ARGV[3])
return 1`;

/** In Redis, a text for each room, until nobody has changed it for a day. What Redis cannot tell is what this process knew last. */
export class RedisStore<T> implements Store<T> {
  readonly #redis: Redis;
  readonly #known: MemoryStore<T>;

  constructor(
    url: string,
    private readonly name: string,
    initial: T,
  ) {
    this.#known = new MemoryStore(initial);
    this.#redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1, commandTimeout: DEADLINE_MS });
    // Whoever asks is told of the failure; Convive's own connection logs it.
    this.#redis.on("error", () => {});
  }

  /** Also while Redis is away: a page is better than none. */
  async load(id: string): Promise<T> {
    return this.#read(id, await this.#redis.get(this.#key(id)).catch(() => null));
  }

  /**
   * Another node may be faster: then its change is read, and this one laid over it.
   * @throws Error while Redis is away: what was not kept must not look as if it were
   */
  async change<P>(id: string, change: (value: T, payload: P) => T, payload: P): Promise<void> {
    const key = this.#key(id);
    for (;;) {
      const before = await this.#redis.get(key);
      const after = JSON.stringify(change(await this.#read(id, before), payload));
      if (await this.#redis.eval(REPLACE, 1, key, before ?? "", after, KEPT_SECONDS)) return;
    }
  }

  close(): void {
    this.#redis.disconnect();
  }

  async #read(id: string, text: string | null): Promise<T> {
    if (text === null) return this.#known.load(id);
    const value = JSON.parse(text) as T;
    await this.#known.change(id, () => value, null);
    return value;
  }

  #key(id: string): string {
    return `convive-demo:${this.name}:${id}`;
  }
}
