import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveLimits } from "../options.js";
import { FakeClock } from "../testing/fake-clock.js";
import { FakeConnection } from "../testing/fake-connection.js";
import { PresenceCluster } from "../testing/presence-cluster.js";
import { silentLogger } from "../testing/silent-logger.js";
import { MemoryBackend, MemoryStore } from "./memory.js";
import type { PrunedRoom } from "./pruning.js";
import { Sweeper } from "./sweeper.js";

function summed(pruned: readonly PrunedRoom[]): string[] {
  return pruned.map(({ room, removed }) => `${room}: ${removed.map(({ id }) => id).join()}`).toSorted();
}

test("a prune of the whole tells of each room who was silent for too long, and leaves the others", async () => {
  const cluster = new PresenceCluster();
  const { presence } = cluster.start();
  const join = (key: string, id: string) => cluster.until(presence.joinPresence(key, id, {}, { ttlMs: 120_000 }));
  await join("a", "ann");
  await join("b:1", "bob");
  await cluster.until(presence.addBot("a", "robot", {}));
  const socket = new FakeConnection();
  await cluster.until(presence.room("a").add(socket, { user: "cyd", whenSilent: "close" }));
  await cluster.advance(20_000);
  await join("a", "dan");
  const foreseen = await cluster.until(presence.prune({ maxAgeMs: 15_000, dryRun: true }));
  assert.deepEqual(summed(foreseen), ["a: ann,cyd", "b:1: bob"]);
  assert.equal(await presence.presenceCount("a"), 4);
  const pruned = await cluster.until(presence.prune({ maxAgeMs: 15_000 }));
  assert.deepEqual(summed(pruned), ["a: ann,cyd", "b:1: bob"]);
  const left = await presence.listPresences("a");
  assert.deepEqual(left.map(({ id }) => id).toSorted(), ["dan", "robot"]);
  assert.deepEqual(await cluster.until(presence.prune({ maxAgeMs: 15_000 })), []);
});

test("without an age everybody has his own time", async () => {
  const cluster = new PresenceCluster({ prunePresencesMs: 300_000 });
  const [one, two] = [cluster.start(), cluster.start()];
  await cluster.until(one.presence.joinPresence("a", "short", {}, { ttlMs: 5_000 }));
  await cluster.until(one.presence.joinPresence("a", "long", {}, { ttlMs: 200_000 }));
  await cluster.until(two.presence.presenceCount("a"));
  await cluster.until(two.node.start());
  // Who would have ended them on time is gone.
  cluster.kill(one);
  await cluster.advance(10_000);
  assert.deepEqual(summed(await cluster.until(two.presence.prune())), ["a: short"]);
  assert.equal(await two.presence.presenceCount("a"), 1);
});

test("a person who is kept by another connection is not among those removed", async () => {
  const cluster = new PresenceCluster();
  const { presence } = cluster.start();
  await cluster.until(presence.addBot("a", "ann", {}));
  await cluster.until(presence.joinPresence("a", "ann", {}));
  await cluster.advance(10_000);
  assert.deepEqual(await cluster.until(presence.prune({ maxAgeMs: 0, dryRun: true })), []);
  assert.deepEqual(await cluster.until(presence.prune({ maxAgeMs: 0 })), []);
  assert.equal((await presence.listPresences("a"))[0]!.connections, 1);
});

test("what a dead node left is told of and swept, and what nobody has a lease for once a lease has passed", async () => {
  const { sweeper, backend, leave, tickFor } = await beginSweeping();
  await leave("dead.1", "ann");
  await leave("orphan.1", "bob");
  await backend.tick({ ...TICK, incarnation: "dead.1", isFirst: true });
  await tickFor(1_500);
  const told = async (isDry: boolean) =>
    (await sweeper.pruneNow({ isDry })).map(({ room, gone }) => `${room}: ${gone.join()}`);
  assert.deepEqual(await told(true), ["of-ann: ann"]);
  assert.deepEqual(await told(true), ["of-ann: ann"]);
  assert.equal(await backend.count("of-ann"), 1);
  assert.deepEqual(await told(false), ["of-ann: ann"]);
  assert.deepEqual(await told(false), []);
  assert.deepEqual(
    (await backend.nodes()).nodes.map(({ incarnation }) => incarnation),
    ["n.1"],
  );
  await tickFor(1_000);
  assert.deepEqual(await told(true), ["of-bob: bob"]);
  assert.deepEqual(await told(false), ["of-bob: bob"]);
  assert.deepEqual([await backend.count("of-ann"), await backend.count("of-bob")], [0, 0]);
});

test("a manager of one tenant ends nobody of another", async () => {
  const cluster = new PresenceCluster();
  const { presence } = cluster.start();
  const acme = presence.forTenant("acme");
  await cluster.until(presence.joinPresence("a", "ann", {}, { ttlMs: 120_000 }));
  await cluster.until(acme.joinPresence("a", "bob", {}, { ttlMs: 120_000 }));
  await cluster.until(acme.room("b").add(new FakeConnection(), { user: "cyd" }));
  await cluster.advance(20_000);
  assert.deepEqual(summed(await cluster.until(acme.prune({ maxAgeMs: 1_000, dryRun: true }))), ["a: bob", "b: cyd"]);
  assert.deepEqual(summed(await cluster.until(presence.prune({ maxAgeMs: 1_000 }))), ["a: ann"]);
  assert.equal(await acme.presenceCount("a"), 1);
  assert.deepEqual(summed(await cluster.until(acme.prune({ maxAgeMs: 1_000 }))), ["a: bob", "b: cyd"]);
});

test("an age that is none is refused", async () => {
  const cluster = new PresenceCluster();
  const { presence } = cluster.start();
  for (const maxAgeMs of [-1, Number.NaN, Infinity]) {
    await assert.rejects(presence.prune({ maxAgeMs }), { code: "OPTION_INVALID" });
  }
  assert.deepEqual(await presence.pruneRooms({ dryRun: true }), []);
});

const TICK = { incarnation: "n.1", isFirst: false, leaseMs: 1_000, stepMs: 500, ordersSince: 0 };

async function beginSweeping() {
  const clock = new FakeClock();
  const backend = new MemoryBackend(new MemoryStore(clock, silentLogger));
  const limits = resolveLimits({ leaseMs: 1_000, nodeTickMs: 100, auditMs: 100 });
  let ids = 0;
  const newId = () => `x${(ids += 1)}`;
  const sweeper = new Sweeper({ backend, limits, logger: silentLogger, incarnation: "n.1", newId });
  await backend.tick({ ...TICK, isFirst: true });
  return {
    sweeper,
    backend,
    async leave(incarnation: string, userId: string) {
      const put = { op: "put", connectionId: "c1", userId, meta: {}, status: "active", isLingering: false } as const;
      await backend.apply(`of-${userId}`, { incarnation, sequence: 1, nonce: newId(), operations: [put] });
    },
    async tickFor(ms: number) {
      for (let passed = 0; passed < ms; passed += 100) {
        await clock.advance(100);
        await backend.tick(TICK);
      }
    },
  };
}
