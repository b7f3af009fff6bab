import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeConnection } from "../testing/fake-connection.js";
import { startRedisNode, type RedisNode } from "../testing/redis-node.js";
import { startRedis } from "../testing/redis-server.js";
import { until } from "../testing/until.js";

const KEY = "lobby";

test("plain servers with one Redis are one: who comes, is named, talks and goes on one is told on the other", async (t) => {
  const server = await startRedis();
  const nodes: RedisNode[] = [];
  t.after(async () => {
    await Promise.all(nodes.map(({ presence }) => presence.close()));
    await server.stop();
  });
  nodes.push(await startRedisNode(server.url), await startRedisNode(server.url));
  const [near, far] = nodes.map(({ presence }) => presence.forTenant("acme").room<{ name?: string }>(KEY));
  const [ada, eve] = [new FakeConnection(), new FakeConnection()];
  await far!.add(eve, { user: "eve" });
  const told: string[] = [];
  nodes[1]!.presence.forTenant("acme").on("change", ({ room, added, removed, bulk }) => {
    told.push(`${room} ${bulk ? "bulk" : added ? `+${added.id}` : `-${removed!.id}`}`);
  });
  const guest = await near!.add(ada, { meta: { name: "Ada" } });
  await until(() => far!.anonymousCount() === 1);
  await near!.add(ada, { user: "ada" });
  await until(() => far!.users().length === 2);
  assert.deepEqual([far!.users(), far!.anonymousCount(), far!.presences()[1]?.name], [["eve", "ada"], 0, "Ada"]);
  await near!.broadcast({ text: "hello" }, { except: ada });
  await until(() => eve.sent.length === 1);
  assert.equal((await near!.remove(ada))?.id, "ada");
  await until(() => far!.users().length === 1);
  assert.deepEqual([ada.sent, eve.sent], [[], ['{"text":"hello"}']]);
  assert.deepEqual(told, [`lobby +${guest.id}`, "lobby bulk", "lobby -ada"]);
  assert.deepEqual(await nodes[0]!.presence.listPresences(KEY), []);
});
