import { Redis } from "ioredis";
import type { Store } from "./store.js";

const KEPT_SECONDS = 24 * 3_600;
const DEADLINE_MS = 2_000;

/** KEYS 1 a room · ARGV 1 the text that was read, empty for none · 2 the text to keep · 3 for how many seconds. Returns 1 when it is kept. */
const REPLACE = `
if (redis.call("GET", KEYS[1]) or "") ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[2], "EX", ARGV[3])
return 1`;

/** In Redis, a text for each room, until nobody has changed it for a day. */
export class RedisStore<T> implements Store<T> {
  readonly #redis: Redis;

  constructor(
    url: string,
    private readonly name: string,
    private readonly initial: T,
  ) {
    this.#redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1, commandTimeout: DEADLINE_MS });
    // Whoever asks is told of the failure; Convive's own connection logs it.
    this.#redis.on("error", () => {});
  }

  async load(id: string): Promise<T> {
    return this.#read(await this.#redis.get(this.#key(id)));
  }

  /** Another node may be faster: then its change is read, and this one laid over it. */
  async change<P>(id: string, change: (value: T, payload: P) => T, payload: P): Promise<void> {
    const key = this.#key(id);
    for (;;) {
      const before = await this.#redis.get(key);
      const after = JSON.stringify(change(this.#read(before), payload));
      if (await this.#redis.eval(REPLACE, 1, key, before ?? "", after, KEPT_SECONDS)) return;
    }
  }

  close(): void {
    this.#redis.disconnect();
  }

  #read(text: string | null): T {
    return text === null ? this.initial : (JSON.parse(text) as T);
  }

  #key(id: string): string {
    return `convive-demo:${this.name}:${id}`;
  }
}
