import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { Redis } from "ioredis";
import { systemClock } from "../clock.js";
import { ConviveError, type ErrorCode } from "../errors.js";
import { RedisLink } from "../redis/link.js";
import { FaultProxy } from "../testing/fault-proxy.js";
import { Observer } from "../testing/presence-cluster.js";
import { startRedisNode, type RedisNode } from "../testing/redis-node.js";
import { sinceRedis, startRedis } from "../testing/redis-server.js";
import { silentLogger } from "../testing/silent-logger.js";
import { until } from "../testing/until.js";
import { NODES_ROOM, type RoomWrite } from "./backend.js";
import { RedisKeys } from "./redis-keys.js";
import { RedisPresenceBackend } from "./redis.js";

const KEY = "doc:1";
const ROOM = "doc%3A1";
const keys = new RedisKeys("convive");

interface Story {
  /** A client beside ours, to set the stage. */
  readonly admin: Redis;
  readonly node: RedisNode;
  readonly observer: Observer;
}

/** A node with ann in the room, on a Redis of its own. */
async function begin(t: TestContext, words: readonly string[] = []): Promise<Story> {
  const ends: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const server = await startRedis(words);
  ends.push(() => server.stop());
  const admin = new Redis(server.url);
  admin.on("error", () => {});
  ends.push(() => admin.disconnect());
  const node = await startRedisNode(server.url);
  ends.push(() => node.presence.close());
  const observer = await Observer.of(node, KEY);
  await node.presence.addBot(KEY, "ann", {});
  return { admin, node, observer };
}

function aWrite(): RoomWrite {
  const put = { op: "put", connectionId: "c", userId: "zoe", meta: {}, status: "active", isLingering: false } as const;
  return { incarnation: "other.1", sequence: 1, nonce: "n", operations: [put] };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof ConviveError ? error.code : String(error);
}

interface Refusal {
  readonly what: string;
  readonly code: ErrorCode;
  readonly words?: readonly string[];
  begin(admin: Redis): Promise<unknown>;
  end(admin: Redis): Promise<unknown>;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: "has no memory left",
    code: "REDIS_FULL",
    begin: (admin) => admin.config("SET", "maxmemory", "1"),
    end: (admin) => admin.config("SET", "maxmemory", "0"),
  },
  {
    what: "has become a replica",
    code: "REDIS_REPLICA",
    begin: (admin) => admin.replicaof("127.0.0.1", 1),
    end: (admin) => admin.replicaof("NO", "ONE"),
  },
  {
    what: "cannot save",
    code: "REDIS_UNSAVED",
    begin: async (admin) => {
      await admin.config("SET", "save", "3600 1");
      const [, folder] = (await admin.config("GET", "dir")) as string[];
      rmSync(folder!, { recursive: true });
      await admin.bgsave();
      await until(async () => (await admin.info("persistence")).includes("rdb_last_bgsave_status:err"));
    },
    end: (admin) => admin.config("SET", "stop-writes-on-bgsave-error", "no"),
  },
  {
    what: "runs a script that does not end",
    code: "REDIS_BUSY",
    begin: async (admin) => {
      await admin.config("SET", "lua-time-limit", "50");
      const other = admin.duplicate();
      other.eval("while true do end", 0).catch(() => other.disconnect());
      await until(async () => /BUSY/.test(String(await admin.ping().catch((error: unknown) => error))));
    },
    end: (admin) => admin.script("KILL"),
  },
  {
    what: "loads its data",
    code: "REDIS_BUSY",
    words: [
      "--rdbcompression",
      "no",
      ...sinceRedis(7, "--enable-debug-command", "local", "--loading-process-events-interval-bytes", "1024"),
    ],
    begin: async (admin) => {
      await admin.call("DEBUG", "POPULATE", "3000", "key", "10000");
      await admin.config("SET", "key-load-delay", "1000");
      const other = admin.duplicate();
      void other
        .call("DEBUG", "RELOAD")
        .catch(() => {})
        .finally(() => other.disconnect());
      await until(async () => /LOADING/.test(String(await admin.get("x").catch((error: unknown) => error))));
    },
    end: async () => {},
  },
  {
    what: "forbids scripts from now on",
    code: "REDIS_FORBIDDEN",
    begin: (admin) => admin.call("ACL", ["SETUSER", "default", "-@scripting"]),
    end: (admin) => admin.call("ACL", ["SETUSER", "default", "+@scripting"]),
  },
  {
    what: "holds in a key of the nodes what is not ours",
    code: "REDIS_VALUE_FOREIGN",
    begin: (admin) => admin.multi().del(keys.registry("leases")).set(keys.registry("leases"), "mine").exec(),
    end: (admin) => admin.del(keys.registry("leases")),
  },
];

for (const { what, code, words, ...refusal } of REFUSALS) {
  test(`while Redis ${what}, the node goes on alone and says so; then everybody is there again`, async (t) => {
    const { admin, node, observer } = await begin(t, words);
    await refusal.begin(admin);
    await until(
      () => node.node.trouble === code,
      () => node.node.trouble,
    );
    await node.presence.addBot(KEY, "bob", {});
    assert.deepEqual(observer.list, ["ann", "bob"]);
    await refusal.end(admin);
    await until(() => node.node.trouble === null);
    await until(async () => (await node.backend.count(ROOM).catch(() => 0)) === 2);
    assert.deepEqual([observer.told, observer.faults], [["+ann", "+bob"], []]);
  });
}

