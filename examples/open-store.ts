import { MemoryStore } from "./memory-store.js";
import { RedisStore } from "./redis-store.js";
import type { Store } from "./store.js";

const { REDIS_URL } = process.env;

/** In Redis when REDIS_URL names one, so that many nodes share it; else in this process. */
export function openStore<T>(name: string, initial: T): Store<T> {
  return REDIS_URL ? new RedisStore(REDIS_URL, name, initial) : new MemoryStore(initial);
}
