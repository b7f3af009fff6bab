import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type {
  PresenceBackend,
  PutOperation,
  RoomEvent,
  RoomLosses,
  RoomWrite,
  TickRequest,
} from "../presence/backend.js";
import { TTL_OWNER } from "../presence/presence.js";

/** A store that is opened for one test. */
export interface OpenedBackend {
  /** Another node's hold of the same store. */
  connect(): PresenceBackend;
  /** Lets time pass: on a fake clock at once, else by waiting. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface BackendContract {
  readonly name: string;
  open(): Promise<OpenedBackend>;
}

const ROOM = "doc%3A1";
const LEASE_MS = 300;
const STEP_MS = 100;

let nonces = 0;

/**
 * What every presence backend must do, as tests: a backend's own test file is this call.
 *
 * @example
 * backendContract({ name: "memory", open: async () => openMemory() });
 */
export function backendContract({ name, open }: BackendContract): void {
  const check: Check = (title, work) => {
    test(title, async () => {
      const opened = await open();
      try {
        await work(opened);
      } finally {
        await opened.close();
      }
    });
  };
  describe(`${name} presence backend`, () => {
    describe("writes", () => checkWrites(check));
    describe("seats", () => checkSeats(check));
    describe("ownership", () => checkOwnership(check));
    describe("the stream", () => checkStream(check));
    describe("leases", () => checkLeases(check));
    describe("sweeping", () => checkSweeping(check));
    describe("connections without a process", () => checkTtl(check));
    describe("a look from outside", () => checkLooks(check));
  });
}

type Check = (title: string, work: (opened: OpenedBackend) => Promise<void>) => void;

function checkWrites(check: Check): void {
  check("a room that nobody wrote to is empty and has no head", async ({ connect }) => {
    const backend = connect();
    const { head, connections } = await backend.snapshot(ROOM);
    assert.deepEqual([head, [...connections]], ["", []]);
    assert.deepEqual(await backend.heads([ROOM]), [""]);
    assert.equal(await backend.count(ROOM), 0);
  });

  check("a put is there in the snapshot, with owner, times and meta", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann", { name: "Ann", tags: ["a"] })]));
    const [record] = (await backend.snapshot(ROOM)).connections;
    assert.ok(record);
    const { joinedAt, since, ...rest } = record;
    assert.deepEqual(rest, {
      connectionId: "c1",
      userId: "ann",
      owner: "n.1",
      isLingering: false,
      status: "active",
      revision: 0,
      meta: { name: "Ann", tags: ["a"] },
    });
    assert.equal(since, joinedAt);
    assert.ok(joinedAt > 1_000_000_000_000);
  });

  check("users named like parts of objects are users like any other", async ({ connect }) => {
    const backend = connect();
    for (const [i, id] of ["__proto__", "constructor", "toString", "a:b", "a\tb", "%41", "日本"].entries()) {
      await backend.apply(ROOM, write("n.1", i + 1, [put(`c${i}`, id, { name: id })]));
    }
    const { connections } = await backend.snapshot(ROOM);
    assert.deepEqual(
      connections.map(({ userId }) => userId).toSorted(),
      ["%41", "__proto__", "a\tb", "a:b", "constructor", "toString", "日本"].toSorted(),
    );
    assert.equal(await backend.count(ROOM), 7);
  });

  check("the count is of users, not of connections", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann"), put("c2", "ann"), put("c3", "bob")]));
    assert.equal(await backend.count(ROOM), 2);
    await backend.apply(ROOM, write("n.1", 2, [{ op: "delete", connectionId: "c1", reason: "left" }]));
    assert.equal(await backend.count(ROOM), 2);
    await backend.apply(ROOM, write("n.1", 3, [{ op: "delete", connectionId: "c2", reason: "left" }]));
    assert.equal(await backend.count(ROOM), 1);
  });

  check("a write that changes nothing keeps the head", async ({ connect }) => {
    const backend = connect();
    const first = await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann", { a: 1, b: 2 })]));
    const again = await backend.apply(ROOM, write("n.1", 2, [put("c1", "ann", { b: 2, a: 1 })]));
    assert.ok(first.state === "ok" && again.state === "ok");
    assert.equal(first.hasChanged, true);
    assert.equal(again.hasChanged, false);
    assert.equal(again.head, first.head);
  });

  check("a put keeps the times that are stored, unless it brings its own", async ({ connect, advance }) => {
    const backend = connect();
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann")]));
    const before = (await backend.snapshot(ROOM)).connections[0]!;
    await advance(20);
    await backend.apply(ROOM, write("n.1", 2, [put("c1", "ann", { changed: true })]));
    const after = (await backend.snapshot(ROOM)).connections[0]!;
    assert.deepEqual([after.joinedAt, after.since], [before.joinedAt, before.since]);
    await backend.apply(ROOM, write("n.1", 3, [{ ...put("c2", "ann"), joinedAt: 5, since: 4 }]));
    const given = (await backend.snapshot(ROOM)).connections.find(({ connectionId }) => connectionId === "c2")!;
    assert.deepEqual([given.joinedAt, given.since], [5, 4]);
  });

  check(
    "a change of meta gets a higher revision than any before, also one that a node brought back",
    async ({ connect }) => {
      const backend = connect();
      await backend.apply(ROOM, write("n.1", 1, [{ ...put("c1", "ann"), revision: 41 }]));
      await backend.apply(ROOM, write("n.1", 2, [{ ...put("c2", "ann"), revises: true }]));
      const revisions = (await backend.snapshot(ROOM)).connections.map(({ revision }) => revision);
      assert.equal(revisions[0], 41);
      assert.ok(revisions[1]! > 41);
    },
  );
}

