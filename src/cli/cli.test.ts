import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { Redis } from "ioredis";
import { systemClock } from "../clock.js";
import { MemoryBackend } from "../presence/memory.js";
import { TTL_OWNER } from "../presence/presence.js";
import { RedisPresenceBackend } from "../presence/redis.js";
import { Sweeper } from "../presence/sweeper.js";
import type { PutOperation } from "../presence/backend.js";
import { RedisLink } from "../redis/link.js";
import { FakeTerminal } from "../testing/fake-terminal.js";
import { PresenceCluster } from "../testing/presence-cluster.js";
import { startRedisNode, type RedisNode } from "../testing/redis-node.js";
import { startRedis } from "../testing/redis-server.js";
import { startRedisCluster } from "../testing/redis-topology.js";
import { silentLogger } from "../testing/silent-logger.js";
import { until } from "../testing/until.js";
import { run } from "./run.js";

/** What a terminal obeys, or shows elsewhere; lines end all the same. */
const HARMFUL = /[^\P{Cc}\n]|\p{Cf}/u;
const HOSTILE = "eve\u001b[2J\u202e\u009b";

interface Stats {
  readonly nodes: readonly { readonly incarnation: string; readonly state: string; readonly rooms: number }[];
  readonly keys: number;
  readonly bytes: number;
  readonly storeTime: number;
  readonly silentMs: number;
}

interface Stage {
  readonly url: string;
  readonly admin: Redis;
  /** Stops Redis; what it resolves with starts it again, empty. */
  restart(): Promise<() => Promise<void>>;
  /** Starts a node, which ends before Redis does. */
  node(): Promise<RedisNode>;
  /** Writes to the store as a node would that is no more. */
  backend(): RedisPresenceBackend;
  /** For a command that goes on until its terminal ends. */
  terminal(isTty?: boolean, env?: Record<string, string>): FakeTerminal;
  convive(...words: string[]): Promise<{ exit: number; terminal: FakeTerminal }>;
}

async function begin(t: TestContext, words: readonly string[] = []): Promise<Stage> {
  let server = await startRedis(words);
  const ends: (() => unknown)[] = [() => server.stop()];
  t.after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const { url } = server;
  const admin = new Redis(url);
  ends.push(() => admin.disconnect());
  return {
    url,
    admin,
    async restart() {
      const { port } = server;
      await server.stop();
      return async () => void (server = await startRedis([], port));
    },
    async node() {
      const started = await startRedisNode(url);
      ends.push(() => started.presence.close());
      return started;
    },
    backend() {
      const link = new RedisLink({ place: url, deadlineMs: 10_000, clock: systemClock, logger: silentLogger });
      const backend = new RedisPresenceBackend(link);
      ends.push(() => backend.close());
      return backend;
    },
    terminal(isTty = false, env = {}) {
      const terminal = new FakeTerminal({ REDIS_URL: url, ...env }, isTty);
      ends.push(() => terminal.end());
      return terminal;
    },
    async convive(...given) {
      const terminal = new FakeTerminal({ REDIS_URL: url });
      const exit = await run(given, terminal);
      assert.doesNotMatch(terminal.output + terminal.errors, HARMFUL);
      return { exit, terminal };
    },
  };
}

function put(connectionId: string, userId: string, more: Partial<PutOperation> = {}): PutOperation {
  return { op: "put", connectionId, userId, meta: {}, status: "active", isLingering: false, ...more };
}

/** All that is in Redis. */
async function dump(admin: Redis): Promise<string[]> {
  const keys = (await admin.keys("*")).toSorted();
  return Promise.all(keys.map(async (key) => `${key} ${(await admin.dumpBuffer(key))?.toString("hex")}`));
}

function json(terminal: FakeTerminal): unknown {
  return JSON.parse(terminal.output);
}

