/** Rooms are hashed into so many buckets; all keys of a bucket lie in one slot of a Cluster. */
export const BUCKETS = 32;
/** Nodes that share keys must agree on it: which keys there are, and over how many buckets they spread. */
export const LAYOUT = `1/${BUCKETS}`;

export const ALL_BUCKETS: readonly number[] = Array.from({ length: BUCKETS }, (_, bucket) => bucket);

/** Keys of so many rooms are kept at hand. */
const MAX_ROOMS = 1_000;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The bucket of a room, by FNV-1a. */
export function bucketOf(room: string): number {
  let hash = FNV_OFFSET;
  for (const byte of Buffer.from(room)) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return (hash >>> 0) % BUCKETS;
}

const ROOM_TYPES = {
  head: "string",
  connections: "hash",
  users: "hash",
  owners: "hash",
  sequences: "hash",
  deadlines: "zset",
  ttls: "hash",
} as const;
const REGISTRY_TYPES = { clock: "hash", leases: "zset", unswept: "zset", condemned: "zset", orders: "zset" } as const;

/** A key and what it holds, as Redis calls it. */
export interface TypedKey {
  readonly key: string;
  readonly type: "string" | "hash" | "zset";
}

/** Names everything that one app keeps in Redis. What the keys hold is said in `redis-room.lua` and `redis-tick.lua`. */
export class RedisKeys {
  readonly #prefix: string;
  /** of rooms that were written to lately: a room is written to more than once */
  readonly #rooms = new Map<string, readonly string[]>();

  /** @param prefix parts apps that share a Redis */
  constructor(prefix: string) {
    // A brace in it would move the tag that decides the slot.
    this.#prefix = encodeURIComponent(prefix);
  }

  channel(room: string): string {
    return `${this.#prefix}:room:${room}`;
  }

  /** KEYS 1–9 of the scripts that change a room. */
  room(room: string): readonly string[] {
    const known = this.#rooms.get(room);
    if (known) return known;
    if (this.#rooms.size >= MAX_ROOMS) this.#rooms.clear();
    const keys = this.#roomKeys(room);
    this.#rooms.set(room, keys);
    return keys;
  }

  #roomKeys(room: string): readonly string[] {
    const bucket = bucketOf(room);
    const own = ["head", "connections", "users", "owners", "sequences", "deadlines"];
    const ofBucket = [this.fenced(bucket), this.rooms(bucket)];
    const start = this.#tagged(String(bucket), "");
    const ofRoom = (part: string) => `${start}${part}:${room}`;
    return [...own.map(ofRoom), ...ofBucket, ofRoom("ttls")];
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

  registry(part: keyof typeof REGISTRY_TYPES): string {
    return this.#tagged("nodes", part);
  }

  // ── for those who look at the keys themselves ──

  /** All keys of the registry. */
  registries(): TypedKey[] {
    return Object.entries(REGISTRY_TYPES).map(([part, type]) => ({ key: this.#tagged("nodes", part), type }));
  }

  /** The keys of a bucket that are no room's. */
  registers(bucket: number): TypedKey[] {
    return [this.fenced(bucket), this.rooms(bucket)].map((key) => ({ key, type: "zset" }));
  }

  /** The keys that are a room's alone. */
  ofRoom(room: string): TypedKey[] {
    return Object.entries(ROOM_TYPES).map(([part, type]) => ({ key: this.#ofRoom(room, part), type }));
  }

  /** Nothing is ever there. */
  unused(): string {
    return this.#tagged("nodes", "unused");
  }

  #ofRoom(room: string, part: string): string {
    return this.#tagged(String(bucketOf(room)), `${part}:${room}`);
  }

  #tagged(tag: string, rest: string): string {
    return `{${this.#prefix}:${tag}}:${rest}`;
  }
}