function checkSeats(check: Check): void {
  const join = (id: string, userId: string, maxMembers = 2) => ({ ...put(id, userId), maxMembers });
  const users = async (backend: PresenceBackend) =>
    (await backend.snapshot(ROOM)).connections
      .map(({ connectionId, userId }) => `${connectionId} ${userId}`)
      .toSorted();

  check(
    "a join is refused when as many users are there as it allows, and the rest of its batch is done",
    async ({ connect, advance }) => {
      const [one, two] = [connect(), connect()];
      const events = await listen(one, advance);
      await one.apply(ROOM, write("n.1", 1, [join("c1", "ann")]));
      const batch = [join("c2", "bob"), join("c3", "cyd"), put("c4", "dan"), join("c5", "ann"), join("c6", "eve", 9)];
      const result = await two.apply(ROOM, write("m.1", 1, batch));
      assert.ok(result.state === "ok");
      assert.deepEqual([result.refused, result.hasChanged], [["c3"], true]);
      assert.deepEqual(await users(one), ["c1 ann", "c2 bob", "c4 dan", "c5 ann", "c6 eve"]);
      await advance(20);
      assert.deepEqual(
        events.map((event) => event.put.map(({ connectionId }) => connectionId)),
        [["c1"], ["c2", "c4", "c5", "c6"]],
      );
    },
  );

  check("a join that is refused changes nothing, and is told to nobody", async ({ connect, advance }) => {
    const backend = connect();
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann"), put("c2", "bob")]));
    const before = await backend.heads([ROOM]);
    const events = await listen(backend, advance);
    for (const writer of ["m.1", TTL_OWNER]) {
      const lifetime = writer === TTL_OWNER ? { lifetime: { seenAt: 0, ttlMs: 100 } } : {};
      const result = await backend.apply(ROOM, write(writer, 1, [{ ...join("c3", "cyd"), ...lifetime }]));
      assert.deepEqual(result, { state: "ok", head: before[0], hasChanged: false, refused: ["c3"] });
    }
    await advance(20);
    assert.deepEqual([await backend.heads([ROOM]), events], [before, []]);
    assert.deepEqual([...(await backend.prune(null, 1_000, nonce()))], []);
  });

  check(
    "a seat is held while its user lingers, free when he is gone, and goes with a new name",
    async ({ connect }) => {
      const backend = connect();
      const seat = async (sequence: number, ...operations: RoomWrite["operations"]) => {
        const result = await backend.apply(ROOM, write("n.1", sequence, operations));
        return result.state === "ok" ? [...(result.refused ?? [])] : null;
      };
      await seat(1, put("c1", "ann"), put("c2", "bob"));
      assert.deepEqual(await seat(2, { ...put("c2", "bob"), isLingering: true }, join("c3", "cyd")), ["c3"]);
      assert.deepEqual(await seat(3, { op: "delete", connectionId: "c2", reason: "left" }, join("c3", "cyd")), []);
      assert.deepEqual(await seat(4, join("c3", "dan")), []);
      await seat(5, put("c4", "dan"));
      assert.deepEqual(await seat(6, join("c3", "eve")), ["c3"]);
      assert.deepEqual(await users(backend), ["c1 ann", "c3 dan", "c4 dan"]);
    },
  );

  check(
    "a whole assertion keeps everybody it names without asking for seats, but not who is refused",
    async ({ connect, advance }) => {
      const backend = connect();
      const events = await listen(backend, advance);
      await backend.apply(ROOM, write("m.1", 1, [put("c1", "ann"), put("c2", "bob")]));
      const all = [put("c3", "cyd"), put("c4", "dan"), join("c5", "eve")];
      const result = await backend.apply(ROOM, { ...write("n.1", 1, all), isAll: true });
      assert.deepEqual(result.state === "ok" && result.refused, ["c5"]);
      await advance(20);
      assert.deepEqual(events[1]!.owned, ["c3", "c4"]);
      assert.equal(await backend.count(ROOM), 4);
    },
  );
}

