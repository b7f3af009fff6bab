import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Redis } from "ioredis";
import { systemClock } from "../clock.js";
import { RedisPresenceBackend } from "../presence/redis.js";
import { RedisLink } from "../redis/link.js";
import { FakeTerminal } from "../testing/fake-terminal.js";
import { freePort, startRedis } from "../testing/redis-server.js";
import { silentLogger } from "../testing/silent-logger.js";
import { judgeVersions } from "./doctor-server.js";
import { run } from "./run.js";

interface Told {
  readonly state: string;
  readonly checks: readonly { check: string; state: string; message: string; next?: string; code?: string }[];
}

async function startServer(t: TestContext, words: readonly string[] = []) {
  const server = await startRedis(words);
  const admin = new Redis(server.url);
  t.after(async () => {
    admin.disconnect();
    await server.stop();
  });
  return { ...server, admin };
}

async function examine(
  url: string,
  ...more: string[]
): Promise<Told & { exit: number; of(check: string): Told["checks"][number] }> {
  const terminal = new FakeTerminal({ REDIS_URL: url });
  const exit = await run(["doctor", "--json", ...more], terminal);
  assert.doesNotMatch(terminal.output + terminal.errors, /secret/);
  const told = JSON.parse(terminal.output) as Told;
  return { exit, ...told, of: (check) => told.checks.find((each) => each.check === check)! };
}

test("a Redis without fault passes every check, and people are told in lines", async (t) => {
  const { url } = await startServer(t);
  const { exit, checks } = await examine(url);
  // How fast Redis answers is for the machine to say.
  const [speed, ...others] = checks;
  assert.deepEqual(
    others.filter((each) => each.state !== "ok"),
    [],
  );
  assert.equal(others.length, 12);
  assert.equal(exit, speed!.state === "fail" ? 1 : 0);
  const terminal = new FakeTerminal({ REDIS_URL: url }, true);
  await run(["doctor"], terminal);
  const version = terminal.output.split("\n").find((line) => line.includes("version"))!;
  assert.ok(version.startsWith("\u001b[32mok  \u001b[0m  version      "), version);
  assert.match(version, /(Redis|Valkey) \d+\.\d+\.\d+, standalone$/);
});

test("Redis and Valkey are named as what they are, and servers of one Cluster that differ are warned of", () => {
  const redis = (version: string) => `# Server\r\nredis_version:${version}\r\nredis_mode:cluster\r\n`;
  const valkey = "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\nserver_mode:standalone\r\n";
  assert.deepEqual(judgeVersions([valkey]), { state: "ok", message: "Valkey 8.0.1, standalone" });
  assert.deepEqual(judgeVersions([redis("7.0.15"), redis("7.0.15")]), {
    state: "ok",
    message: "Redis 7.0.15, cluster, 2 masters",
  });
  const { state, message } = judgeVersions([redis("7.0.15"), redis("7.4.1")]);
  assert.deepEqual([state, message], ["warn", "Redis 7.0.15 and Redis 7.4.1, cluster, 2 masters"]);
});

test("what another program wrote under our keys is named, and nothing of it is touched", async (t) => {
  const { url, admin } = await startServer(t);
  const link = new RedisLink({ place: url, deadlineMs: 10_000, clock: systemClock, logger: silentLogger });
  const backend = new RedisPresenceBackend(link);
  t.after(() => backend.close());
  const put = { op: "put", connectionId: "c1", userId: "ann", meta: {}, status: "active", isLingering: false } as const;
  await backend.apply("doc", { incarnation: "n.1", sequence: 1, nonce: "x", operations: [put] });
  const [connections] = await admin.keys("*connections:doc");
  await admin.hset(connections!, "c2", "no record");
  const unreadable = await examine(url);
  assert.equal(unreadable.exit, 1);
  assert.match(unreadable.of("values").message, /cannot be read: doc/);
  const who = new FakeTerminal({ REDIS_URL: url });
  assert.equal(await run(["who", "doc"], who), 3);
  assert.match(who.errors, /^convive: A room in Redis holds [^]*\[REDIS_VALUE_FOREIGN\]\n$/);
  assert.equal(unreadable.of("nodes").state, "warn");
  assert.match(unreadable.of("nodes").message, /without a lease: n\.1/);
  await admin.set((await admin.keys("*head:doc"))[0]!.replace("head:doc", "deadlines:doc"), "ours?");
  const foreign = await examine(url);
  assert.match(foreign.of("values").message, /deadlines:doc is a string, not a zset/);
  assert.ok(foreign.of("values").next);
  await admin.set("{convive:4}:rooms", "ours?");
  assert.match((await examine(url)).of("values").message, /\{convive:4\}:rooms is a string/);
});

