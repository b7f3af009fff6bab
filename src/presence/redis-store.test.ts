import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import fc from "fast-check";
import { Redis } from "ioredis";
import { systemClock } from "../clock.js";
import { RedisMonitor } from "../testing/redis-monitor.js";
import { startRedis, type RedisServerProcess } from "../testing/redis-server.js";
import { startRedisSentinel } from "../testing/redis-topology.js";
import { silentLogger } from "../testing/silent-logger.js";
import { NODES_ROOM, type PutOperation, type RoomEvent, type RoomWrite } from "./backend.js";
import { TTL_OWNER } from "./presence.js";
import type { RedisPlace } from "../redis/clients.js";
import { bucketOf, BUCKETS } from "./redis-keys.js";
import { RedisLink } from "../redis/link.js";
import { RedisPresenceBackend, type RedisBackendOptions } from "./redis.js";

const PATIENT_MS = 10_000;
const DEADLINE_MS = 60_000;

let server: RedisServerProcess;
before(async () => {
  server = await startRedis();
});
after(() => server.stop());

function backendOn(
  t: TestContext,
  place: RedisPlace,
  options: RedisBackendOptions = {},
  deadlineMs = PATIENT_MS,
): RedisPresenceBackend {
  const link = new RedisLink({ place, deadlineMs, clock: systemClock, logger: silentLogger });
  const backend = new RedisPresenceBackend(link, { prefix: t.name, ...options });
  t.after(() => backend.close());
  return backend;
}

function write(sequence: number, operations: RoomWrite["operations"], more: Partial<RoomWrite> = {}): RoomWrite {
  return { incarnation: "n.1", sequence, nonce: `x${sequence}`, operations, ...more };
}

function put(connectionId: string, userId: string, more: Partial<PutOperation> = {}): PutOperation {
  return { op: "put", connectionId, userId, meta: {}, status: "active", isLingering: false, ...more };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await isSo().catch(() => false))) {
    assert.ok(Date.now() < deadline, "it did not come to be so in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("a room that refuses very many at once names them all", async (t) => {
  const backend = backendOn(t, server.url);
  const joins = Array.from({ length: 9_000 }, (_, i) => put(`c${i}`, `user${i}`, { maxMembers: 1 }));
  const result = await backend.apply("room", write(1, joins));
  assert.ok(result.state === "ok");
  assert.deepEqual([result.refused?.length, result.refused?.[0]], [8_999, "c1"]);
});

test("what a node writes is what a node reads and hears, whatever is in it", async (t) => {
  const backend = backendOn(t, server.url);
  const events: RoomEvent[] = [];
  await backend.subscribe("room", { changed: (event) => events.push(event), published: () => {} });
  const text = fc.string({ unit: "binary", maxLength: 12 });
  const id = text.filter((each) => each !== "");
  const time = fc.integer({ min: 0, max: 2_000_000_000_000 });
  const connection = fc.record({
    connectionId: id,
    userId: id,
    meta: fc.dictionary(text, fc.jsonValue({ maxDepth: 2, noUnicodeString: false }), { maxKeys: 4 }),
    status: fc.constantFrom("active", "idle", "away"),
    isLingering: fc.boolean(),
    joinedAt: time,
    since: time,
    revision: fc.integer({ min: 0, max: 1_000_000 }),
  });
  let sequence = 0;
  const property = fc.asyncProperty(connection, async (wanted) => {
    sequence += 1;
    const result = await backend.apply("room", write(sequence, [{ op: "put", ...wanted }], { isAll: true }));
    assert.equal(result.state, "ok");
    // As JSON keeps it: -0 is 0.
    const record = { ...wanted, meta: JSON.parse(JSON.stringify(wanted.meta)) as object, owner: "n.1" };
    assert.deepEqual(plain((await backend.snapshot("room")).connections), [plain(record)]);
    await until(async () => events.at(-1)?.sequence === sequence);
    assert.deepEqual(plain(events.at(-1)!.owned), [wanted.connectionId]);
    assert.deepEqual(plain(events.at(-1)!.put), [plain(record)]);
  });
  await fc.assert(property, { numRuns: 60 });
});