test("a write that finds no memory, or a replica, has written nothing", async (t) => {
  const { admin, node } = await begin(t);
  for (const { code, begin: refuse, end } of REFUSALS.slice(0, 2)) {
    const before = await contents(admin);
    await refuse(admin);
    assert.equal(await codeOf(node.backend.apply("fresh", aWrite())), code);
    assert.match(await codeOf(node.backend.sweep(ROOM, node.node.incarnation, "n")), /^REDIS_/);
    assert.deepEqual(await contents(admin), before);
    await end(admin);
  }
});

/** Which keys there are, and the room as it stands. */
async function contents(admin: Redis): Promise<unknown> {
  const [connections = "", users = ""] = keys.summary(ROOM);
  return [(await admin.keys("*")).toSorted(), await admin.hgetall(connections), await admin.hgetall(users)];
}

test("a connection to what became a replica is made anew, since its name may lead to the master by now", async (t) => {
  const [old, young] = [await startRedis(), await startRedis()];
  t.after(() => Promise.all([old.stop(), young.stop()]));
  const proxy = await FaultProxy.start(old.port);
  t.after(() => proxy.stop());
  const node = await startRedisNode(proxy.url);
  t.after(() => node.presence.close());
  await node.presence.addBot(KEY, "ann", {});
  const admin = new Redis(old.url);
  t.after(() => admin.disconnect());
  proxy.retarget(young.port);
  await admin.replicaof("127.0.0.1", young.port);
  const other = new Redis(young.url);
  t.after(() => other.disconnect());
  await until(async () => (await other.hlen(keys.users(ROOM))) === 1);
});

for (const [at, part] of ["connections", "users", "owners"].entries()) {
  test(`a room whose ${part} are somebody else's is degraded alone, and whole again without its keys`, (t) =>
    foreignKey(t, keys.summary(ROOM)[at]!));
}

async function foreignKey(t: TestContext, key: string): Promise<void> {
  const { admin, node, observer } = await begin(t);
  await admin.multi().del(key).set(key, "mine").exec();
  assert.equal(await codeOf(node.backend.apply(ROOM, aWrite())), "REDIS_VALUE_FOREIGN");
  await node.presence.addBot(KEY, "bob", {});
  await node.presence.addBot("doc:2", "cyd", {});
  assert.equal(await node.backend.count("doc%3A2"), 1);
  assert.deepEqual(observer.list, ["ann", "bob"]);
  assert.equal(node.node.trouble, null);
  await admin.del(keys.ofRoom(ROOM).map((each) => each.key));
  await until(async () => (await node.backend.count(ROOM)) === 2);
  await until(async () => (await node.backend.snapshot(ROOM)).connections.length === 2);
  assert.deepEqual([observer.told, observer.faults], [["+ann", "+bob"], []]);
}

test("what a newer node adds is passed over", async (t) => {
  const { admin, node, observer } = await begin(t);
  const [connections = ""] = keys.summary(ROOM);
  const [id, packed] = Object.entries(await admin.hgetall(connections))[0]!;
  await admin.hset(connections, id, `${packed}\tmore\tand more`);
  const [record] = (await node.backend.snapshot(ROOM)).connections;
  assert.deepEqual([record?.userId, record?.meta], ["ann", {}]);
  const channel = keys.channel(ROOM);
  const text = JSON.stringify({ sender: "newer", number: 1, message: { kind: "sound", from: "zoe" }, extra: 1 });
  for (const sent of [`t${text}`, "tgarbage", "egarbage", "e[]", "jgarbage", "z?", ""])
    await admin.publish(channel, sent);
  await admin.publish(keys.channel(NODES_ROOM), "tgarbage");
  await admin.zadd(keys.registry("orders"), Date.now() * 1_000, `${9e15}\tgarbage`);
  await admin.hset(keys.registry("clock"), "later", "1");
  await node.presence.addBot(KEY, "bob", {});
  await until(() => observer.list.length === 2);
  await until(async () => (await node.backend.count(ROOM)) === 2);
  assert.equal(node.node.trouble, null);
  assert.deepEqual([observer.told, observer.faults], [["+ann", "+bob"], []]);
});

test("a room that cannot be read is named", async (t) => {
  const { admin, node } = await begin(t);
  const strange = ["a\tb\tc\td\te\tf\tg\tno json", "", "a\tb\t0\tactive\t0\tnoon\t1\t{}"];
  for (const time of ["", " ", "0x10", "1 ", "NaN", "Infinity"]) strange.push(`a\tb\t0\tactive\t0\t${time}\t1\t{}`);
  for (const meta of ["null", "7", '"text"', "[]", ""]) strange.push(`a\tb\t0\tactive\t0\t1\t1\t${meta}`);
  for (const packed of strange) {
    await admin.hset(keys.summary("strange")[0]!, "c", packed);
    assert.equal(await codeOf(node.backend.snapshot("strange")), "REDIS_VALUE_FOREIGN", packed);
  }
});

test("keys that another version has laid out in another way are left alone", async (t) => {
  const { admin, node, observer } = await begin(t);
  const clock = keys.registry("clock");
  const layout = await admin.hget(clock, "layout");
  assert.equal(layout, "1/32");
  await admin.hset(clock, "layout", "1/64");
  await until(() => node.node.trouble === "REDIS_LAYOUT_OTHER");
  const place = `redis://127.0.0.1:${admin.options.port}`;
  const link = new RedisLink({ place, deadlineMs: 10_000, clock: systemClock, logger: silentLogger });
  t.after(() => link.close());
  assert.equal(await codeOf(new RedisPresenceBackend(link).opened), "REDIS_LAYOUT_OTHER");
  await admin.hset(clock, "layout", layout);
  await until(() => node.node.trouble === null);
  assert.deepEqual(observer.told, ["+ann"]);
});
