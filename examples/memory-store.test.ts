import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "./memory-store.js";

test("a store keeps what changed last, and no more than it may", async () => {
  const store = new MemoryStore(0);
  for (let n = 0; n < 150; n++) await store.change(String(n), (value, by: number) => value + by, n);
  await store.change("149", (value, by: number) => value + by, 1);
  const kept = await Promise.all(["0", "149", "50", "49"].map((id) => store.load(id)));
  assert.deepEqual(kept, [0, 150, 50, 0]);
});
