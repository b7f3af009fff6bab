import { ALL_BUCKETS, BUCKETS, bucketOf } from "../../src/presence/redis-keys.js";

const SLOTS = 16_384;
const POLYNOMIAL = 0x1021;
const PREFIX = "convive";

/** Slot of a Redis Cluster: CRC-16 (XMODEM) of the key's tag. */
export function slotOf(tag: string): number {
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? POLYNOMIAL : 0)) & 0xffff;
  }
  return crc % SLOTS;
}

/** How slots come to shards: as `redis-cli --cluster create` deals them, or moved by hand so that each has as many buckets. */
export type Dealing = "dealt" | "moved";

/** Which shard each bucket lies on, and the registry of nodes. */
export interface Shards {
  readonly count: number;
  readonly ofBucket: readonly number[];
  readonly ofRegistry: number;
}

export function shardsOf(count: number, dealing: Dealing = "dealt"): Shards {
  const dealt = (tag: string) => Math.min(count - 1, Math.floor((slotOf(`${PREFIX}:${tag}`) * count) / SLOTS));
  const ofBucket = ALL_BUCKETS.map((bucket) => (dealing === "dealt" ? dealt(String(bucket)) : bucket % count));
  return { count, ofBucket, ofRegistry: dealt("nodes") };
}

/** How many buckets the fullest shard has: no shard can have less than one, so more than 32 shards are of no use. */
export function mostBuckets({ count, ofBucket }: Shards): number {
  const counts = Array.from({ length: count }, () => 0);
  for (const shard of ofBucket) counts[shard]! += 1;
  return Math.max(...counts);
}

export { BUCKETS, bucketOf };
