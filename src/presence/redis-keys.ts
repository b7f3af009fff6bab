/** Rooms are hashed into so many buckets; all keys of a bucket lie in one slot of a Cluster. */
export const BUCKETS = 32;

export const ALL_BUCKETS: readonly number[] = Array.from({ length: BUCKETS }, (_, bucket) => bucket);

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The bucket of a room, by FNV-1a. */
export function bucketOf(room: string): number {
  let hash = FNV_OFFSET;
  for (const byte of Buffer.from(room)) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return (hash >>> 0) % BUCKETS;
}

/** Names everything that one app keeps in Redis. What the keys hold is said in `redis-room.lua` and `redis-tick.lua`. */
export class RedisKeys {
  readonly #prefix: string;

  /** @param prefix parts apps that share a Redis */
  constructor(prefix: string) {
    // A brace in it would move the tag that decides the slot.
    this.#prefix = encodeURIComponent(prefix);
  }

  channel(room: string): string {
    return `${this.#prefix}:room:${room}`;
  }

  /** KEYS 1–9 of the scripts that change a room. */
  room(room: string): string[] {
    const bucket = bucketOf(room);
    const own = ["head", "connections", "users", "owners", "sequences", "deadlines"];
    const ofBucket = [this.fenced(bucket), this.rooms(bucket)];
    return [...own.map((part) => this.#ofRoom(room, part)), ...ofBucket, this.#ofRoom(room, "ttls")];
  }

  /** KEYS of the script that reads a room. */
  snapshot(room: string): string[] {
    const parts = ["head", "connections", "sequences"].map((part) => this.#ofRoom(room, part));
    return [...parts, this.fenced(bucketOf(room))];
  }

  /** KEYS of one room for the script that counts. */
  summary(room: string): string[] {
    return ["connections", "users", "owners"].map((part) => this.#ofRoom(room, part));
  }

  head(room: string): string {
    return this.#ofRoom(room, "head");
  }

  users(room: string): string {
    return this.#ofRoom(room, "users");
  }

  /** KEYS of the scripts that keep something for a while. */
  cache(room: string): string[] {
    return [this.#ofRoom(room, "cache"), this.#ofRoom(room, "cache-ends")];
  }

  fenced(bucket: number): string {
    return this.#tagged(String(bucket), "fenced");
  }

  rooms(bucket: number): string {
    return this.#tagged(String(bucket), "rooms");
  }

  registry(part: "clock" | "leases" | "unswept" | "condemned" | "orders"): string {
    return this.#tagged("nodes", part);
  }

  #ofRoom(room: string, part: string): string {
    return this.#tagged(String(bucketOf(room)), `${part}:${room}`);
  }

  #tagged(tag: string, rest: string): string {
    return `{${this.#prefix}:${tag}}:${rest}`;
  }
}
