import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BUCKETS, mostBuckets, shardsOf, slotOf } from "./cluster.js";

describe("buckets on shards", () => {
  test("a slot is what Redis says it is", () => {
    // CLUSTER KEYSLOT of these keys.
    assert.equal(slotOf("123456789"), 0x31c3);
    assert.equal(slotOf("foo"), 12_182);
  });

  test("every bucket lies on one shard, and the fullest has at least its share", () => {
    for (let count = 1; count <= 2 * BUCKETS; count += 1) {
      for (const dealing of ["dealt", "moved"] as const) {
        const shards = shardsOf(count, dealing);
        assert.equal(shards.ofBucket.length, BUCKETS);
        assert.ok(shards.ofBucket.every((shard) => shard >= 0 && shard < count));
        assert.ok(mostBuckets(shards) >= Math.ceil(BUCKETS / count));
      }
      assert.equal(mostBuckets(shardsOf(count, "moved")), Math.ceil(BUCKETS / count));
    }
  });

  test("more shards than buckets take nothing more over", () => {
    assert.equal(mostBuckets(shardsOf(BUCKETS, "moved")), 1);
    assert.equal(new Set(shardsOf(2 * BUCKETS, "moved").ofBucket).size, BUCKETS);
  });
});
