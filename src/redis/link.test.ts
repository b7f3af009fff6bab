import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { after, before, test, type TestContext } from "node:test";
import { inspect } from "node:util";
import { Redis } from "ioredis";
import { systemClock } from "../clock.js";
import { ConviveError, type ErrorCode } from "../errors.js";
import { freePort, startRedis, type RedisServerProcess } from "../testing/redis-server.js";
import { silentLogger } from "../testing/silent-logger.js";
import type { RedisPlace } from "./clients.js";
import { checkServer, redisFailure } from "./failure.js";
import { RedisLink } from "./link.js";
import { loadScripts } from "../presence/redis-script.js";
import { RedisPresenceBackend } from "../presence/redis.js";

/** Far above what a loaded machine takes, where a case is not about the deadline. */
const PATIENT_MS = 10_000;

let server: RedisServerProcess;
before(async () => {
  server = await startRedis();
});
after(() => server.stop());

function linkTo(t: TestContext, place: RedisPlace, deadlineMs = PATIENT_MS): RedisLink {
  const link = new RedisLink({ place, deadlineMs, clock: systemClock, logger: silentLogger });
  t.after(() => link.close());
  return link;
}

/** A client beside ours, to set the stage. */
function adminOf(t: TestContext, { url }: RedisServerProcess): Redis {
  const admin = new Redis(url);
  t.after(() => admin.disconnect());
  return admin;
}

async function ownServer(t: TestContext, words: readonly string[] = []): Promise<RedisServerProcess> {
  const own = await startRedis(words);
  t.after(() => own.stop());
  return own;
}

function coded(code: ErrorCode, pattern = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ConviveError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    return true;
  };
}

