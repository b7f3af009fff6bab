import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { FakeConnection } from "../testing/fake-connection.js";
import { startRedisNode, type RedisNode, type RedisNodeParts } from "../testing/redis-node.js";
import { startRedis } from "../testing/redis-server.js";
import { until } from "../testing/until.js";
import { NODES_ROOM, type RoomListener } from "./backend.js";
import { RedisPresenceBackend } from "./redis.js";

const KEY = "doc:1";
const OTHER_KEY = "doc:2";

/** Hears rooms, and nothing of what is told to all nodes: each order is lost on its way. */
class DeafBackend extends RedisPresenceBackend {
  override subscribe(room: string, listener: RoomListener): Promise<() => void> {
    const deaf = { changed: () => {}, published: () => {} };
    return super.subscribe(room, room === NODES_ROOM ? deaf : listener);
  }
}

test("an order reaches whom it means on every node, in every room or in one, and nobody else", async (t) => {
  const { one, two, sockets } = await begin(t);
  await one.presence.disconnectUser("ann", { key: KEY });
  await until(() => two.presence.room(KEY).users().join() === "bob");
  assert.deepEqual([two.presence.room(OTHER_KEY).users(), sockets.ann.closedWith], [["ann"], null]);
  await one.presence.disconnectUser("ann");
  await until(() => sockets.ann.closedWith !== null);
  await until(async () => (await one.presence.presenceCount(OTHER_KEY)) === 0);
  assert.deepEqual([sockets.ann.closedWith, sockets.bob.closedWith], [[4401, "disconnected"], null]);
  assert.deepEqual(two.presence.room(KEY).users(), ["bob"]);
  await two.presence.room(KEY).add(new FakeConnection(), { user: "ann" });
  assert.deepEqual(two.presence.room(KEY).users().toSorted(), ["ann", "bob"]);
});

test("an order that was lost on its way is told by the next tick, and obeyed once", async (t) => {
  const makeBackend: RedisNodeParts["makeBackend"] = (link, options) => new DeafBackend(link, options);
  const { one, two, sockets } = await begin(t, { makeBackend });
  const obeyed: string[] = [];
  two.node.onDisconnect(({ userId, key }) => obeyed.push(`${userId} ${key}`));
  await two.presence.addBot(OTHER_KEY, "bob", {});
  await one.presence.disconnectUser("ann");
  await until(() => sockets.ann.closedWith !== null);
  await one.presence.disconnectUser("bob", { key: OTHER_KEY });
  await until(async () => (await one.presence.presenceCount(OTHER_KEY)) === 0);
  const later = two.node.storeTime + 3 * two.node.limits.nodeTickMs;
  await until(() => two.node.storeTime > later);
  assert.deepEqual(obeyed, ["ann null", "bob doc:2"]);
  assert.deepEqual([two.presence.room(KEY).users(), sockets.bob.closedWith], [["bob"], null]);
});

/** Ann in two rooms and Bob in one, on the second node. */
async function begin(t: TestContext, parts: Partial<RedisNodeParts> = {}) {
  const server = await startRedis();
  const nodes: RedisNode[] = [];
  t.after(async () => {
    await Promise.all(nodes.map(({ presence }) => presence.close()));
    await server.stop();
  });
  const [one, two] = [await startRedisNode(server.url), await startRedisNode(server.url, parts)];
  nodes.push(one, two);
  await one.node.start();
  const sockets = { ann: new FakeConnection(), bob: new FakeConnection() };
  for (const key of [KEY, OTHER_KEY]) await two.presence.room(key).add(sockets.ann, { user: "ann" });
  await two.presence.room(KEY).add(sockets.bob, { user: "bob" });
  return { one, two, sockets };
}