function checkOwnership(check: Check): void {
  check("a write with an old number is refused and names the last that counted", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, write("n.1", 5, [put("c1", "ann")]));
    const late = await backend.apply(ROOM, write("n.1", 5, [{ op: "delete", connectionId: "c1", reason: "left" }]));
    assert.deepEqual(late, { state: "stale", sequence: 5 });
    assert.equal(await backend.count(ROOM), 1);
  });

  check("nobody deletes another's connection", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann")]));
    await backend.apply(ROOM, write("m.1", 1, [{ op: "delete", connectionId: "c1", reason: "left" }]));
    assert.equal(await backend.count(ROOM), 1);
  });

  check("a process deletes what a former term of it owned, and not the reverse", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann")]));
    await backend.apply(ROOM, write("n.2", 1, [put("c2", "bob")]));
    await backend.apply(ROOM, write("n.1", 2, [{ op: "delete", connectionId: "c2", reason: "left" }]));
    assert.equal(await backend.count(ROOM), 2);
    await backend.apply(ROOM, write("n.2", 2, [{ op: "delete", connectionId: "c1", reason: "left" }]));
    assert.equal(await backend.count(ROOM), 1);
  });

  check("another's connection is evicted only while it lingers", async ({ connect }) => {
    const backend = connect();
    const evict = { op: "evict", connectionId: "c1", reason: "left" } as const;
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann")]));
    await backend.apply(ROOM, write("m.1", 1, [evict]));
    assert.equal(await backend.count(ROOM), 1);
    await backend.apply(ROOM, write("n.1", 2, [{ ...put("c1", "ann"), isLingering: true }]));
    await backend.apply(ROOM, write("m.1", 2, [evict]));
    assert.equal(await backend.count(ROOM), 0);
  });

  check("a whole assertion removes what it does not name and closes former terms", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, write("n.1", 9, [put("c1", "ann"), put("c2", "bob")]));
    await backend.apply(ROOM, write("m.1", 1, [put("c9", "eve")]));
    await backend.apply(ROOM, { ...write("n.2", 1, [put("c2", "bob"), put("c3", "cyd")]), isAll: true });
    const { connections, sequences } = await backend.snapshot(ROOM);
    assert.deepEqual(connections.map(({ connectionId, owner }) => `${connectionId} ${owner}`).toSorted(), [
      "c2 n.2",
      "c3 n.2",
      "c9 m.1",
    ]);
    assert.equal(sequences.get("n.1"), Infinity);
    assert.equal((await backend.apply(ROOM, write("n.1", 10, [put("c1", "ann")]))).state, "stale");
  });

  check(
    "a whole assertion is told even when it changes nothing, naming all that is owned",
    async ({ connect, advance }) => {
      const backend = connect();
      const events = await listen(backend);
      await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann")]));
      await backend.apply(ROOM, { ...write("n.1", 2, [put("c1", "ann")]), isAll: true });
      await advance(20);
      assert.equal(events.length, 2);
      assert.deepEqual(events[1]!.owned, ["c1"]);
      assert.deepEqual([events[1]!.put.length, events[1]!.removed.length], [0, 0]);
    },
  );
}

