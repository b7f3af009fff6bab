import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveLimits } from "../options.js";
import { FakeClock } from "../testing/fake-clock.js";
import { Observer, PresenceCluster } from "../testing/presence-cluster.js";
import { silentLogger } from "../testing/silent-logger.js";
import type { RoomWrite } from "./backend.js";
import { MemoryBackend, MemoryStore } from "./memory.js";
import { PresenceNode } from "./node.js";

const KEY = "doc:1";
const LEFT_ROOMS = 300;

for (const isHeard of [true, false]) {
  const what = isHeard ? "hears of it" : "finds it out";
  test(`a node that was swept while its lease looks well ${what}, and comes back under a new term`, async () => {
    const cluster = new PresenceCluster();
    const [one, two] = [cluster.start(), cluster.start()];
    const [own, observer] = [await Observer.of(one, KEY), await Observer.of(two, KEY)];
    await cluster.until(own.hold.room.track({ connectionId: "c1", userId: "ann", meta: {} }));
    await cluster.advance(1_000);
    const { incarnation } = one.node;
    if (!isHeard) one.link.fate = () => "lose";
    cluster.store.sweep(own.hold.room.name, incarnation, "nonce", false);
    await cluster.advance(0);
    one.link.fate = () => "deliver";
    await cluster.advance(10_000);
    assert.notEqual(one.node.incarnation, incarnation);
    assert.deepEqual([observer.list, own.list], [["ann"], ["ann"]]);
    assert.deepEqual(observer.told, ["+ann", "-ann node", "+ann"]);
    assert.deepEqual([observer.faults, own.faults], [[], []]);
    const settled = one.node.incarnation;
    await cluster.advance(60_000);
    assert.equal(one.node.incarnation, settled);
  });
}

/** Takes its time to be told that a room was left. */
class SlowBackend extends MemoryBackend {
  constructor(
    store: MemoryStore,
    private readonly clock: FakeClock,
  ) {
    super(store);
  }

  override async apply(room: string, write: RoomWrite) {
    if (write.isAll) await new Promise<void>((resolve) => void this.clock.after(200, resolve));
    return super.apply(room, write);
  }
}

test("a lease is renewed while many rooms that were left are asserted", async () => {
  const clock = new FakeClock();
  const store = new MemoryStore(clock, silentLogger);
  const nodeOn = (backend: MemoryBackend) =>
    new PresenceNode({ backend, clock, limits: resolveLimits(), logger: silentLogger });
  const node = nodeOn(new SlowBackend(store, clock));
  await nodeOn(new MemoryBackend(store)).start();
  for (let room = 0; room < LEFT_ROOMS; room += 1) {
    const hold = await node.host("", `doc:${room}`);
    const tracked = hold.room.track({ connectionId: "c", userId: "ann", meta: {} });
    await clock.advance(0);
    await tracked;
    void hold.room.leave("c", "left");
    hold.release();
  }
  await clock.advance(2_000);
  assert.equal(node.rooms.length, 0);
  const [, term] = node.incarnation.split(".");
  await new MemoryBackend(store).resign(node.incarnation);
  await clock.advance(90_000);
  assert.equal(node.incarnation.split(".")[1], String(Number(term) + 1));
});
