import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startRedis } from "../testing/redis-server.js";
import { startRedisNode, type RedisNode } from "../testing/redis-node.js";
import { until } from "../testing/until.js";

const KEY = "doc:1";
const NODE_PROCESS = join(import.meta.dirname, "../testing/redis-node-process.ts");
type Ending = (end: () => unknown) => void;

/** What a test started, ended in the reverse order: nodes say goodbye while their Redis is there. */
function endingOf(t: TestContext): Ending {
  const ends: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  return (end) => ends.push(end);
}

async function startNode(ending: Ending, url: string): Promise<RedisNode> {
  const started = await startRedisNode(url);
  ending(() => started.presence.close());
  return started;
}

/** Another process, with this user in the room. */
async function startProcess(ending: Ending, url: string, userId: string): Promise<ChildProcess> {
  const words = ["--import", "tsx", NODE_PROCESS, url, KEY, userId];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  ending(() => child.kill("SIGKILL"));
  await once(child.stdout!, "data");
  return child;
}

/** What a node tells of the room, and who is in it. */
async function watch({ node }: RedisNode): Promise<{ told: string[]; list: () => string[] }> {
  const { room } = await node.host("", KEY);
  const told: string[] = [];
  room.watch({
    changed: ({ joins, leaves, reasons }) => {
      for (const { id } of joins) told.push(`+${id}`);
      for (const { id } of leaves) told.push(`-${id} ${reasons.get(id)}`);
    },
  });
  return { told, list: () => room.everybody.map(({ id }) => id).toSorted() };
}

test("who is in a room by another process is seen here, and leaves once when that process is killed", async (t) => {
  const ending = endingOf(t);
  const server = await startRedis();
  ending(() => server.stop());
  const here = await startNode(ending, server.url);
  const { told, list } = await watch(here);
  await here.presence.addBot(KEY, "ann", {});
  const other = await startProcess(ending, server.url, "bob");
  await until(() => list().length === 2);
  assert.deepEqual(told, ["+ann", "+bob"]);
  other.kill("SIGKILL");
  await until(() => list().length === 1);
  assert.deepEqual(told, ["+ann", "+bob", "-bob node"]);
  assert.equal(await here.backend.count("doc%3A1"), 1);
});

test("a process that was stopped for longer than its lease comes back with whom it carries", async (t) => {
  const ending = endingOf(t);
  const server = await startRedis();
  ending(() => server.stop());
  const here = await startNode(ending, server.url);
  const { told, list } = await watch(here);
  await here.presence.addBot(KEY, "ann", {});
  const other = await startProcess(ending, server.url, "bob");
  await until(() => list().length === 2);
  other.kill("SIGSTOP");
  await until(() => list().length === 1);
  other.kill("SIGCONT");
  await until(() => list().length === 2);
  assert.deepEqual(told, ["+ann", "+bob", "-bob node", "+bob"]);
});

test("a Redis that comes back empty tells nobody anything, and is filled again", async (t) => {
  const ending = endingOf(t);
  const first = await startRedis();
  ending(() => first.stop());
  const [one, two] = [await startNode(ending, first.url), await startNode(ending, first.url)];
  const [seen, alsoSeen] = [await watch(one), await watch(two)];
  await one.presence.addBot(KEY, "ann", {});
  await two.presence.addBot(KEY, "bob", {});
  await until(() => seen.list().length === 2 && alsoSeen.list().length === 2);
  await first.stop();
  await until(() => one.node.isDegraded && two.node.isDegraded);
  const second = await startRedis([], first.port);
  t.after(() => second.stop());
  await until(async () => (await one.backend.count("doc%3A1").catch(() => 0)) === 2);
  await one.presence.addBot(KEY, "cyd", {});
  await until(() => seen.list().length === 3 && alsoSeen.list().length === 3);
  for (const { told } of [seen, alsoSeen]) assert.deepEqual(told, ["+ann", "+bob", "+cyd"]);
});