function checkStream(check: Check): void {
  check("each change is told to every node, naming the head before it and after it", async ({ connect, advance }) => {
    const [one, two] = [connect(), connect()];
    const [heard, alsoHeard] = [await listen(one), await listen(two)];
    await one.apply(ROOM, write("n.1", 1, [put("c1", "ann")]));
    await two.apply(ROOM, write("m.1", 1, [put("c2", "bob")]));
    await one.apply(ROOM, write("n.1", 2, [{ op: "delete", connectionId: "c1", reason: "closed" }]));
    await advance(20);
    assert.equal(heard.length, 3);
    assert.deepEqual(alsoHeard, heard);
    assert.equal(heard[0]!.previous, "");
    assert.equal(heard[1]!.previous, heard[0]!.head);
    assert.equal(heard[2]!.previous, heard[1]!.head);
    assert.deepEqual(heard[2]!.removed, [{ connectionId: "c1", owner: "n.1", reason: "closed" }]);
    assert.deepEqual(await one.heads([ROOM, "other"]), [heard[2]!.head, ""]);
    assert.deepEqual([heard[2]!.incarnation, heard[2]!.sequence], ["n.1", 2]);
  });

  check("heads differ in their nonce even where versions are equal", async ({ connect }) => {
    const backend = connect();
    await backend.apply("a", write("n.1", 1, [put("c1", "ann")]));
    await backend.apply("b", write("n.1", 1, [put("c1", "ann")]));
    const [a, b] = await backend.heads(["a", "b"]);
    assert.notEqual(a, b);
    assert.match(a!, /^[^.]+\.1\.[^.]+$/);
  });

  check("a batch is one event", async ({ connect, advance }) => {
    const backend = connect();
    const events = await listen(backend);
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann"), put("c2", "bob")]));
    await advance(20);
    assert.deepEqual(
      events.map((event) => event.put.map(({ connectionId }) => connectionId)),
      [["c1", "c2"]],
    );
  });

  check("published text comes in the order of the changes around it", async ({ connect, advance }) => {
    const backend = connect();
    const heard: string[] = [];
    await backend.subscribe(ROOM, {
      changed: (event) => heard.push(event.put[0]!.connectionId),
      published: (text) => heard.push(text),
    });
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann")]));
    await backend.publish(ROOM, "hello");
    await backend.apply(ROOM, write("n.1", 2, [put("c2", "bob")]));
    await advance(20);
    assert.deepEqual(heard, ["c1", "hello", "c2"]);
  });

  check("publish tells how many nodes hear the room, or that it cannot tell", async ({ connect }) => {
    const [one, two] = [connect(), connect()];
    await listen(one);
    const first = await one.publish(ROOM, "a");
    await listen(two);
    const second = await one.publish(ROOM, "b");
    assert.deepEqual([first, second], first === null ? [null, null] : [1, 2]);
  });

  check("after unsubscribing nothing is heard, and unsubscribing twice is harmless", async ({ connect, advance }) => {
    const backend = connect();
    const heard: RoomEvent[] = [];
    const stop = await backend.subscribe(ROOM, { changed: (event) => heard.push(event), published: () => {} });
    stop();
    stop();
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann")]));
    await advance(20);
    assert.equal(heard.length, 0);
  });
}

function checkLeases(check: Check): void {
  check("a node that ticks keeps its lease", async ({ connect, advance }) => {
    const backend = connect();
    assert.equal((await backend.tick(tick("n.1", { isFirst: true }))).state, "ok");
    for (let i = 0; i < 8; i += 1) {
      await advance(STEP_MS);
      const { state, condemned } = await backend.tick(tick("n.1"));
      assert.deepEqual([state, [...condemned]], ["ok", []]);
    }
  });

  check("a node that is silent for a lease is condemned, and told so", async ({ connect, advance }) => {
    const backend = connect();
    await backend.tick(tick("dead.1", { isFirst: true }));
    await backend.tick(tick("n.1", { isFirst: true }));
    await tickFor(backend, "n.1", LEASE_MS + STEP_MS, advance);
    assert.deepEqual([...(await backend.tick(tick("n.1"))).condemned], ["dead.1"]);
    assert.equal((await backend.tick(tick("dead.1"))).state, "dead");
  });

  check("silence of everybody ends no lease: the store clock steps a little only", async ({ connect, advance }) => {
    const backend = connect();
    await backend.tick(tick("a.1", { isFirst: true }));
    await backend.tick(tick("b.1", { isFirst: true }));
    await advance(LEASE_MS * 3);
    const { state, condemned } = await backend.tick(tick("a.1"));
    assert.deepEqual([state, [...condemned]], ["ok", []]);
    assert.equal((await backend.tick(tick("b.1"))).state, "ok");
  });

  check("a node that the store does not know is told so", async ({ connect }) => {
    assert.equal((await connect().tick(tick("n.1"))).state, "unknown");
  });

  check("orders reach every node with its next tick, once", async ({ connect }) => {
    const backend = connect();
    const before = await backend.tick(tick("n.1", { isFirst: true }));
    const order = { id: "o1", userId: "ann", tenant: "", key: null };
    await backend.order(order);
    const { orders, lastOrder } = await backend.tick(tick("n.1", { ordersSince: before.lastOrder }));
    assert.deepEqual([...orders], [order]);
    assert.deepEqual([...(await backend.tick(tick("n.1", { ordersSince: lastOrder }))).orders], []);
  });
}

