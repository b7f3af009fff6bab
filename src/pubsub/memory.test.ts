import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../testing/fake-clock.js";
import { pubsubContract } from "../testing/pubsub-contract.js";
import { silentLogger } from "../testing/silent-logger.js";
import { MemoryBus } from "./memory-bus.js";
import { MemoryPubSub } from "./memory.js";

pubsubContract({
  name: "memory",
  open: async () => {
    const bus = new MemoryBus<unknown>(() => {});
    return { connect: () => new MemoryPubSub(silentLogger, bus), arrived: settle, close: async () => {} };
  },
});

test("what was subscribed and is no more leaves nothing on the bus", async () => {
  const bus = new MemoryBus<unknown>(() => {});
  const node = new MemoryPubSub(silentLogger, bus);
  const stops = Array.from({ length: 1_000 }, (_, i) => node.subscribe(`t${i}`, () => {}));
  assert.equal(bus.size, 1_000);
  for (const stop of stops) stop();
  assert.equal(bus.size, 0);
});

test("a message is never delivered in the middle of its publisher's work", async () => {
  const node = new MemoryPubSub(silentLogger);
  const order: string[] = [];
  node.subscribe("t", () => order.push("heard"));
  void node.publish("t", 1);
  order.push("published");
  await settle();
  assert.deepEqual(order, ["published", "heard"]);
});
