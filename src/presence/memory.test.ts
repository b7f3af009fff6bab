import assert from "node:assert/strict";
import { test } from "node:test";
import { backendContract } from "../testing/backend-contract.js";
import { FakeClock } from "../testing/fake-clock.js";
import { silentLogger } from "../testing/silent-logger.js";
import { MemoryBackend, MemoryStore } from "./memory.js";

backendContract({
  name: "memory",
  open: async () => {
    const clock = new FakeClock();
    const store = new MemoryStore(clock, silentLogger);
    return { connect: () => new MemoryBackend(store), advance: (ms) => clock.advance(ms), close: async () => {} };
  },
});

test("an empty room is forgotten two leases after its last member left", async () => {
  const clock = new FakeClock();
  const store = new MemoryStore(clock, silentLogger);
  const backend = new MemoryBackend(store);
  const tick = (isFirst: boolean) =>
    backend.tick({ incarnation: "n.1", isFirst, leaseMs: 100, stepMs: 10, ordersSince: 0 });
  await tick(true);
  const put = { op: "put", connectionId: "c", userId: "ann", meta: {}, status: "active", isLingering: false } as const;
  await backend.apply("room", { incarnation: "n.1", sequence: 1, nonce: "a", operations: [put] });
  const gone = { op: "delete", connectionId: "c", reason: "left" } as const;
  await backend.apply("room", { incarnation: "n.1", sequence: 2, nonce: "b", operations: [gone] });
  await clock.advance(199);
  await tick(false);
  assert.equal(store.rooms.size, 1);
  await clock.advance(1);
  await tick(false);
  assert.deepEqual([store.rooms.size, store.roomsOf.size, store.bus.size], [0, 0, 0]);
});
