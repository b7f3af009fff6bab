import { RedisKeys } from "../presence/redis-keys.js";
import type { RedisLink } from "../redis/link.js";
import { readScript, type RedisScript } from "../redis/script.js";
import type { Cache } from "./cache.js";

export interface RedisCacheOptions {
  /** parts apps that share a Redis */
  readonly prefix?: string;
}

/** What all processes that share a Redis keep for a while. Who made the link closes it. */
export class RedisCache implements Cache {
  readonly #keys: RedisKeys;
  readonly #scripts = { set: script("set"), get: script("get"), delete: script("delete") };

  constructor(
    private readonly link: RedisLink,
    { prefix = "convive" }: RedisCacheOptions = {},
  ) {
    this.#keys = new RedisKeys(prefix);
  }

  async set(room: string, fields: ReadonlyMap<string, string>, ttlMs: number): Promise<void> {
    if (fields.size > 0) await this.#run(this.#scripts.set, room, [Math.ceil(ttlMs), ...[...fields].flat()]);
  }

  async get(room: string): Promise<ReadonlyMap<string, string>> {
    const [all, expired] = (await this.#run(this.#scripts.get, room, [])) as [string[], string[]];
    const fields = new Map<string, string>();
    for (let at = 0; at < all.length; at += 2) fields.set(all[at]!, all[at + 1]!);
    for (const field of expired) fields.delete(field);
    return fields;
  }

  async delete(room: string, fields: readonly string[]): Promise<void> {
    if (fields.length > 0) await this.#run(this.#scripts.delete, room, fields);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #run(script: RedisScript, room: string, args: readonly (string | number)[]): Promise<unknown> {
    return this.link.run(script, this.#keys.cache(room), args);
  }
}

function script(name: string): RedisScript {
  return readScript(new URL(`./redis-${name}.lua`, import.meta.url));
}