/** Asks until it is so; the test's own deadline ends what never is. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENT_MS * 2;
  while (!(await isSo().catch(() => false))) {
    assert.ok(Date.now() < deadline, "it did not come to be so in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("what is no Redis URL is refused, and not shown, since it may hold a password", (t) => {
  for (const place of ["", "localhost:6379", "http://ann:secret@localhost", "redis://", "not a url secret"]) {
    assert.throws(
      () => linkTo(t, place),
      (error) => coded("REDIS_URL_INVALID")(error) && !String(error).includes("secret"),
    );
  }
});

test("where nobody listens, opening fails with the place, without user and password", async (t) => {
  const nobody = createServer().listen(0, "127.0.0.1");
  await once(nobody, "listening");
  const { port } = nobody.address() as AddressInfo;
  nobody.close();
  await once(nobody, "close");
  const link = linkTo(t, `redis://ann:secret@127.0.0.1:${port}`);
  await assert.rejects(link.opened, (error) => {
    assert.ok(!String(error).includes("secret"));
    return coded("REDIS_UNAVAILABLE", new RegExp(`127\\.0\\.0\\.1:${port}`))(error);
  });
  await assert.rejects(link.call("PING"), coded("REDIS_UNAVAILABLE"));
});

test("a wrong password is told apart from a server that is away", async (t) => {
  const guarded = await ownServer(t, ["--requirepass", "right"]);
  const at = (login: string) => `redis://${login}127.0.0.1:${guarded.port}`;
  await assert.rejects(linkTo(t, at(":wrong@")).opened, coded("REDIS_LOGIN_REFUSED", /WRONGPASS .*[^.]\. Check user/));
  await assert.rejects(linkTo(t, at("")).opened, coded("REDIS_LOGIN_REFUSED", /NOAUTH .*[^.]\. Check user/));
  await linkTo(t, at(":right@")).opened;
});

test("an error tells what was refused, and holds nothing of what was sent", async (t) => {
  const own = await ownServer(t, ["--requirepass", "right"]);
  const refused = await linkTo(t, `redis://:hunter2@127.0.0.1:${own.port}`).opened.catch((error: unknown) => error);
  assert.match(inspect(refused, { depth: null }), /WRONGPASS/);
  assert.doesNotMatch(inspect(refused, { depth: null }), /hunter2/);
  const link = linkTo(t, `redis://:right@127.0.0.1:${own.port}`);
  await link.call("SET", "text", "");
  const failed = await link.call("HSET", "text", "field", "a meta").catch((error: unknown) => error);
  assert.match(inspect(failed, { depth: null }), /WRONGTYPE/);
  assert.doesNotMatch(inspect(failed, { depth: null }), /a meta/);
});

test("a user who may not run scripts, or not hear our channels, is told so before the first visitor comes", async (t) => {
  const own = await ownServer(t);
  const admin = adminOf(t, own);
  const rules = {
    scriptless: ["-eval", "-evalsha", "&*", "~*"],
    deaf: ["resetchannels", "~*"],
    keyless: ["&*", "~other*"],
  };
  for (const [name, rule] of Object.entries(rules)) {
    await admin.call("ACL", ["SETUSER", name, "on", ">pw", "+@all", ...rule]);
    const backend = new RedisPresenceBackend(linkTo(t, `redis://${name}:pw@127.0.0.1:${own.port}`));
    await assert.rejects(backend.opened, coded("REDIS_FORBIDDEN", /NOPERM/), name);
  }
});

test("what a user may not do inside a script is said to be forbidden, not that Redis is away", async (t) => {
  const own = await ownServer(t);
  const admin = adminOf(t, own);
  await admin.call("ACL", "SETUSER", "ann", "on", ">pw", "~ours*", "resetchannels", "&ours*", "+@all", "-zadd");
  const link = linkTo(t, `redis://ann:pw@127.0.0.1:${own.port}`);
  for (const call of ['"ZADD", "ours", 1, "a"', '"GET", "other"', '"PUBLISH", "other", "a"']) {
    await assert.rejects(link.call("EVAL", `return redis.call(${call})`, 0), coded("REDIS_FORBIDDEN"), call);
  }
});

test("in the words of every version, it is forbidden", () => {
  const said = [
    // 6.2
    "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: The user executing the script can't run this command or subcommand",
    "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: The user executing the script is lacking the permissions for the command",
    // 7.0
    "ERR The user executing the script can't publish to the channel mentioned in the command script: 1, on @user_script:1.",
    "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments script: 1, on @user_script:1.",
    // 7.4, 8, and Valkey 8
    "ERR ACL failure in script: User ann has no permissions to run the 'zadd' command script: 1, on @user_script:1.",
    "ERR ACL failure in script: No permissions to access a key script: 1, on @user_script:1.",
    "NOPERM No permissions to access a channel",
  ];
  for (const message of said) assert.equal(redisFailure(new Error(message), "here").code, "REDIS_FORBIDDEN", message);
});

test("to connect asks nothing that a server refuses, of whatever version", async (t) => {
  const own = await ownServer(t);
  const admin = new Redis(own.url, { disableClientInfo: true });
  t.after(() => admin.disconnect());
  await linkTo(t, own.url).opened;
  assert.doesNotMatch(await admin.info("errorstats"), /errorstat_/);
});

test("a server that may drop our keys is refused", async (t) => {
  const own = await ownServer(t, ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
  await assert.rejects(linkTo(t, own.url).opened, coded("REDIS_EVICTS", /allkeys-lru/));
});

test("a server older than 6.2 is refused, and one that says nothing of its version", () => {
  const check = (version: string) => checkServer(`# Server\r\nredis_version:${version}\r\n`, "here");
  for (const version of ["5.0.14", "6.0.20", ""]) assert.throws(() => check(version), coded("REDIS_TOO_OLD"));
  for (const version of ["6.2.0", "7.0.15", "10.1.0"]) check(version);
});

test("a key of ours that holds something else is named as such, and nothing is half written", async (t) => {
  const own = await ownServer(t);
  const admin = adminOf(t, own);
  const backend = new RedisPresenceBackend(linkTo(t, own.url));
  const put = { op: "put", connectionId: "c", userId: "ann", meta: {}, status: "active", isLingering: false } as const;
  const write = { incarnation: "n.1", sequence: 1, nonce: "a", operations: [put] };
  await backend.apply("room", write);
  const keys = await admin.keys("*");
  assert.ok(keys.length > 4);
  for (const key of keys) {
    await admin.flushall();
    await admin.set(key, "ours?");
    if (key.endsWith("}:head:room")) continue;
    await assert.rejects(backend.apply("room", write), coded("REDIS_VALUE_FOREIGN"), key);
    assert.deepEqual(await admin.keys("*"), [key]);
  }
});

test("a script that Redis has forgotten is sent again", async (t) => {
  const admin = adminOf(t, server);
  const backend = new RedisPresenceBackend(linkTo(t, server.url));
  await backend.snapshot("room");
  await admin.script("FLUSH");
  assert.equal((await backend.snapshot("room")).head, "");
});

test("a server that hangs is waited for until the deadline and no longer, and is found again", async (t) => {
  const own = await ownServer(t);
  const link = linkTo(t, own.url, 1_000);
  await link.call("PING");
  own.process.kill("SIGSTOP");
  try {
    await assert.rejects(link.call("SET", "late", "1"), coded("REDIS_UNAVAILABLE"));
  } finally {
    own.process.kill("SIGCONT");
  }
  await until(async () => (await link.call("PING")) === "PONG");
});

test("of many commands so many are under way at once, and when Redis hangs nobody waits for a turn", async (t) => {
  const own = await ownServer(t);
  const link = linkTo(t, own.url, 1_000);
  await link.call("PING");
  own.process.kill("SIGSTOP");
  try {
    const calls = Array.from({ length: 500 }, () => link.call("INCR", "counter"));
    for (const { status } of await Promise.allSettled(calls)) assert.equal(status, "rejected");
  } finally {
    own.process.kill("SIGCONT");
  }
  const admin = adminOf(t, own);
  assert.ok(Number(await admin.get("counter")) <= 128);
});

test("an answer that came while this process was busy is no late one", async (t) => {
  const own = await ownServer(t);
  const deadlineMs = 1_000;
  const link = linkTo(t, own.url, deadlineMs);
  await link.call("PING");
  const answer = link.call("SET", "key", "value");
  // It has left this process, and nothing was read yet.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  const startedAt = performance.now();
  // Nothing else runs here until the answer is there, unread, and the deadline has passed.
  while (performance.now() <= startedAt + deadlineMs || !isAnswered(own.port)) {
    assert.ok(performance.now() <= startedAt + PATIENT_MS, "the server has not heard of it");
  }
  assert.equal(await answer, "OK");
});

function isAnswered(port: number): boolean {
  return execFileSync("redis-cli", ["-p", String(port), "GET", "key"], { encoding: "utf8" }).includes("value");
}

test("a server that was restarted is found again, with scripts and subscriptions", async (t) => {
  const first = await startRedis();
  const link = linkTo(t, first.url, 2_000);
  const heard: string[] = [];
  await link.subscribe("channel", (text) => heard.push(text));
  await first.stop();
  await assert.rejects(link.call("PING"), coded("REDIS_UNAVAILABLE"));
  const second = await startRedis([], first.port);
  t.after(() => second.stop());
  const { publish } = loadScripts();
  await until(async () => Number(await link.run(publish, ["key"], ["channel", "again"])) > 0);
  await until(async () => heard.includes("tagain"));
});

test("a server that was away when the process began is found as soon as it is there", async (t) => {
  const port = await freePort();
  const link = linkTo(t, `redis://127.0.0.1:${port}`, 2_000);
  let returns = 0;
  link.onReturn(() => (returns += 1));
  await assert.rejects(link.opened, coded("REDIS_UNAVAILABLE", /ECONNREFUSED/));
  await assert.rejects(link.call("PING"), coded("REDIS_UNAVAILABLE", /ECONNREFUSED/));
  const late = await startRedis([], port);
  t.after(() => late.stop());
  await until(async () => returns === 1);
  assert.equal(await link.call("PING"), "PONG");
});

test("a return is told when what is subscribed is heard again", async (t) => {
  const first = await startRedis();
  const link = linkTo(t, first.url, 2_000);
  const heard: string[] = [];
  await link.subscribe("channel", (text) => heard.push(text));
  const returned = new Promise<void>((resolve) => link.onReturn(resolve));
  await first.stop();
  const second = await startRedis([], first.port);
  t.after(() => second.stop());
  await returned;
  assert.equal(await link.call("PUBLISH", "channel", "again"), 1);
});

test("a server that comes back unfit is not used until it is fit", async (t) => {
  const first = await startRedis();
  const link = linkTo(t, first.url, 2_000);
  await link.call("PING");
  await first.stop();
  const full = await startRedis(["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"], first.port);
  t.after(() => full.stop());
  await until(() => link.call("PING").then(() => false, coded("REDIS_EVICTS")));
  await full.stop();
  const second = await startRedis([], first.port);
  t.after(() => second.stop());
  await until(async () => (await link.call("PING")) === "PONG");
});

test("a server that was put right is found fit by itself, and that is told as a return", async (t) => {
  const full = await ownServer(t, ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
  const times = { deadlineMs: PATIENT_MS, retryMs: 50, clock: systemClock, logger: silentLogger };
  const link = new RedisLink({ place: full.url, ...times });
  t.after(() => link.close());
  let returns = 0;
  link.onReturn(() => (returns += 1));
  await assert.rejects(link.opened, coded("REDIS_EVICTS"));
  await assert.rejects(link.call("PING"), coded("REDIS_EVICTS"));
  await adminOf(t, full).config("SET", "maxmemory-policy", "noeviction");
  await until(async () => (await link.call("PING")) === "PONG");
  assert.equal(returns, 1);
});

test("a wrong password is still the reason while the link goes on trying", async (t) => {
  const guarded = await ownServer(t, ["--requirepass", "right"]);
  const link = linkTo(t, { host: "127.0.0.1", port: guarded.port, password: "wrong" });
  await assert.rejects(link.opened, coded("REDIS_LOGIN_REFUSED", /WRONGPASS/));
  await assert.rejects(link.call("PING"), coded("REDIS_LOGIN_REFUSED", /WRONGPASS/));
  const admin = new Redis(guarded.url, { password: "right" });
  t.after(() => admin.disconnect());
  await admin.config("SET", "requirepass", "wrong");
  await until(async () => (await link.call("PING")) === "PONG");
});

test("a client of the app is followed where it leads, and is left as it is", async (t) => {
  const client = new Redis(server.port, "127.0.0.1", { keyPrefix: "theirs:", lazyConnect: true });
  t.after(() => client.disconnect());
  const link = linkTo(t, client);
  await link.call("SET", "ours", "1");
  assert.equal(client.status, "wait");
  assert.equal(await adminOf(t, server).get("ours"), "1");
  await link.close();
  assert.equal(client.status, "wait");
});

test("what is no place at all is refused", (t) => {
  for (const place of [{}, { host: "" }, { port: 6379 }] as unknown as RedisPlace[]) {
    assert.throws(() => linkTo(t, place), coded("REDIS_URL_INVALID", /sentinels/));
  }
});

test("a listener that throws keeps no other from hearing", async (t) => {
  const link = linkTo(t, server.url);
  const heard: string[] = [];
  await link.subscribe("loud", () => {
    throw new Error("bad listener");
  });
  await link.subscribe("loud", (text) => heard.push(text));
  await link.call("PUBLISH", "loud", "a");
  await until(async () => heard.length === 1);
});

test("a closed link refuses, and closing it twice is harmless", async (t) => {
  const link = linkTo(t, server.url);
  const stop = await link.subscribe("channel", () => {});
  await link.close();
  await link.close();
  stop();
  await assert.rejects(link.call("PING"), coded("REDIS_UNAVAILABLE", /closed/));
});

/** A server of few words, whose connections break while they subscribe for the second to fourth time. */
async function brittleServer(t: TestContext): Promise<{ url: string; broken: () => number; cut: () => void }> {
  const sockets = new Set<Socket>();
  let subscriptions = 0;
  const answer = (command: string): string | null => {
    if (/^info$/i.test(command)) return "$19\r\nredis_version:7.0.0\r\n";
    if (!/^subscribe$/i.test(command)) return "+OK\r\n";
    subscriptions += 1;
    return subscriptions > 1 && subscriptions < 5 ? null : "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n";
  };
  const brittle = createServer((socket) => {
    sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
    socket.on("data", (chunk) => {
      const commands = chunk
        .toString()
        .split(/^\*\d+\r\n\$\d+\r\n/m)
        .slice(1);
      for (const command of commands) {
        const reply = answer(command.split("\r\n")[0]!);
        if (reply === null) return void socket.destroy();
        socket.write(reply);
      }
    });
  }).listen(0, "127.0.0.1");
  await once(brittle, "listening");
  const cut = () => sockets.forEach((socket) => socket.destroy());
  t.after(() => (cut(), brittle.close()));
  const { port } = brittle.address() as AddressInfo;
  return { url: `redis://127.0.0.1:${port}`, broken: () => subscriptions, cut };
}

test("a connection that breaks while it subscribes anew is made anew, and leaves no rejection behind", async (t) => {
  const { url, broken, cut } = await brittleServer(t);
  const link = new RedisLink({
    place: url,
    deadlineMs: PATIENT_MS,
    retryMs: 20,
    clock: systemClock,
    logger: silentLogger,
  });
  t.after(() => link.close());
  await link.opened;
  await link.subscribe("news", () => {});
  let returns = 0;
  link.onReturn(() => (returns += 1));
  cut();
  await until(async () => returns > 0);
  assert.ok(broken() >= 5);
});