function checkSweeping(check: Check): void {
  check("a fenced incarnation can write no more, in no room", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, write("dead.1", 1, [put("c1", "ann")]));
    assert.deepEqual([...(await backend.fence("dead.1"))], [ROOM]);
    assert.deepEqual(await backend.apply(ROOM, write("dead.1", 2, [put("c2", "bob")])), { state: "dead" });
    assert.deepEqual(await backend.apply("other", write("dead.1", 1, [put("c2", "bob")])), { state: "dead" });
    assert.ok((await backend.snapshot(ROOM)).fenced.has("dead.1"));
  });

  check("a sweep removes what the incarnation left, once, whoever sweeps", async ({ connect, advance }) => {
    const [one, two] = [connect(), connect()];
    await one.apply(ROOM, write("dead.1", 1, [put("c1", "ann"), put("c2", "bob")]));
    await one.apply(ROOM, write("n.1", 1, [put("c3", "ann")]));
    const events = await listen(one, advance);
    await one.fence("dead.1");
    await Promise.all([one.sweep(ROOM, "dead.1", nonce()), two.sweep(ROOM, "dead.1", nonce())]);
    await advance(20);
    assert.equal(events.length, 1);
    assert.deepEqual(
      events[0]!.removed.map(({ connectionId, owner, reason }) => `${connectionId} ${owner} ${reason}`),
      ["c1 dead.1 node", "c2 dead.1 node"],
    );
    assert.equal(await one.count(ROOM), 1);
    assert.deepEqual([...(await one.fence("dead.1"))], []);
  });

  check("a sweep tells whom it removed, and a dry one whom it would", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, write("dead.1", 1, [put("c1", "ann"), put("c2", "bob"), put("c3", "bob")]));
    await backend.apply(ROOM, write("n.1", 1, [put("c4", "ann")]));
    const [before] = await backend.heads([ROOM]);
    assert.deepEqual(summed([await backend.sweep(ROOM, "dead.1", nonce(), true)]), ["doc%3A1 c1,c2,c3: bob"]);
    assert.deepEqual(await backend.heads([ROOM]), [before]);
    assert.equal((await backend.snapshot(ROOM)).sequences.get("dead.1"), 1);
    assert.deepEqual(summed([await backend.sweep(ROOM, "dead.1", nonce())]), ["doc%3A1 c1,c2,c3: bob"]);
    assert.deepEqual(summed([await backend.sweep(ROOM, "dead.1", nonce())]), ["doc%3A1 : "]);
    assert.deepEqual(summed([await backend.sweep("nowhere", "dead.1", nonce())]), ["nowhere : "]);
  });

  check("a connection that another term took over is not swept with the old one", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann")]));
    await backend.apply(ROOM, { ...write("n.2", 1, [put("c1", "ann")]), isAll: true });
    await backend.fence("n.1");
    await backend.sweep(ROOM, "n.1", nonce());
    assert.equal((await backend.snapshot(ROOM)).connections[0]!.owner, "n.2");
  });

  check("what is swept is not told again", async ({ connect, advance }) => {
    const backend = connect();
    await backend.tick(tick("dead.1", { isFirst: true }));
    await backend.tick(tick("n.1", { isFirst: true }));
    await tickFor(backend, "n.1", LEASE_MS + STEP_MS, advance);
    await backend.swept("dead.1");
    assert.deepEqual([...(await backend.tick(tick("n.1"))).condemned], []);
  });

  check("an incarnation with records and no lease is an orphan", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann")]));
    await backend.apply(ROOM, {
      ...write(TTL_OWNER, 0, [{ ...put("c2", "bob"), lifetime: { seenAt: 0, ttlMs: 1_000 } }]),
    });
    assert.deepEqual([...(await backend.orphans())], ["n.1"]);
    await backend.tick(tick("n.1", { isFirst: true }));
    assert.deepEqual([...(await backend.orphans())], []);
  });
}

