import assert from "node:assert/strict";
import { test } from "node:test";
import { PresenceCluster } from "../testing/presence-cluster.js";
import { silentLogger } from "../testing/silent-logger.js";
import { MemoryBackend } from "./memory.js";
import { Observer } from "./observer.js";
import type { RoomFeed } from "./room-feed.js";

function observe(cluster: PresenceCluster): Observer {
  const { clock, limits, store } = cluster;
  return new Observer({ backend: new MemoryBackend(store), clock, limits, logger: silentLogger });
}

function write(room: RoomFeed): string[] {
  const told: string[] = room.everybody.map(({ id }) => `=${id}`);
  room.watch({
    changed: ({ joins, updates, leaves, reasons }) => {
      for (const { id } of joins) told.push(`+${id}`);
      for (const { id } of updates) told.push(`~${id}`);
      for (const { id } of leaves) told.push(`-${id} ${reasons.get(id)}`);
    },
  });
  return told;
}

test("an observer hears who is here, comes, changes and goes, and has no lease", async () => {
  const cluster = new PresenceCluster();
  const { presence } = cluster.start();
  await cluster.until(presence.addBot("doc", "ann", {}));
  const observer = observe(cluster);
  const told = write(await cluster.until(observer.follow("doc", "", "doc")));
  const bob = await cluster.until(presence.addBot("doc", "bob", { n: 1 }));
  await cluster.until(bob.update({ n: 2 }));
  await cluster.until(bob.leave());
  await cluster.advance(100);
  assert.deepEqual(told, ["=ann", "+bob", "~bob", "-bob left"]);
  assert.equal(cluster.store.nodes().nodes.length, 1);
  observer.stop();
  await cluster.until(presence.addBot("doc", "cyd", {}));
  assert.equal(told.length, 4);
});

test("an observer is told of a node's death as any other, once, and of what the store lost and never got back", async () => {
  const cluster = new PresenceCluster();
  const [dead, alive] = [cluster.start(), cluster.start()];
  await cluster.until(dead.presence.addBot("doc", "ann", {}));
  await cluster.until(alive.presence.addBot("doc", "bob", {}));
  const observer = observe(cluster);
  const told = write(await cluster.until(observer.follow("doc", "", "doc")));
  cluster.kill(dead);
  await cluster.advance(20_000);
  assert.deepEqual(told, ["=ann", "=bob", "-ann node"]);
  cluster.kill(alive);
  cluster.store.rooms.clear();
  cluster.store.roomsOf.clear();
  const third = cluster.start();
  await cluster.until(third.presence.addBot("doc", "cyd", {}));
  await cluster.advance(40_000);
  assert.deepEqual(told.slice(3), ["+cyd", "-bob node"]);
  observer.stop();
});
