import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { PresenceManager } from "../presence/manager.js";
import { FakeTerminal } from "../testing/fake-terminal.js";
import { startRedisNode } from "../testing/redis-node.js";
import { freePort, startRedis } from "../testing/redis-server.js";
import { COMMANDS } from "./commands.js";
import { readPlace } from "./place.js";
import { run } from "./run.js";

const MAIN = join(import.meta.dirname, "main.ts");

test("what is not understood ends with 2, says what to do, and shows no password", async () => {
  const url = ["--redis", "redis://localhost"];
  const wrong: readonly (readonly string[])[] = [
    [],
    ["wo"],
    ["rooms"],
    ["rooms", "word", ...url],
    ["rooms", "--nonsense", ...url],
    ["rooms", "--tenant"],
    ["rooms", "redis://ann:secret@localhost"],
    ["rooms", "--redis", "http://ann:secret@localhost"],
    ["rooms", "--redis", '{"host":"secret'],
    ["rooms", "--redis", '{"password":"secret"}'],
    ["rooms", ...url, "--cluster", "a:1"],
    ["rooms", "--sentinel", "a:1"],
    ["rooms", "--cluster", "ann:secret@a:1"],
    ["rooms", "--name", "x", ...url],
    ["rooms", "--timeout", "soon", ...url],
    ["who", ...url],
    ["who", "", ...url],
    ["who", "x".repeat(2_000), ...url],
    ["kick", "", ...url],
    ["prune", "everything", ...url],
    ["prune", "presences", "--max-age", "-1", ...url],
    ["prune", "presences", "--max-age", "", ...url],
    ["prune", "presences", "--wait", "--dry-run", ...url],
    ["prune", "rooms", "--wait", ...url],
    ["__proto__"],
    ["constructor", "--json"],
  ];
  for (const words of wrong) {
    const terminal = new FakeTerminal();
    assert.equal(await run(words, terminal), 2, words.join(" "));
    assert.equal(terminal.output, "", words.join(" "));
    assert.doesNotMatch(terminal.errors, /secret|^ +at /m, words.join(" "));
    assert.match(
      terminal.errors,
      words.includes("--json") ? /^\{"error":\{"code":/ : /^convive: .+\n/,
      words.join(" "),
    );
  }
});

test("every command and option is in the help, which ends with 0", async () => {
  const overview = new FakeTerminal();
  assert.equal(await run(["--help"], overview), 0);
  for (const { name, options } of COMMANDS) {
    assert.match(overview.output, new RegExp(`^  ${name} `, "m"));
    const terminal = new FakeTerminal();
    assert.equal(await run([name, "--help"], terminal), 0);
    for (const option of Object.keys(options)) assert.match(terminal.output, new RegExp(`^  --${option}\\b`, "m"));
  }
});

test("a Redis that is not there, or not to be used, ends with 3 and the place, without a login", async (t) => {
  const server = await startRedis(["--requirepass", "right"]);
  t.after(() => server.stop());
  const port = await freePort();
  const places = [`redis://ann:secret@127.0.0.1:${port}`, `redis://:secret@127.0.0.1:${server.port}`];
  for (const place of places) {
    for (const words of [["rooms"], ["who", "doc"], ["watch"], ["stats"], ["kick", "ann"], ["prune", "rooms"]]) {
      const terminal = new FakeTerminal({ REDIS_URL: place });
      assert.equal(await run(words, terminal), 3, words.join(" "));
      assert.match(terminal.errors, /^convive: Redis at 127\.0\.0\.1:\d+ [^]*\[REDIS_(UNAVAILABLE|LOGIN_REFUSED)\]\n$/);
      assert.doesNotMatch(terminal.errors, /secret|ann:/);
    }
  }
});

test("where Redis is can be told in every form", () => {
  const env = { REDIS_URL: "redis://env", REDIS_USERNAME: "ann", REDIS_PASSWORD: "pw" };
  const login = { username: "ann", password: "pw" };
  assert.deepEqual(readPlace({}, env), { place: "redis://env", prefix: "convive" });
  assert.deepEqual(readPlace({ redis: "redis://a", prefix: "app" }, env), { place: "redis://a", prefix: "app" });
  assert.deepEqual(readPlace({ sentinel: ["a", "[::1]:7"], name: "m" }, env).place, {
    sentinels: [
      { host: "a", port: 26_379 },
      { host: "::1", port: 7 },
    ],
    name: "m",
    ...login,
  });
  assert.deepEqual(readPlace({ cluster: ["a:7000"] }, env).place, { cluster: [{ host: "a", port: 7_000 }], ...login });
  const json = '{"sentinels":[{"host":"a","port":1}],"name":"m","prefix":"app"}';
  assert.deepEqual(readPlace({}, { REDIS_URL: json }), {
    place: { sentinels: [{ host: "a", port: 1 }], name: "m" },
    prefix: "app",
  });
});

test("a process ends with 0 when it is interrupted, and when nobody reads on", async (t) => {
  const { url, presence } = await stage(t);
  await presence.addBot("doc:1", "ann", {});
  const [interrupted, unread] = [start(t, url, "watch", "doc:1"), start(t, url, "watch", "doc:1")];
  await Promise.all([interrupted, unread].map(({ child }) => once(child.stdout, "data")));
  interrupted.child.kill("SIGINT");
  unread.child.stdout.destroy();
  let sent = 0;
  const talking = setInterval(() => void presence.addBot("doc:1", `bob${(sent += 1)}`, {}), 20);
  const ends = await Promise.all([interrupted.ended, unread.ended]).finally(() => clearInterval(talking));
  assert.deepEqual(ends, [
    { code: 0, errors: "" },
    { code: 0, errors: "" },
  ]);
});

async function stage(t: TestContext): Promise<{ url: string; presence: PresenceManager }> {
  const { url, stop } = await startRedis();
  const { presence } = await startRedisNode(url);
  t.after(async () => {
    await presence.close();
    await stop();
  });
  return { url, presence };
}

/** A real process. */
function start(t: TestContext, url: string, ...words: string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", MAIN, ...words], {
    env: { ...process.env, REDIS_URL: url, NODE_TEST_CONTEXT: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(child, "exit").then(([code]) => ({ code: code as number | null, errors }));
  return { child, ended };
}
