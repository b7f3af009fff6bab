// What docs/deploy.md tells people to put on their machines, as far as it can be tried or read without those machines.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Redis } from "ioredis";
import { systemClock } from "../src/clock.js";
import { RedisCache } from "../src/cursor/redis.js";
import { DEFAULT_LIMITS } from "../src/options.js";
import { PresenceManager } from "../src/index.js";
import { RedisPubSub } from "../src/pubsub/redis.js";
import { RedisLink } from "../src/redis/link.js";
import { sinceRedis, startRedis } from "../src/testing/redis-server.js";
import { startRedisCluster } from "../src/testing/redis-topology.js";
import { silentLogger } from "../src/testing/silent-logger.js";
import { walk } from "./test-files.mjs";

const ROOT = join(import.meta.dirname, "..");
const PAGE = readFileSync(join(ROOT, "docs/deploy.md"), "utf8");

/** The text of the file that a fence names in its first line. */
function fileOf(name: string): string {
  const fences = [...PAGE.matchAll(/^```\w+\n([^]*?)^```$/gm)].map(([, text = ""]) => text);
  const found = fences.find((text) => text.startsWith(`# ${name}\n`));
  assert.ok(found, `docs/deploy.md has no ${name}`);
  return found;
}

const rule = () => /^user convive .*$/m.exec(fileOf("/etc/redis/users.acl"))![0];

const passwordOf = (line: string) => / >(\S+)/.exec(line)![1]!;

/** Commands, keys and channels that users were refused. */
async function refusedOn(admin: Redis): Promise<readonly string[]> {
  return ((await admin.acl("LOG")) as unknown[][]).map((entry) => String(entry[entry.indexOf("object") + 1]));
}

/** Redis as the page says, on a port of its own. */
async function startAsTold(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "convive-deploy-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const acl = join(folder, "users.acl");
  writeFileSync(acl, `${fileOf("/etc/redis/users.acl").replace(/^#.*\n/, "")}user admin on >admin ~* &* +@all\n`);
  const settings = join(folder, "redis.conf");
  writeFileSync(settings, fileOf("/etc/redis/redis.conf").replace("/etc/redis/users.acl", acl));
  const server = await startRedis([settings]);
  t.after(() => server.stop());
  const urlOf = (user: string) => server.url.replace("//", `//${user}@`);
  const admin = new Redis(urlOf("admin:admin"));
  t.after(() => admin.disconnect());
  return { url: urlOf(`convive:${passwordOf(rule())}`), admin };
}

test("with the settings and the rule of the page everything works, and nothing is forbidden", async (t) => {
  const { url, admin } = await startAsTold(t);
  const limits = {
    leaseMs: 1_000,
    nodeTickMs: 50,
    auditMs: 100,
    redisCommandMs: 100,
    redisRetryMs: 50,
    storeClockStepMs: 100,
  };
  const [one, two] = [new PresenceManager({ redis: url, limits }), new PresenceManager({ redis: url, limits })];
  t.after(() => Promise.all([one.close(), two.close()]));
  const left = new Promise((resolve) => two.on("leave", resolve));
  await one.addBot("room", "ann", { name: "Ann" });
  await two.joinPresence("room", "bob", { name: "Bob" });
  await two.updateHeartbeat("room", "bob");
  assert.equal(await two.presenceCount("room"), 2);
  await two.disconnectUser("ann");
  await left;
  await one.leavePresence("room", "bob");

  const link = new RedisLink({ place: url, deadlineMs: 5_000, clock: systemClock, logger: silentLogger });
  t.after(() => link.close());
  const cache = new RedisCache(link);
  await cache.set("room", new Map([["a", "1"]]), 1_000);
  assert.equal((await cache.get("room")).get("a"), "1");
  await cache.delete("room", ["a"]);
  const topics = new RedisPubSub({ link, clock: systemClock, logger: silentLogger });
  const heard = new Promise((resolve) => topics.subscribe("news", resolve));
  const telling = setInterval(() => void topics.publish("news", "hello"), 20);
  assert.equal(await heard, "hello");
  clearInterval(telling);
  assert.deepEqual(await refusedOn(admin), []);
});