function checkTtl(check: Check): void {
  const join = (id: string, ttlMs: number): RoomWrite =>
    write(TTL_OWNER, 0, [{ ...put(`c-${id}`, id), lifetime: { seenAt: 0, ttlMs } }]);

  check(
    "connections without a process end at their deadline, in the rooms named or in all",
    async ({ connect, advance }) => {
      const backend = connect();
      await backend.apply(ROOM, join("ann", 100));
      await backend.apply(ROOM, join("bob", 200));
      await backend.apply("other", join("cyd", 100));
      const events = await listen(backend, advance);
      await backend.prune([ROOM], 99, nonce());
      await backend.prune([ROOM], 100, nonce());
      await advance(20);
      assert.deepEqual(
        events.map(({ removed }) => removed),
        [[{ connectionId: "c-ann", owner: TTL_OWNER, reason: "timeout" }]],
      );
      assert.equal(await backend.count("other"), 1);
      await backend.prune(null, 150, nonce());
      assert.deepEqual([await backend.count(ROOM), await backend.count("other")], [1, 0]);
    },
  );

  check("a touch lets those who are there last as long again, and makes nobody", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, join("ann", 100));
    assert.equal(await backend.touch(ROOM, "ann", 300), true);
    assert.equal(await backend.touch(ROOM, "nobody", 300), false);
    assert.equal(await backend.touch("nowhere", "ann", 300), false);
    await backend.prune(null, 399, nonce());
    assert.equal(await backend.count(ROOM), 1);
    await backend.prune(null, 400, nonce());
    assert.equal(await backend.count(ROOM), 0);
  });

  check("a touch is for all connections of the one user, whatever they are called", async ({ connect }) => {
    const backend = connect();
    const joins = ["", "1", "a\tb", "a", '"}'].map((connectionId): PutOperation => {
      return { ...put(connectionId, "ann smith"), lifetime: { seenAt: 0, ttlMs: 100 } };
    });
    await backend.apply(ROOM, write(TTL_OWNER, 0, joins));
    await backend.apply(ROOM, join("bob", 100));
    assert.equal(await backend.touch(ROOM, "ann smith", 50), true);
    assert.deepEqual(summed(await backend.prune(null, 100, nonce())), ["doc%3A1 c-bob: bob"]);
    assert.equal((await backend.prune(null, 150, nonce()))[0]?.connections.length, joins.length);
    assert.equal(await backend.touch(ROOM, "ann smith", 150), false);
  });

  check("a touch of who a connection was before is none", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, join("ann", 100));
    const renamed = { ...put("c-ann", "bob"), lifetime: { seenAt: 0, ttlMs: 100 } };
    await backend.apply(ROOM, write(TTL_OWNER, 0, [renamed]));
    assert.equal(await backend.touch(ROOM, "ann", 50), false);
    assert.equal(await backend.touch(ROOM, "bob", 50), true);
    assert.deepEqual(await backend.prune(null, 149, nonce()), []);
    assert.deepEqual(summed(await backend.prune(null, 150, nonce())), ["doc%3A1 c-ann: bob"]);
  });

  check("a prune tells whom it removed, and a dry one whom it would", async ({ connect, advance }) => {
    const backend = connect();
    await backend.apply(ROOM, join("ann", 100));
    await backend.apply(ROOM, join("bob", 100));
    await backend.apply(ROOM, join("cyd", 200));
    await backend.apply(ROOM, write("n.1", 1, [put("c1", "bob")]));
    await backend.apply("other", join("dan", 200));
    const events = await listen(backend, advance);
    const before = await backend.heads([ROOM]);
    const foreseen = await backend.prune(null, 100, nonce(), { isDry: true });
    assert.deepEqual(summed(foreseen), ["doc%3A1 c-ann,c-bob: ann"]);
    await advance(20);
    assert.deepEqual([await backend.heads([ROOM]), events.length], [before, 0]);
    const record = (await backend.snapshot(ROOM)).connections.find(({ connectionId }) => connectionId === "c-ann");
    assert.deepEqual(
      foreseen[0]!.connections.find(({ connectionId }) => connectionId === "c-ann"),
      record,
    );
    assert.deepEqual(summed(await backend.prune(null, 100, nonce())), ["doc%3A1 c-ann,c-bob: ann"]);
    assert.deepEqual(await backend.prune(null, 100, nonce()), []);
    assert.equal(await backend.count(ROOM), 2);
  });

  check(
    "with a longest silence, those end who were silent for longer, not those who were as long",
    async ({ connect }) => {
      const backend = connect();
      await backend.apply(ROOM, join("ann", 1_000));
      await backend.apply(ROOM, join("bob", 5_000));
      await backend.apply(ROOM, write("n.1", 1, [put("c1", "cyd")]));
      await backend.touch(ROOM, "bob", 50);
      assert.deepEqual(await backend.prune(null, 90, nonce(), { maxAgeMs: 90 }), []);
      assert.deepEqual(summed(await backend.prune(null, 91, nonce(), { maxAgeMs: 90 })), ["doc%3A1 c-ann: ann"]);
      assert.deepEqual(summed(await backend.prune(null, 91, nonce(), { maxAgeMs: 0, isDry: true })), [
        "doc%3A1 c-bob: bob",
      ]);
      assert.equal(await backend.count(ROOM), 2);
    },
  );

  check("a connection that a node took over lasts as long as the node says", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, join("ann", 100));
    await backend.apply(ROOM, write("n.1", 1, [put("c-ann", "ann")]));
    assert.deepEqual(await backend.prune(null, 1_000, nonce(), { maxAgeMs: 0 }), []);
    assert.equal(await backend.count(ROOM), 1);
  });

  check("rooms with people, and rooms just left, are not pruned as empty", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, join("ann", 100));
    await backend.apply("left", write("n.1", 1, [put("c1", "ann")]));
    await backend.apply("left", write("n.1", 2, [{ op: "delete", connectionId: "c1", reason: "left" }]));
    const heads = await backend.heads([ROOM, "left"]);
    assert.deepEqual(await backend.pruneRooms(), []);
    assert.deepEqual(await backend.heads([ROOM, "left"]), heads);
  });

  check(
    "the changes of a room that no process made are numbered, so that a store that went back is known",
    async ({ connect, advance }) => {
      const backend = connect();
      const events = await listen(backend, advance);
      const numbers = async () => (await backend.snapshot(ROOM)).sequences.get(TTL_OWNER);
      await backend.apply(ROOM, write("n.1", 1, [put("c1", "eve")]));
      assert.equal(await numbers(), undefined);
      await backend.apply(ROOM, join("ann", 100));
      await backend.apply(ROOM, join("bob", 300));
      await backend.apply(ROOM, join("bob", 300));
      await backend.touch(ROOM, "bob", 0);
      assert.equal(await numbers(), 2);
      await backend.prune([ROOM], 200, nonce());
      assert.equal(await numbers(), 3);
      await advance(20);
      assert.deepEqual(
        events.filter(({ incarnation }) => incarnation === TTL_OWNER).map(({ sequence }) => sequence),
        [1, 2, 3],
      );
    },
  );

  check("a touch is no event", async ({ connect, advance }) => {
    const backend = connect();
    await backend.apply(ROOM, join("ann", 100));
    const events = await listen(backend, advance);
    await backend.touch(ROOM, "ann", 300);
    await advance(20);
    assert.equal(events.length, 0);
  });

  check("any node deletes them, and a node's whole assertion leaves them", async ({ connect }) => {
    const backend = connect();
    await backend.apply(ROOM, join("ann", 100));
    await backend.apply(ROOM, { ...write("n.1", 1, []), isAll: true });
    assert.equal(await backend.count(ROOM), 1);
    await backend.apply(ROOM, write(TTL_OWNER, 0, [{ op: "delete", connectionId: "c-ann", reason: "left" }]));
    assert.equal(await backend.count(ROOM), 0);
  });
}

