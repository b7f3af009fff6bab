// Each rule of the store that looks as if a simpler one would do, in a story that ends well with ours and badly with the simpler one.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../clock.js";
import { RedisLink } from "../redis/link.js";
import { FaultProxy } from "../testing/fault-proxy.js";
import { NAIVE_PARTS } from "../testing/naive-rules.js";
import { QUICK_LIMITS, startRedisNode, type RedisNode, type RedisNodeParts } from "../testing/redis-node.js";
import { freePort, startRedis } from "../testing/redis-server.js";
import { silentLogger } from "../testing/silent-logger.js";
import { until } from "../testing/until.js";
import type { RoomSnapshot, RoomWrite, RoomWriteResult } from "./backend.js";
import type { Room } from "./room.js";
import { RedisPresenceBackend } from "./redis.js";

const KEY = "doc:1";
const ROOM = "doc%3A1";
type Parts = Partial<RedisNodeParts>;

/** What one node hears of the room. */
interface Observer extends RedisNode {
  readonly room: Room;
  /** `+ann` for a join, `-ann` for a leave */
  readonly told: string[];
  /** messages of the room */
  readonly heard: string[];
  ids(): string[];
  /** how often the room was read */
  reads(): number;
}

/** A Redis of this test, nodes on it, and the end of all. */
async function begin(t: TestContext, { isSaved = false } = {}) {
  const ends: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const folder = mkdtempSync(join(tmpdir(), "convive-naive-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const words = isSaved ? ["--dir", folder] : [];
  let server = await startRedis(words);
  ends.push(() => server.stop());
  const { port, url } = server;
  const proxy = async () => {
    const started = await FaultProxy.start(port);
    ends.push(() => started.stop());
    return started;
  };
  const start = async (parts: Parts = {}, place = url) => {
    const started = await startRedisNode(place, parts);
    ends.push(() => started.presence.close());
    return started;
  };
  const observe = async (parts: Parts = {}, place = url) => observing(await start(parts, place));
  const admin = new RedisLink({ place: url, deadlineMs: 5_000, clock: systemClock, logger: silentLogger });
  ends.push(() => admin.close());
  /** What was saved is all that is left. */
  const goBack = async () => {
    await server.stop();
    server = await startRedis(words, port);
  };
  return { proxy, start, observe, admin, goBack, process: () => server.process, port: () => server.port };
}

async function observing(started: RedisNode): Promise<Observer> {
  const told: string[] = [];
  const heard: string[] = [];
  const { room } = await started.node.host("", KEY);
  let reads = 0;
  const { backend } = started;
  const snapshot = backend.snapshot.bind(backend);
  backend.snapshot = async (name: string): Promise<RoomSnapshot> => {
    const read = await snapshot(name);
    reads += 1;
    return read;
  };
  room.watch({
    changed: ({ joins, leaves }) => {
      for (const { id } of leaves) told.push(`-${id}`);
      for (const { id } of joins) told.push(`+${id}`);
    },
    message: (message) => message.kind === "event" && heard.push(message.event),
  });
  return {
    ...started,
    room,
    told,
    heard,
    ids: () => room.everybody.map(({ id }) => id).toSorted(),
    reads: () => reads,
  };
}

/** Everything that was on its way to these has come. */
async function fence({ node }: RedisNode, observers: readonly Observer[]): Promise<void> {
  const event = node.newId();
  // One whose connection is not back yet does not hear the first.
  await until(async () => {
    await node.publish("", KEY, { kind: "event", event, payload: {}, from: null });
    return observers.every(({ heard }) => heard.includes(event));
  });
}

test("leases by the time of Redis: after a silence the first node back condemns the others", async (t) => {
  const { proxy, start, observe, process } = await begin(t);
  const limits = { ...QUICK_LIMITS, leaseMs: 4_000 };
  const way = await proxy();
  const world = async (parts: Parts) => {
    const carrier = await start(parts, way.url);
    await carrier.presence.addBot(KEY, "ann", {});
    const observer = await observe(parts);
    return { carrier, observer };
  };
  const ours = await world({ limits, prefix: "ours" });
  const naive = await world({ ...NAIVE_PARTS.timeLeases, limits, prefix: "naive" });
  way.blackhole();
  process().kill("SIGSTOP");
  const stoppedAt = performance.now();
  await until(() => performance.now() - stoppedAt > limits.leaseMs);
  process().kill("SIGCONT");
  await until(() => naive.observer.told.includes("-ann"));
  way.forward();
  await until(() => !ours.carrier.node.isDegraded && naive.observer.ids().length === 1);
  await ours.carrier.presence.addBot(KEY, "bob", {});
  await until(() => ours.observer.ids().length === 2);
  assert.deepEqual([ours.observer.told, naive.observer.told], [["+bob"], ["-ann", "+ann"]]);
});

test("a version without a nonce: a store that went back and came level again looks as if nothing had happened", async (t) => {
  const { proxy, start, observe, admin, goBack } = await begin(t, { isSaved: true });
  const way = await proxy();
  const world = async (parts: Parts) => {
    const writer = await start(parts);
    const observer = await observe(parts, way.url);
    let audits = 0;
    const heads = observer.backend.heads.bind(observer.backend);
    observer.backend.heads = async (rooms) => {
      const answer = await heads(rooms);
      audits += 1;
      return answer;
    };
    const write = (incarnation: string, sequence: number, userId: string) =>
      writer.backend.apply(ROOM, joining(incarnation, sequence, userId));
    return { observer, write, audits: () => audits };
  };
  const ours = await world({ prefix: "ours" });
  const naive = await world({ ...NAIVE_PARTS.noNonce, prefix: "naive" });
  const worlds = [ours, naive];
  for (const { write } of worlds) await write("p.1", 1, "q1");
  await admin.call("SAVE");
  for (const { write } of worlds) for (const n of [2, 3]) await write("p.1", n, `q${n}`);
  for (const { observer } of worlds) await until(() => observer.ids().length === 3);
  way.blackhole();
  await goBack();
  for (const { write } of worlds) {
    for (const n of [1, 2]) await until(() => write("z.1", n, `z${n}`).then(Boolean, () => false));
  }
  way.forward();
  await until(() => ours.observer.ids().includes("z1") && ours.observer.ids().includes("z2"));
  const audits = naive.audits();
  await until(() => naive.audits() >= audits + 3);
  assert.deepEqual(naive.observer.ids(), ["q1", "q2", "q3"]);
});

test("no number of the write: what timed out runs later, and brings back who has left", async (t) => {
  const { start, observe } = await begin(t);
  const world = async (parts: Parts) => {
    const late: (() => Promise<RoomWriteResult>)[] = [];
    const carrier = await start(parts);
    const { backend } = carrier;
    const apply = backend.apply.bind(backend);
    const observer = await observe(parts);
    const delayNext = () => {
      backend.apply = (room: string, write: RoomWrite) => {
        backend.apply = apply;
        late.push(() => apply(room, write));
        return Promise.reject(new Error("Command timed out"));
      };
    };
    return { carrier, observer, delayNext, late };
  };
  const ours = await world({ prefix: "ours" });
  const naive = await world({ ...NAIVE_PARTS.noSequence, prefix: "naive" });
  const states: string[] = [];
  for (const { carrier, observer, delayNext, late } of [ours, naive]) {
    await carrier.presence.addBot(KEY, "bob", {});
    delayNext();
    const ann = await carrier.presence.addBot(KEY, "ann", {});
    await ann.leave();
    // The doubt is over when the node has told the whole of what it carries.
    await until(() => carrier.node.rooms.every((room) => room.moves >= 2));
    states.push((await late[0]!()).state);
    await fence(carrier, [observer]);
  }
  assert.deepEqual(states, ["stale", "ok"]);
  assert.deepEqual([ours.observer.ids(), naive.observer.ids()], [["bob"], ["ann", "bob"]]);
});

test("a plain difference of snapshots: a store that lost everything makes everybody leave", async (t) => {
  const { proxy, start, observe, admin } = await begin(t);
  const way = await proxy();
  const carrier = await start({}, way.url);
  await carrier.presence.addBot(KEY, "ann", {});
  const [ours, naive] = [await observe(), await observe(NAIVE_PARTS.plainSnapshot)];
  way.blackhole();
  const reads = ours.reads();
  await admin.call("FLUSHALL");
  await until(() => naive.told.includes("-ann") && ours.reads() > reads);
  way.forward();
  await until(() => naive.ids().length === 1);
  await carrier.presence.addBot(KEY, "bob", {});
  await until(() => [ours, naive].every((each) => each.ids().length === 2));
  assert.deepEqual([ours.told, naive.told], [["+bob"], ["-ann", "+ann", "+bob"]]);
});

test("read before heard: who comes in between is missed", async (t) => {
  const { start, observe } = await begin(t);
  const carrier = await start();
  await carrier.presence.addBot(KEY, "ann", {});
  const limits = { ...QUICK_LIMITS, leaseMs: 600_000, auditMs: 200_000 };
  class InterruptedBackend extends RedisPresenceBackend {
    override async snapshot(room: string) {
      await carrier.presence.addBot(KEY, "bob", {});
      return super.snapshot(room);
    }
  }
  const ours = await observe({ limits, makeBackend: (link, options) => new InterruptedBackend(link, options) });
  const naive = await observe({
    limits,
    makeBackend: (link, options) => {
      const backend = NAIVE_PARTS.readFirst.makeBackend(link, options);
      backend.hasRead = () => carrier.presence.addBot(KEY, "cyd", {});
      return backend;
    },
  });
  await fence(carrier, [ours, naive]);
  assert.deepEqual(ours.ids(), ["ann", "bob", "cyd"]);
  assert.deepEqual(naive.ids(), ["ann", "bob"]);
});

test("no audit: nobody ever hears the last change that was made while the connection was gone", async (t) => {
  const { proxy, start, observe, port } = await begin(t);
  const way = await proxy();
  const carrier = await start();
  const [ours, naive] = [await observe({}, way.url), await observe(NAIVE_PARTS.noAudit, way.url)];
  way.retarget(await freePort());
  way.reset();
  await carrier.presence.addBot(KEY, "ann", {});
  way.retarget(port());
  await fence(carrier, [ours, naive]);
  await until(() => ours.ids().length === 1);
  await fence(carrier, [ours, naive]);
  assert.deepEqual([ours.told, naive.told], [["+ann"], []]);
});

test("a removal without its owner: the end of an old term removes who lives on in the new one", async (t) => {
  const { proxy, start, observe, admin, goBack } = await begin(t, { isSaved: true });
  const way = await proxy();
  const carrier = await start({}, way.url);
  await carrier.presence.addBot(KEY, "ann", {});
  const [ours, naive] = [await observe(), await observe(NAIVE_PARTS.noOwner)];
  const both = [ours, naive];
  const old = carrier.node.incarnation;
  await admin.call("SAVE");
  await ours.backend.fence(old);
  const ownerOf = ({ room }: Observer) => [...room.connections.values()].map(({ owner }) => owner).join();
  await until(() => carrier.node.incarnation !== old && both.every((each) => ownerOf(each) !== old));
  way.blackhole();
  await goBack();
  const reads = both.map((each) => each.reads());
  await until(() => both.every((each, i) => each.reads() > reads[i]! && !each.node.isDegraded));
  // As the sweep does when the old lease, which the store has again, ends.
  assert.deepEqual(await ours.backend.fence(old), [ROOM]);
  await ours.backend.sweep(ROOM, old, "nonce");
  await until(() => naive.told.includes("-ann"));
  way.forward();
  await until(() => naive.ids().length === 1);
  await carrier.presence.addBot(KEY, "bob", {});
  await until(() => both.every((each) => each.ids().length === 2));
  assert.deepEqual([ours.told, naive.told], [["+bob"], ["-ann", "+ann", "+bob"]]);
});

test("a wait by the own clock: it ends while nobody could answer", async (t) => {
  const { proxy, start, observe, admin, process } = await begin(t);
  const limits = { ...QUICK_LIMITS, leaseMs: 2_000, auditMs: 300 };
  const way = await proxy();
  const carrier = await start({ limits }, way.url);
  await carrier.presence.addBot(KEY, "ann", {});
  const [ours, naive] = [await observe({ limits }), await observe({ ...NAIVE_PARTS.localWait, limits })];
  const both = [ours, naive];
  way.blackhole();
  const reads = both.map((each) => each.reads());
  await admin.call("FLUSHALL");
  await until(() => both.every((each, i) => each.reads() > reads[i]!));
  process().kill("SIGSTOP");
  await until(() => naive.told.includes("-ann"));
  process().kill("SIGCONT");
  way.forward();
  await until(() => naive.ids().length === 1);
  await carrier.presence.addBot(KEY, "bob", {});
  await until(() => both.every((each) => each.ids().length === 2));
  assert.deepEqual([ours.told, naive.told], [["+bob"], ["-ann", "+ann", "+bob"]]);
});

function joining(incarnation: string, sequence: number, userId: string): RoomWrite {
  const record = { connectionId: userId, userId, meta: {}, status: "active", isLingering: false } as const;
  return { incarnation, sequence, nonce: `${incarnation}-${sequence}`, operations: [{ op: "put", ...record }] };
}