test("rooms and who tell of all nodes, in text and in JSON, and let nobody's name touch the terminal", async (t) => {
  const { node, convive } = await begin(t);
  const empty = await convive("rooms");
  assert.deepEqual([empty.exit, empty.terminal.lines.length], [1, 1]);
  const [one, two] = [await node(), await node()];
  await one.presence.addBot("doc:1", "ann", { name: "Ann" });
  await two.presence.addBot("doc:1", HOSTILE, { name: HOSTILE });
  await two.presence.addBot("a\u0007b", "ann", {});
  await two.presence.forTenant("acme").addBot("doc:1", "bob", {});

  const rooms = await convive("rooms");
  assert.equal(rooms.exit, 0);
  const cells = rooms.terminal.lines.map((line) => line.split(/ {2,}/).join("|"));
  assert.deepEqual(cells, ["KEY|TENANT|PEOPLE|CONNECTIONS|NODES", "doc:1|2|2|2", "a\\x07b|1|1|1", "doc:1|acme|1|1|1"]);
  assert.deepEqual(json((await convive("rooms", "--tenant", "acme", "--json")).terminal), [
    { key: "doc:1", tenant: "acme", people: 1, connections: 1, nodes: 1 },
  ]);
  assert.equal((json((await convive("rooms", "--user", "ann", "--json")).terminal) as unknown[]).length, 2);

  const who = await convive("who", "doc:1");
  assert.equal(who.exit, 0);
  assert.match(who.terminal.lines[1]!, /^ann +active +1 +20\d\d-[-:.\dTZ]+ +\{"name":"Ann"\}$/);
  assert.match(who.terminal.lines[2]!, /^eve\\x1b\[2J\\u\{202e\}\\x9b +active/);
  const people = json((await convive("who", "doc:1", "--json")).terminal) as { id: string; meta: unknown }[];
  assert.deepEqual([people[1]!.id, people[1]!.meta], [HOSTILE, { name: HOSTILE }]);
  const others = json((await convive("who", "doc:1", "--tenant", "acme", "--json")).terminal) as { id: string }[];
  assert.deepEqual(
    others.map(({ id }) => id),
    ["bob"],
  );
  assert.equal((await convive("who", "nowhere")).exit, 1);
});

test("watching tells who is here, comes, changes and goes, finds new rooms, and ends when it should", async (t) => {
  const { node, terminal: open } = await begin(t);
  const { presence } = await node();
  await presence.addBot("doc:1", "ann", {});
  const [all, one] = [open(true), open(true, { NO_COLOR: "1" })];
  const watching = run(["watch"], all);
  const watchingOne = run(["watch", "doc:1", "--json"], one);
  await until(
    () => all.lines.length === 1 && one.lines.length === 1,
    () => all.output + all.errors + one.errors,
  );
  // One after the other: what happens at once is told as what it comes to.
  const heard = (count: number) =>
    until(
      () => all.lines.length === count && one.lines.length === count,
      () => all.output + one.output,
    );
  const bob = await presence.addBot("doc:1", "bob", { n: 1 });
  await heard(2);
  await bob.update({ n: 2 });
  await heard(3);
  await bob.leave();
  await heard(4);
  await presence.addBot("new\nroom", HOSTILE, {});
  await until(() => all.lines.length === 5);
  const told = one.lines.map(
    (line) => JSON.parse(line) as { event: string; key: string; person: { id: string }; reason?: string },
  );
  assert.deepEqual(
    told.map(({ event, key, person, reason = "" }) => `${event} ${key} ${person.id} ${reason}`.trim()),
    ["here doc:1 ann", "join doc:1 bob", "update doc:1 bob", "leave doc:1 bob left"],
  );
  const lines = all.lines.map((line) => stripVTControlCharacters(line).replace(/^[\d:]{8} /, ""));
  assert.deepEqual(lines, [
    "doc:1  = ann is here  {}",
    'doc:1  + bob joined  {"n":1}',
    'doc:1  ~ bob changed  {"n":2}',
    "doc:1  - bob left (left)",
    "new\\x0aroom  + eve\\x1b[2J\\u{202e}\\x9b joined  {}",
  ]);
  assert.ok(all.lines[1]!.includes("\u001b[32m+ bob joined\u001b[0m"));
  assert.doesNotMatch(one.output, HARMFUL);
  for (const terminal of [all, one]) terminal.end();
  assert.deepEqual(await Promise.all([watching, watchingOne]), [0, 0]);
});

test("watching goes on when Redis was away, and a Redis that comes back empty tells nothing", async (t) => {
  const { node, terminal: open, restart } = await begin(t);
  const { presence } = await node();
  const terminal = open();
  await presence.addBot("doc:1", "ann", {});
  const watching = run(["watch"], terminal);
  await until(() => terminal.lines.length === 1);
  const startAgain = await restart();
  await until(() => terminal.errors.includes("Redis is away"));
  await startAgain();
  await until(
    () => terminal.errors.includes("can be reached again"),
    () => terminal.errors,
  );
  await presence.addBot("doc:1", "bob", {});
  await presence.addBot("doc:2", "cyd", {});
  await until(
    () => terminal.lines.length === 3,
    () => terminal.output + terminal.errors,
  );
  const told = terminal.lines.map((line) => line.replace(/^[\d:]{8} /, "")).toSorted();
  assert.deepEqual(told, ["doc:1  + bob joined  {}", "doc:1  = ann is here  {}", "doc:2  + cyd joined  {}"]);
  terminal.end();
  assert.equal(await watching, 0);
});

test("a look leaves no trace: not a key, not a value, not a lease", async (t) => {
  const { admin, backend, convive, terminal: open } = await begin(t);
  const store = backend();
  await store.tick({ incarnation: "dead.1", isFirst: true, leaseMs: 1, stepMs: 2_000, ordersSince: 0 });
  await store.tick({ incarnation: "n.1", isFirst: true, leaseMs: 60_000, stepMs: 2_000, ordersSince: 0 });
  const operations = [put("c1", "ann"), put("c2", "bob", { lifetime: { seenAt: 0, ttlMs: 1 } })];
  for (const [i, incarnation] of ["n.1", "dead.1", "orphan.1"].entries()) {
    await store.apply(`room${i}`, { incarnation, sequence: 1, nonce: "x", operations });
  }
  await store.apply("room0", {
    incarnation: TTL_OWNER,
    sequence: 0,
    nonce: "y",
    operations: [put("c3", "cyd", { lifetime: { seenAt: 0, ttlMs: 1 } })],
  });
  await admin.del((await admin.keys("*connections:room2"))[0]!);
  const before = await dump(admin);
  for (const words of [
    ["rooms"],
    ["rooms", "--user", "ann"],
    ["who", "room0"],
    ["stats"],
    ["doctor"],
    ["prune", "presences", "--dry-run", "--max-age", "0"],
    ["prune", "rooms", "--dry-run"],
  ]) {
    await convive(...words);
    assert.deepEqual(await dump(admin), before, words.join(" "));
  }
  for (const words of [["watch"], ["watch", "room0"]]) {
    const terminal = open();
    const watching = run(words, terminal);
    await until(() => terminal.lines.length >= 2);
    terminal.end();
    assert.equal(await watching, 0);
    assert.deepEqual(await dump(admin), before, words.join(" "));
  }
});

test("prune ends whose time is over, or who was silent for longer, and tells whom", async (t) => {
  const { backend, convive } = await begin(t);
  const store = backend();
  // Nobody ticks: it is 0 all the time.
  const join = (room: string, id: string, seenAt: number, ttlMs: number) => {
    const operations = [put(`c-${id}`, id, { lifetime: { seenAt, ttlMs } })];
    return store.apply(room, { incarnation: TTL_OWNER, sequence: 0, nonce: id, operations });
  };
  await join("doc%3A1", "ann", -100_000, 600_000);
  await join("doc%3A2", "bob", -1_000, 600_000);
  await join("doc%3A2", "cyd", -1_000, 1_000);
  await store.apply("doc%3A1", { incarnation: "n.1", sequence: 1, nonce: "x", operations: [put("c1", "dan")] });
  const first = await convive("prune", "presences");
  assert.deepEqual([first.exit, first.terminal.lines], [0, ["doc:2: cyd", "1 presence removed from 1 room."]]);
  const dry = await convive("prune", "presences", "--dry-run", "--max-age", "50", "--json");
  assert.deepEqual(json(dry.terminal), { dryRun: true, rooms: [{ key: "doc:1", removed: ["ann"] }] });
  assert.equal(await store.count("doc%3A1"), 2);
  const pruned = await convive("prune", "presences", "--max-age", "50");
  assert.deepEqual(pruned.terminal.lines, ["doc:1: ann", "1 presence removed from 1 room."]);
  assert.deepEqual([await store.count("doc%3A1"), await store.count("doc%3A2")], [1, 1]);
  assert.match(pruned.terminal.errors, /nodes without a lease.*--wait/);
});

test("the command and the nodes prune by the same code", async (t) => {
  const pruneNow = t.mock.method(Sweeper.prototype, "pruneNow");
  const pruneRooms = t.mock.method(MemoryBackend.prototype, "pruneRooms");
  const cluster = new PresenceCluster({ prunePresencesMs: 1_000, pruneRoomsMs: 2_000 });
  const { presence } = cluster.start();
  await cluster.until(presence.addBot("doc", "ann", {}));
  await cluster.advance(2_500);
  assert.deepEqual([pruneNow.mock.callCount(), pruneRooms.mock.callCount()], [2, 1]);
  await cluster.until(presence.prune());
  await cluster.until(presence.pruneRooms());
  assert.deepEqual([pruneNow.mock.callCount(), pruneRooms.mock.callCount()], [3, 2]);
  const { convive } = await begin(t);
  const ofRedis = t.mock.method(RedisPresenceBackend.prototype, "pruneRooms");
  await convive("prune", "presences");
  await convive("prune", "rooms");
  assert.deepEqual([pruneNow.mock.callCount(), ofRedis.mock.callCount()], [4, 1]);
});

test("what nodes left that all died is judged by who waits, and swept", async (t) => {
  const { backend, convive } = await begin(t);
  const store = backend();
  await store.tick({ incarnation: "dead.1", isFirst: true, leaseMs: 1_000, stepMs: 2_000, ordersSince: 0 });
  await store.apply("doc%3A1", { incarnation: "dead.1", sequence: 1, nonce: "x", operations: [put("c1", "ann")] });
  const waited = await convive("prune", "presences", "--wait");
  assert.deepEqual([waited.exit, waited.terminal.lines], [0, ["doc:1: ann", "1 presence removed from 1 room."]]);
  assert.equal(await store.count("doc%3A1"), 0);
  assert.deepEqual((await store.nodes()).nodes, []);
});

test("prune rooms forgets those that lost their members", async (t) => {
  const { admin, backend, convive } = await begin(t);
  const store = backend();
  await store.apply("doc%3A1", { incarnation: "n.1", sequence: 1, nonce: "x", operations: [put("c1", "ann")] });
  await admin.del((await admin.keys("*connections:*"))[0]!);
  assert.deepEqual((await convive("prune", "rooms", "--dry-run")).terminal.lines, [
    "doc:1",
    "1 room would be forgotten.",
  ]);
  assert.deepEqual(json((await convive("prune", "rooms", "--json")).terminal), {
    dryRun: false,
    rooms: [{ key: "doc:1" }],
  });
  assert.deepEqual((await convive("prune", "rooms")).terminal.lines, ["0 rooms forgotten."]);
});

test("a kick ends a user's connections on their node, and members that no process carries", async (t) => {
  const { node, backend, convive } = await begin(t);
  const { presence } = await node();
  const store = backend();
  for (const key of ["doc:1", "doc:2"]) await presence.addBot(key, "ann", {});
  await presence.addBot("doc:1", "bob", {});
  const free = put("c9", "ann", { lifetime: { seenAt: 0, ttlMs: 600_000 } });
  await store.apply("doc%3A3", { incarnation: TTL_OWNER, sequence: 0, nonce: "x", operations: [free] });

  const one = await convive("kick", "ann", "--key", "doc:2");
  assert.deepEqual([one.exit, one.terminal.lines], [0, ["ann was in doc:2; every node has the order."]]);
  await until(async () => (await presence.presenceCount("doc:2")) === 0);
  assert.equal(await presence.presenceCount("doc:1"), 2);

  const all = await convive("kick", "ann", "--json");
  assert.deepEqual([all.exit, json(all.terminal)], [0, { user: "ann", rooms: [{ key: "doc:1" }, { key: "doc:3" }] }]);
  await until(async () => (await presence.presenceCount("doc:1")) === 1);
  assert.equal(await store.count("doc%3A3"), 0);
  assert.equal((await convive("kick", "nobody")).exit, 1);
});

test("stats count what is there, and tell of each node's lease", async (t) => {
  const { node, backend, convive } = await begin(t);
  const { presence, node: own } = await node();
  await presence.addBot("doc:1", "ann", {});
  await presence.forTenant("acme").joinPresence("doc:1", "bob", {});
  await backend().apply("lost", { incarnation: "orphan.1", sequence: 1, nonce: "x", operations: [put("c1", "cyd")] });
  const { exit, terminal } = await convive("stats", "--json");
  const { nodes, keys, bytes, storeTime, silentMs, ...counts } = json(terminal) as Stats;
  assert.equal(exit, 0);
  assert.deepEqual(counts, { rooms: 3, people: 3, connections: 3, withoutProcess: 1, tenants: 1 });
  assert.ok(keys > 15 && bytes > 1_000 && storeTime >= 0 && silentMs >= 0);
  const rows = nodes.map((each) => [each.incarnation, each.state, each.rooms]);
  assert.deepEqual(rows, [
    [own.incarnation, "alive", 1],
    ["orphan.1", "no lease", 1],
  ]);
  const text = await convive("stats");
  assert.match(text.terminal.output, /^rooms +3, of 1 tenant$/m);
});

test("in a Cluster the same commands work", async (t) => {
  const cluster = await startRedisCluster();
  t.after(() => cluster.stop());
  const place = ["--cluster", `127.0.0.1:${cluster.servers[0]!.port}`];
  const started = await startRedisNode({ cluster: cluster.servers });
  t.after(() => started.presence.close());
  for (let i = 0; i < 12; i += 1) await started.presence.addBot(`doc:${i}`, "ann", {});
  for (const words of [
    ["rooms"],
    ["who", "doc:3"],
    ["stats"],
    ["prune", "presences", "--dry-run"],
    ["prune", "rooms"],
  ]) {
    const terminal = new FakeTerminal();
    assert.equal(await run([...words, ...place], terminal), 0, terminal.errors);
    if (words[0] === "rooms") assert.equal(terminal.lines.length, 13);
  }
  const terminal = new FakeTerminal();
  await run(["doctor", ...place], terminal);
  assert.match(terminal.output, /^ok +version .*3 masters$/m);
  for (const check of ["role", "rights", "channels", "registers", "values"]) {
    assert.match(terminal.output, new RegExp(`^ok +${check} `, "m"), terminal.output);
  }
});