function checkLooks(check: Check): void {
  check(
    "each room with somebody in it is listed once, with its people, connections and owners",
    async ({ connect }) => {
      const backend = connect();
      assert.deepEqual(await listed(backend), []);
      await backend.apply(ROOM, write("n.1", 1, [put("c1", "ann"), put("c2", "ann"), put("c3", "bob")]));
      await backend.apply(ROOM, write("m.1", 1, [put("c4", "ann")]));
      await backend.apply(ROOM, write(TTL_OWNER, 0, [{ ...put("c5", "cyd"), lifetime: { seenAt: 0, ttlMs: 1_000 } }]));
      await backend.apply("t/other", write("m.1", 2, [put("c1", "a\tb")]));
      await backend.apply("left", write("m.1", 3, [put("c1", "ann")]));
      await backend.apply("left", write("m.1", 4, [{ op: "delete", connectionId: "c1", reason: "left" }]));
      assert.deepEqual(await listed(backend), ["doc%3A1 3 people 5 m.1:1,n.1:3,ttl:1", "t/other 1 people 1 m.1:1"]);
      assert.deepEqual([...(await backend.held("n.1"))], [ROOM]);
      assert.deepEqual((await backend.held("m.1")).toSorted(), [ROOM, "t/other"]);
      assert.deepEqual([...(await backend.held(TTL_OWNER))], [ROOM]);
      assert.deepEqual([...(await backend.held("nobody.1"))], []);
    },
  );

  check("the rooms of one user are listed, whatever the id is like", async ({ connect }) => {
    const backend = connect();
    const ids = ["ann", "a\tb", "%41", "__proto__", "日本"];
    for (const [i, id] of ids.entries()) {
      await backend.apply(`room${i}`, write("n.1", i + 1, [put("c1", id), put("c2", "everywhere")]));
    }
    for (const [i, id] of ids.entries()) assert.deepEqual(await listed(backend, id), [`room${i} 2 people 2 n.1:2`]);
    assert.equal((await listed(backend, "everywhere")).length, ids.length);
    assert.deepEqual(await listed(backend, "nobody"), []);
  });

  check("many rooms are listed in pages, none twice", async ({ connect }) => {
    const backend = connect();
    const names = Array.from({ length: 700 }, (_, i) => `room${i}`);
    await Promise.all(names.map((room, i) => backend.apply(room, write("n.1", i + 1, [put("c1", "ann")]))));
    const found: string[] = [];
    for await (const page of backend.rooms()) found.push(...page.map(({ room }) => room));
    assert.deepEqual(found.toSorted(), names.toSorted());
  });

  check("nodes are listed with what is left of their leases, until they are swept", async ({ connect, advance }) => {
    const backend = connect();
    assert.deepEqual(await backend.nodes(), { storeTime: 0, silentMs: null, nodes: [] });
    await backend.tick(tick("dead.1", { isFirst: true }));
    await backend.tick(tick("n.1", { isFirst: true }));
    const { silentMs, nodes } = await backend.nodes();
    assert.ok(silentMs !== null && silentMs >= 0);
    assert.deepEqual(
      nodes.map(({ incarnation, state }) => `${incarnation} ${state}`),
      ["dead.1 alive", "n.1 alive"],
    );
    assert.ok(nodes.every(({ leaseMs }) => leaseMs > 0 && leaseMs <= LEASE_MS));
    await tickFor(backend, "n.1", LEASE_MS + STEP_MS, advance);
    const later = await backend.nodes();
    assert.equal(later.storeTime, (await backend.tick(tick("n.1", { stepMs: 0 }))).storeTime);
    assert.deepEqual(
      later.nodes.map(({ incarnation, state }) => `${incarnation} ${state}`),
      ["n.1 alive", "dead.1 ended"],
    );
    await backend.swept("dead.1");
    assert.deepEqual(
      (await backend.nodes()).nodes.map(({ incarnation }) => incarnation),
      ["n.1"],
    );
  });

  check("a node that resigned is not condemned, and has to begin anew to come back", async ({ connect, advance }) => {
    const backend = connect();
    await backend.tick(tick("gone.1", { isFirst: true }));
    await backend.tick(tick("n.1", { isFirst: true }));
    await backend.resign("gone.1");
    await backend.resign("nobody.1");
    await tickFor(backend, "n.1", LEASE_MS + STEP_MS, advance);
    assert.deepEqual([...(await backend.tick(tick("n.1"))).condemned], []);
    assert.equal((await backend.tick(tick("gone.1"))).state, "unknown");
  });

  check("a connection that is left by who resigned is an orphan's", async ({ connect }) => {
    const backend = connect();
    await backend.tick(tick("gone.1", { isFirst: true }));
    await backend.apply(ROOM, write("gone.1", 1, [put("c1", "ann")]));
    await backend.resign("gone.1");
    assert.deepEqual([...(await backend.orphans())], ["gone.1"]);
  });
}