/** Without prototypes: what was parsed may have names that objects have. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .map(([name, each]) => [name, plain(each)])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

test("a room that everybody left leaves nothing, after its head has ended", async (t) => {
  const own = await startRedis();
  t.after(() => own.stop());
  const admin = new Redis(own.url);
  t.after(() => admin.disconnect());
  const backend = backendOn(t, own.url, { emptyHeadMs: 1_000 });
  await backend.apply("room", write(1, [put("c1", "ann"), put("c2", "bob", { lifetime: { seenAt: 0, ttlMs: 5 } })]));
  assert.deepEqual(await Promise.all((await admin.keys("*")).map((key) => admin.pttl(key))), Array(8).fill(-1));
  const gone = ["c1", "c2"].map((connectionId) => ({ op: "delete", connectionId, reason: "left" }) as const);
  await backend.apply("room", write(2, gone));
  for (const key of await admin.keys("*")) assert.ok((await admin.pttl(key)) !== -1, key);
  await until(async () => (await admin.dbsize()) === 0);
});

test("a head names epoch, version and the nonce of its write, and is kept when somebody comes again in time", async (t) => {
  const backend = backendOn(t, server.url, { emptyHeadMs: 60_000 });
  await backend.apply("room", write(1, [put("c1", "ann")]));
  await backend.apply("room", write(2, [{ op: "delete", connectionId: "c1", reason: "left" }]));
  const [empty] = await backend.heads(["room"]);
  assert.equal(empty, "x1.2.x2");
  await backend.apply("room", write(3, [put("c1", "ann")]));
  assert.deepEqual(await backend.heads(["room"]), ["x1.3.x3"]);
});

test("ten thousand connections of a node are told in one write", async (t) => {
  const backend = backendOn(t, server.url);
  const everybody = Array.from({ length: 10_000 }, (_, i) => put(`c${i}`, `user${i}`));
  const result = await backend.apply("room", write(1, everybody, { isAll: true }));
  assert.equal(result.state, "ok");
  assert.equal((await backend.snapshot("room")).connections.length, 10_000);
  assert.equal((await backend.sweep("room", "n.1", "y")).gone.length, 10_000);
  assert.equal(await backend.count("room"), 0);
});

test("a room whose members were lost is found by its entries, and forgotten with what is left of it", async (t) => {
  const own = await startRedis();
  t.after(() => own.stop());
  const admin = new Redis(own.url);
  t.after(() => admin.disconnect());
  const backend = backendOn(t, own.url);
  for (const [i, room] of ["kept", "lost"].entries()) {
    await backend.apply(
      room,
      write(i + 1, [put("c1", "ann"), put("c2", "bob", { lifetime: { seenAt: 0, ttlMs: 5 } })]),
    );
    await backend.apply(room, write(1, [put("c3", "cyd")], { incarnation: "m.1" }));
  }
  assert.deepEqual(await backend.pruneRooms(), []);
  const [connections] = (await admin.keys("*")).filter((key) => key.endsWith("connections:lost"));
  await admin.del(connections!);
  assert.deepEqual(await backend.pruneRooms(true), ["lost"]);
  assert.deepEqual([await backend.count("lost"), (await backend.held("m.1")).length], [3, 2]);
  assert.deepEqual(await backend.pruneRooms(), ["lost"]);
  assert.deepEqual([await backend.count("lost"), await backend.held("m.1")], [0, ["kept"]]);
  assert.deepEqual(await backend.heads(["lost"]), [""]);
  const left = (await admin.keys("*")).filter((key) => key.endsWith(":lost"));
  for (const key of left) assert.ok((await admin.pttl(key)) > 0, key);
  assert.deepEqual(await backend.pruneRooms(), []);
  assert.equal(await backend.count("kept"), 3);
});

test("numbers of incarnations that own nothing are not kept without bound", async (t) => {
  const backend = backendOn(t, server.url);
  for (let i = 1; i <= 600; i += 1) {
    const incarnation = `p${i}.1`;
    await backend.apply("room", write(1, [put("guest", "ann")], { incarnation, nonce: `x${i}` }));
  }
  const { sequences, connections } = await backend.snapshot("room");
  assert.ok(sequences.size < 520, `${sequences.size} are kept`);
  assert.ok(sequences.has(connections[0]!.owner));
});

test("apps with different prefixes do not meet", async (t) => {
  const [one, two] = ["a{b}:", "a"].map((prefix) => backendOn(t, server.url, { prefix }));
  const heard: unknown[] = [];
  await two!.subscribe("room", { changed: (event) => heard.push(event), published: (text) => heard.push(text) });
  await one!.apply("room", write(1, [put("c1", "ann")]));
  assert.equal(await one!.publish("room", "text"), 0);
  assert.equal(await two!.count("room"), 0);
  assert.equal(await two!.publish("room", "own"), 1);
  await until(async () => heard.length > 0);
  assert.deepEqual(heard, ["own"]);
});

test("an order made after the store lost everything is news to a node that heard earlier ones", async (t) => {
  const own = await startRedis();
  t.after(() => own.stop());
  const admin = new Redis(own.url);
  t.after(() => admin.disconnect());
  const backend = backendOn(t, own.url);
  const tick = (ordersSince: number) =>
    backend.tick({ incarnation: "n.1", isFirst: true, leaseMs: 15_000, stepMs: 2_000, ordersSince });
  const order = { userId: "ann", tenant: "", key: null };
  for (const id of ["o1", "o2"]) await backend.order({ ...order, id });
  const { lastOrder } = await tick(0);
  await admin.flushall();
  await backend.order({ ...order, id: "o3" });
  assert.deepEqual(
    (await tick(lastOrder)).orders.map(({ id }) => id),
    ["o3"],
  );
});

test("an order is heard at once by those who listen to the room of the nodes", async (t) => {
  const backend = backendOn(t, server.url);
  const heard: string[] = [];
  await backend.subscribe(NODES_ROOM, { changed: () => {}, published: (text) => heard.push(text) });
  const order = { id: "o1", userId: "ann", tenant: "", key: null };
  await backend.order(order);
  await until(async () => heard.length > 0);
  assert.deepEqual(JSON.parse(heard[0]!), order);
});

test("a sign of life costs the same, however many are in the room", async (t) => {
  const backend = backendOn(t, server.url);
  const lifetime = { seenAt: 0, ttlMs: 60_000 };
  const joins = Array.from({ length: 500 }, (_, i) => put(`c${i}`, `user${i}`, { lifetime }));
  await backend.apply("room", write(0, joins, { incarnation: TTL_OWNER }));
  const monitor = await RedisMonitor.start(server.port);
  t.after(() => monitor.stop());
  assert.equal(await backend.touch("room", "user7", 1_000), true);
  const { inside } = await monitor.count();
  assert.ok(inside < 50, `${inside} calls`);
});

test("rooms spread over all buckets", () => {
  const found = new Set(Array.from({ length: 2_000 }, (_, i) => bucketOf(`doc%3A${i}`)));
  assert.equal(found.size, BUCKETS);
});

test("when Sentinels replace a master that hangs, writes and the stream go on at the new one", async (t) => {
  const { sentinels, name, master, stop } = await startRedisSentinel();
  t.after(stop);
  const backend = backendOn(t, { sentinels, name }, {}, 1_000);
  await backend.apply("room", write(1, [put("c1", "ann")]));
  const heard: string[] = [];
  await backend.subscribe("room", { changed: (event) => heard.push(event.put[0]!.userId), published: () => {} });
  master.process.kill("SIGSTOP");
  t.after(() => master.process.kill("SIGCONT"));
  let sequence = 1;
  await until(async () => {
    sequence += 1;
    await backend.apply("room", write(sequence, [put("c2", `bob${sequence}`)]));
    return heard.length > 0;
  });
  assert.match(heard[0]!, /^bob/);
});