test("entries in a bucket that is not theirs are told, and such of rooms that lost their members", async (t) => {
  const { url, admin } = await startServer(t);
  for (let bucket = 0; bucket < 2; bucket += 1) await admin.zadd(`{convive:${bucket}}:rooms`, 0, "n.1\tdoc");
  const { exit, of } = await examine(url);
  assert.equal(exit, 1);
  assert.match(of("registers").message, /doc in [01]/);
});

test("keys that another version laid out are named as such, and nothing else is blamed", async (t) => {
  const { url, admin } = await startServer(t);
  await admin.hset("{convive:nodes}:clock", "layout", "0/16");
  const { exit, of, checks } = await examine(url);
  assert.equal(exit, 1);
  assert.match(of("layout").message, /0\/16/);
  const failed = checks.filter(({ state, check }) => state === "fail" && check !== "round trip");
  assert.deepEqual(
    failed.map(({ check }) => check),
    ["layout"],
  );
  assert.equal(await run(["rooms"], new FakeTerminal({ REDIS_URL: url })), 3);
});

test("nodes that do not tick, and a node to be swept, are worth a warning", async (t) => {
  const { url, admin } = await startServer(t);
  const wall = Date.now() - 60_000;
  await admin.hset("{convive:nodes}:clock", "t", "5000", "wall", String(wall));
  await admin.zadd("{convive:nodes}:leases", 9_000, "n.1");
  const silent = await examine(url);
  assert.equal(silent.of("nodes").state, "warn");
  assert.match(silent.of("nodes").message, /1 node with a lease, and none has ticked for 6\d s/);
  await admin.hset("{convive:nodes}:clock", "wall", String(Date.now()));
  await admin.zadd("{convive:nodes}:unswept", 5_000, "dead.1");
  assert.match((await examine(url)).of("nodes").message, /to be swept: dead\.1/);
});

test("a replica, a user with too few rights, an eviction policy and a full Redis are told apart", async (t) => {
  const { url, admin, port } = await startServer(t);
  await admin.config("SET", "maxmemory-policy", "volatile-lru");
  await admin.config("SET", "maxmemory", "500mb");
  assert.equal((await examine(url)).of("memory").state, "warn");
  await admin.config("SET", "maxmemory-policy", "allkeys-lru");
  const evicting = await examine(url);
  assert.deepEqual([evicting.exit, evicting.checks[0]!.code], [3, "REDIS_EVICTS"]);
  await admin.config("SET", "maxmemory-policy", "noeviction");
  await admin.config("SET", "maxmemory", "1");
  assert.equal((await examine(url)).of("rights").code, "REDIS_FULL");
  await admin.config("SET", "maxmemory", "0");
  await admin.call("ACL", ["SETUSER", "reader", "on", ">secret", "~*", "&*", "+@all", "-zadd"]);
  const reader = await examine(`redis://reader:secret@127.0.0.1:${port}`);
  assert.deepEqual([reader.exit, reader.of("rights").code], [1, "REDIS_FORBIDDEN"]);
  await admin.replicaof("127.0.0.1", await freePort());
  const replica = await examine(url);
  assert.equal(replica.exit, 1);
  assert.match(replica.of("role").message, /replica/);
  assert.equal(replica.of("rights").code, "REDIS_REPLICA");
});

test("limits that contradict each other are told, and such as are none are refused", async (t) => {
  const { url } = await startServer(t);
  const { exit, of } = await examine(url, "--limits", '{"leaseMs":6000,"auditMs":1000}');
  assert.deepEqual([exit, of("limits").state], [1, "fail"]);
  for (const limits of ["{", "[]", "7", '{"leaseMs":-1}', '{"leasMs":1}']) {
    assert.equal(await run(["doctor", "--limits", limits], new FakeTerminal({ REDIS_URL: url })), 2, limits);
  }
});

test("where nobody listens, or the password is wrong, that is what is told", async (t) => {
  const { url, admin, port } = await startServer(t);
  const nobody = await examine(`redis://ann:secret@127.0.0.1:${await freePort()}`);
  assert.deepEqual([nobody.exit, nobody.state, nobody.checks.length], [3, "fail", 1]);
  assert.equal(nobody.checks[0]!.code, "REDIS_UNAVAILABLE");
  await admin.config("SET", "requirepass", "right");
  const refused = await examine(`redis://:secret@127.0.0.1:${port}`);
  assert.deepEqual([refused.exit, refused.checks[0]!.code], [3, "REDIS_LOGIN_REFUSED"]);
  assert.ok(url);
});