function summed(losses: readonly RoomLosses[]): string[] {
  return losses.map(({ room, connections, gone }) => {
    return `${room} ${connections
      .map(({ connectionId }) => connectionId)
      .toSorted()
      .join()}: ${gone.toSorted().join()}`;
  });
}

async function listed(backend: PresenceBackend, userId?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const page of backend.rooms(userId)) {
    for (const { room, people, connections, owners } of page) {
      const shares = [...owners].map(([owner, count]) => `${owner}:${count}`).toSorted();
      found.push(`${room} ${people} people ${connections} ${shares.join()}`);
    }
  }
  return found.toSorted();
}

/** `settled`: what was told before is heard before, also where servers pass it on to each other. */
async function listen(backend: PresenceBackend, settled?: (ms: number) => Promise<void>): Promise<RoomEvent[]> {
  const events: RoomEvent[] = [];
  await settled?.(1);
  await backend.subscribe(ROOM, { changed: (event) => events.push(event), published: () => {} });
  return events;
}

async function tickFor(
  backend: PresenceBackend,
  incarnation: string,
  ms: number,
  advance: (ms: number) => Promise<void>,
): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS / 2) {
    await advance(STEP_MS / 2);
    await backend.tick(tick(incarnation));
  }
}

function tick(incarnation: string, more: Partial<TickRequest> = {}): TickRequest {
  return { incarnation, isFirst: false, leaseMs: LEASE_MS, stepMs: STEP_MS, ordersSince: 0, ...more };
}

function write(incarnation: string, sequence: number, operations: RoomWrite["operations"]): RoomWrite {
  return { incarnation, sequence, nonce: nonce(), operations };
}

function put(connectionId: string, userId: string, meta: Record<string, unknown> = {}): PutOperation {
  return { op: "put", connectionId, userId, meta, status: "active", isLingering: false };
}

function nonce(): string {
  nonces += 1;
  return `x${nonces}`;
}
