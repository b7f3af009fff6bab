import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "./memory-store.js";

test("a store keeps what changed last, and no more than it may", () => {
  const store = new MemoryStore(0);
  for (let n = 0; n < 150; n++) store.change(String(n), (value, by: number) => value + by, n);
  store.change("149", (value, by: number) => value + by, 1);
  assert.deepEqual([store.load("0"), store.load("149"), store.load("50"), store.load("49")], [0, 150, 50, 0]);
});