test("on a Cluster the rule does with what the page adds", async (t) => {
  const cluster = await startRedisCluster();
  t.after(() => cluster.stop());
  const added = /\*\*Cluster\.\*\* The rule and `([^`]+)`/.exec(PAGE)![1]!;
  const admins = cluster.servers.map(({ host, port }) => new Redis(port, host));
  t.after(() => admins.forEach((admin) => admin.disconnect()));
  const [, ...words] = rule().split(" ");
  for (const admin of admins) await admin.call("ACL", "SETUSER", ...words, ...added.split(" "));
  const login = { username: "convive", password: passwordOf(rule()) };
  const presence = new PresenceManager({ redis: { cluster: cluster.servers, ...login } });
  t.after(() => presence.close());
  await presence.addBot("room", "ann", {});
  assert.equal(await presence.presenceCount("room"), 1);
  // What ioredis tells of itself there, where the server knows that word.
  const library = ["client", ...sinceRedis(7, "setinfo")].join("|");
  for (const admin of admins) {
    const refused = await refusedOn(admin);
    assert.deepEqual(
      refused.filter((name) => name !== library),
      [],
    );
  }
});

test("the rule allows every command that is used, and none besides, on keys and channels of the app only", async (t) => {
  const isOfCommandLine = (file: string) => /^src\/cli\/|\/redis-(inspect|rights)\.lua$/.test(file);
  const sources = walk(ROOT, "src").filter((file) => !isOfCommandLine(file) && !/\.test\.ts$|^src\/testing/.test(file));
  const used = new Set(["info", "eval", "evalsha", "subscribe", "unsubscribe"]);
  for (const file of sources.filter((each) => /\.(lua|ts)$/.test(each))) {
    const pattern = file.endsWith(".lua") ? /\bcall\("([A-Z]+)"/g : /\blink\.call\(\s*"([A-Z]+)"/g;
    for (const [, name = ""] of readFileSync(join(ROOT, file), "utf8").matchAll(pattern)) used.add(name.toLowerCase());
  }
  const allowed = [...rule().matchAll(/ \+(\S+)/g)].map(([, name]) => name!);
  assert.deepEqual(allowed.toSorted(), [...used].toSorted(), "docs/deploy.md: the rule for Redis users");

  const { url } = await startAsTold(t);
  const user = new Redis(url);
  t.after(() => user.disconnect());
  for (const words of [
    ["GET", "other"],
    ["GET", "convive:other"],
    ["PUBLISH", "other", "x"],
    ["FLUSHALL"],
    ["KEYS", "*"],
    ["CONFIG", "GET", "*"],
  ]) {
    await assert.rejects(user.call(words[0]!, ...words.slice(1)), /NOPERM/, words.join(" "));
  }
});

interface Directive {
  readonly words: readonly string[];
  readonly block: readonly Directive[] | null;
}

/** nginx's grammar: words that end with a semicolon or a block. */
function readNginx(text: string): Directive[] {
  const tokens = [...text.replace(/#.*$/gm, "").matchAll(/"[^"]*"|[{};]|[^\s{};]+/g)].map(([token]) => token);
  const read = (): Directive[] => {
    const found: Directive[] = [];
    let words: string[] = [];
    for (let token = tokens.shift(); token !== undefined && token !== "}"; token = tokens.shift()) {
      if (token === ";" || token === "{") {
        assert.ok(words.length > 0, `nothing stands before ${token}`);
        found.push({ words, block: token === "{" ? read() : null });
        words = [];
      } else words.push(token);
    }
    assert.deepEqual(words, [], "a directive has no end");
    return found;
  };
  const all = read();
  assert.deepEqual(tokens, [], "a brace too many");
  return all;
}

test("nginx passes upgrades on, sets what is believed, and waits longer than the server's ping", () => {
  const all = readNginx(fileOf("/etc/nginx/conf.d/app.conf"));
  const blockOf = (directives: readonly Directive[], ...name: string[]) =>
    directives.find(({ words }) => words.join(" ") === name.join(" "))?.block ?? assert.fail(name.join(" "));
  blockOf(all, "map", "$http_upgrade", "$connection_upgrade");
  assert.ok(blockOf(all, "upstream", "app").filter(({ words }) => words[0] === "server").length >= 2);
  const location = blockOf(blockOf(all, "server"), "location", "/").map(({ words }) => words.join(" "));
  for (const line of [
    "proxy_pass http://app",
    "proxy_http_version 1.1",
    "proxy_set_header Upgrade $http_upgrade",
    "proxy_set_header Connection $connection_upgrade",
    "proxy_set_header X-Forwarded-Host $http_host",
    "proxy_set_header X-Forwarded-Proto $scheme",
    "proxy_set_header X-Forwarded-For $remote_addr",
    "proxy_next_upstream error timeout http_503",
  ])
    assert.ok(location.includes(line), line);
  for (const side of ["read", "send"]) {
    const seconds = Number(new RegExp(`proxy_${side}_timeout (\\d+)s`).exec(location.join("\n"))?.[1]);
    assert.ok(seconds * 1_000 > DEFAULT_LIMITS.pingMs + DEFAULT_LIMITS.pongDeadlineMs, `proxy_${side}_timeout`);
  }
});

test("systemd and Docker end a node with SIGTERM, and give it longer than it drains", () => {
  const drainMs = Number(/drainMs: ([\d_]+)/.exec(PAGE)![1]!.replaceAll("_", ""));
  const unit = fileOf("/etc/systemd/system/app@.service");
  let section = "";
  const settings = new Map<string, string>();
  for (const line of unit.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (name) section = name;
    else {
      const [, key, value] = /^(\w+)=(.+)$/.exec(line) ?? assert.fail(line);
      settings.set(`${section}.${key}`, value!);
    }
  }
  assert.equal(settings.get("Service.KillSignal"), "SIGTERM");
  assert.ok(Number(settings.get("Service.TimeoutStopSec")) * 1_000 > drainMs + 2_000);
  assert.ok(settings.get("Install.WantedBy"));

  const dockerfile = fileOf("Dockerfile")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"));
  for (const line of dockerfile)
    assert.match(line, /^(FROM|WORKDIR|ENV|COPY|RUN|USER|EXPOSE|HEALTHCHECK|STOPSIGNAL|CMD) \S/);
  assert.ok(dockerfile.includes("STOPSIGNAL SIGTERM"));
  const command = dockerfile.find((line) => line.startsWith("CMD "))!;
  assert.deepEqual(JSON.parse(command.slice(4)), ["node", "server.js"]);
  assert.ok(JSON.parse(/ CMD (\[.*\])$/.exec(dockerfile.find((line) => line.startsWith("HEALTHCHECK"))!)![1]!));

  const compose = fileOf("compose.yaml");
  for (const line of compose.trimEnd().split("\n").slice(1))
    assert.match(line, /^(?: {2})*(?:- \S.*|[\w-]+:(?: \S.*)?|\[.*\])$/);
  assert.ok(Number(/stop_grace_period: (\d+)s/.exec(compose)![1]) * 1_000 > drainMs + 2_000);
  assert.match(compose, /SECRET: \$\{SECRET:\?/);
});
