import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { FaultProxy } from "./fault-proxy.js";
import { PresenceProcess, type PresenceStart } from "./presence-process.js";
import { freePort, startRedis } from "./redis-server.js";
import { until } from "./until.js";

const KEY = "doc:1";

/** What a test started, ended in the reverse order: nodes say goodbye while their Redis is there. */
function begin(t: TestContext) {
  const ends: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const start = async (options: PresenceStart) => {
    const started = await PresenceProcess.start(options);
    ends.push(() => started.stop().finally(() => started.kill()));
    return started;
  };
  const redis = async () => {
    const server = await startRedis();
    ends.push(() => server.stop());
    return server;
  };
  return { start, redis, ends };
}

const changesOf = ({ told }: PresenceProcess) => told.map(({ change }) => change);
const idsIn = async (node: PresenceProcess) => (await node.ask("list", KEY)).map(({ id }) => id).toSorted();

test("a node's process does what it is told and tells what it hears", async (t) => {
  const { start, redis } = begin(t);
  const { url } = await redis();
  const [one, two] = await Promise.all([start({ url }), start({ url })]);
  assert.deepEqual(await two.ask("observe", KEY), []);
  const ann = await one.ask("join", KEY, "ann", { name: "Ann" });
  await until(() => changesOf(two).length === 1);
  assert.deepEqual(await one.ask("observe", KEY), ["ann"]);
  await one.ask("update", ann, { name: "Anna" });
  await until(() => changesOf(two).length === 2);
  assert.deepEqual(await two.ask("list", KEY), [{ id: "ann", connections: 1, meta: { name: "Anna" } }]);
  await one.ask("drop", ann, 600_000);
  await until(async () => (await two.ask("list", KEY))[0]?.connections === 0);
  await one.ask("resume", ann);
  await until(async () => (await two.ask("list", KEY))[0]?.connections === 1);
  assert.deepEqual([await two.ask("count", KEY), await two.ask("stored", KEY)], [1, 1]);
  await one.ask("leave", ann);
  await until(() => changesOf(two).length === 3);
  assert.deepEqual(changesOf(two), ["+ann", "~ann", "-ann left"]);
  assert.ok(two.told.every(({ at, key }, i) => key === KEY && at >= (two.told[i - 1]?.at ?? 0)));
  await one.ask("end", ann);
  const { rooms, visits, heapBytes, resources } = await one.ask("stats");
  assert.deepEqual([rooms, visits, heapBytes > 0, resources["TCPSocketWrap"]], [1, 0, true, 2]);
});

test("a socket that ended and came back too late enters anew", async (t) => {
  const { start, redis } = begin(t);
  const { url } = await redis();
  const one = await start({ url });
  await one.ask("observe", KEY);
  const ann = await one.ask("join", KEY, "ann");
  await one.ask("drop", ann, 1);
  await until(() => changesOf(one).length === 2);
  await one.ask("resume", ann);
  assert.deepEqual(await idsIn(one), ["ann"]);
  await until(() => changesOf(one).length === 3);
  assert.deepEqual(changesOf(one), ["+ann", "-ann closed", "+ann"]);
});

test("a process can be stopped and go on, cut off and healed, and killed", async (t) => {
  const { start, redis, ends } = begin(t);
  const { url, port } = await redis();
  const proxy = await FaultProxy.start(port);
  ends.push(() => proxy.stop());
  const limits = { redisCommandMs: 300 };
  const [one, two] = await Promise.all([start({ url, limits }), start({ url: proxy.url, limits })]);
  await Promise.all([one.ask("observe", KEY), two.ask("observe", KEY)]);
  two.pause();
  const waiting = two.ask("join", KEY, "bob");
  await one.ask("join", KEY, "ann");
  assert.deepEqual(changesOf(two), []);
  two.goOn();
  await waiting;
  await until(async () => (await idsIn(one)).length === 2);
  proxy.blackhole();
  await until(async () => (await two.ask("state")).isDegraded);
  const cyd = await two.ask("join", KEY, "cyd");
  assert.deepEqual(await idsIn(two), ["ann", "bob", "cyd"]);
  assert.deepEqual(await idsIn(one), ["ann", "bob"]);
  proxy.forward();
  await until(async () => (await idsIn(one)).length === 3);
  await two.ask("leave", cyd);
  await two.kill();
  assert.equal(two.isRunning, false);
  await assert.rejects(two.ask("list", KEY), /has ended/);
  await until(() => changesOf(one).includes("-bob node"));
});

test("what goes wrong in a process is kept, and stopping it throws it", async (t) => {
  const { redis, ends } = begin(t);
  const { url } = await redis();
  const [one, two] = await Promise.all([PresenceProcess.start({ url }), PresenceProcess.start({ url })]);
  ends.push(() => Promise.all([one.kill(), two.kill()]));
  await assert.rejects(one.ask("update", "nobody", {}), /there is no connection nobody/);
  assert.deepEqual(one.failures, []);
  await one.ask("reject", "nobody handles this");
  await until(() => one.failures.length === 1);
  await assert.rejects(one.stop(), /nobody handles this/);
  process.kill(two.pid, "SIGTERM");
  await until(() => !two.isRunning);
  await assert.rejects(two.stop(), /the process ended with SIGTERM/);
});

test("a process starts while Redis is away, and finds it when it comes", async (t) => {
  const { start, ends } = begin(t);
  const port = await freePort();
  const one = await start({ url: `redis://127.0.0.1:${port}`, limits: { redisRetryMs: 100 } });
  assert.deepEqual(await one.ask("observe", KEY), []);
  await one.ask("join", KEY, "ann");
  assert.deepEqual(await idsIn(one), ["ann"]);
  const server = await startRedis([], port);
  ends.unshift(() => server.stop());
  await until(async () => (await one.ask("stored", KEY).catch(() => 0)) === 1);
  assert.deepEqual(changesOf(one), ["+ann"]);
});

test("a process that cannot start says why", async () => {
  await assert.rejects(PresenceProcess.start({ url: "no url" }), /REDIS_URL_INVALID|no Redis URL/);
});
