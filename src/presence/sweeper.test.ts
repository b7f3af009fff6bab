import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveLimits } from "../options.js";
import { FakeClock } from "../testing/fake-clock.js";
import { silentLogger } from "../testing/silent-logger.js";
import { MemoryBackend, MemoryStore } from "./memory.js";
import { Sweeper } from "./sweeper.js";

const ROOMS = 1_200;
const DEAD = "dead.1";

/** A store that takes its time, as Redis does, and counts. */
class CountingBackend extends MemoryBackend {
  sweeps = 0;
  most = 0;
  #underWay = 0;

  override async sweep(...args: Parameters<MemoryBackend["sweep"]>) {
    this.sweeps += 1;
    this.#underWay += 1;
    this.most = Math.max(this.most, this.#underWay);
    await new Promise((resolve) => setImmediate(resolve));
    this.#underWay -= 1;
    return super.sweep(...args);
  }
}

async function deadNode(): Promise<MemoryStore> {
  const store = new MemoryStore(new FakeClock(), silentLogger);
  const backend = new MemoryBackend(store);
  for (let room = 0; room < ROOMS; room += 1) {
    const put = {
      op: "put",
      connectionId: "c",
      userId: "ann",
      meta: {},
      status: "active",
      isLingering: false,
    } as const;
    await backend.apply(`room-${room}`, { incarnation: DEAD, sequence: room + 1, nonce: `${room}`, operations: [put] });
  }
  return store;
}

function sweeperOf(store: MemoryStore, incarnation: string): { sweeper: Sweeper; backend: CountingBackend } {
  const backend = new CountingBackend(store);
  let ids = 0;
  const newId = () => `${incarnation}-${(ids += 1)}`;
  const sweeper = new Sweeper({ backend, limits: resolveLimits(), logger: silentLogger, incarnation, newId });
  return { sweeper, backend };
}

test("the rooms of a dead node are swept many at a time, but not all at once", async () => {
  const store = await deadNode();
  const { sweeper, backend } = sweeperOf(store, "a.1");
  await sweeper.sweep([DEAD]);
  assert.equal(backend.sweeps, ROOMS);
  assert.equal(backend.most, 500);
  assert.deepEqual(await backend.fence(DEAD), []);
  assert.equal(await backend.count("room-7"), 0);
});

test("nodes that sweep at the same time share the work", async () => {
  const store = await deadNode();
  const sweepers = ["left.1", "right.1"].map((incarnation) => sweeperOf(store, incarnation));
  await Promise.all(sweepers.map(({ sweeper }) => sweeper.sweep([DEAD])));
  const sweeps = sweepers.reduce((sum, { backend }) => sum + backend.sweeps, 0);
  assert.ok(sweeps < 1.7 * ROOMS, `${sweeps} sweeps of ${ROOMS} rooms`);
  assert.deepEqual(await sweepers[0]!.backend.fence(DEAD), []);
});

test("no node sweeps itself", async () => {
  const { sweeper, backend } = sweeperOf(await deadNode(), DEAD);
  await sweeper.sweep([DEAD]);
  assert.equal(backend.sweeps, 0);
});

test("orphans are swept a lease after they were found, also when the store lost its clock meanwhile", async () => {
  const { sweeper, backend } = sweeperOf(await deadNode(), "a.1");
  const { leaseMs } = resolveLimits();
  let storeTime = 1_000_000;
  backend.nodes = async () => ({ storeTime, silentMs: 0, nodes: [] });
  await sweeper.pruneNow();
  storeTime = 0;
  await sweeper.pruneNow();
  storeTime = leaseMs - 1;
  assert.deepEqual(await sweeper.pruneNow(), []);
  storeTime = leaseMs;
  assert.equal((await sweeper.pruneNow()).length, ROOMS);
});
