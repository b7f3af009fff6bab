import assert from "node:assert/strict";
import { test } from "node:test";
import { PresenceCluster } from "../testing/presence-cluster.js";
import { RoomSigns } from "./signs.js";

const KEY = "doc:1";
const ASKED_MS = 2_000;

async function begin(lifetimeMs: number | null) {
  const cluster = new PresenceCluster();
  const start = async (userId: string) => {
    const { node, link } = cluster.start();
    const { room } = await node.host("", KEY);
    await room.track({ connectionId: `c-${userId}`, userId, meta: {} });
    const signs = new RoomSigns<string>(room, node, { name: "test", lifetimeMs });
    let changes = 0;
    const stop = signs.watch(() => (changes += 1));
    const list = () => [...signs.shown()].map(({ person, value }) => `${person.id} ${value}`);
    return { node, link, room, signs, stop, list, changes: () => changes };
  };
  return { cluster, start };
}

test("a sign is seen on every node, and once given who comes later to another node is told it", async () => {
  const { cluster, start } = await begin(null);
  const one = await start("ann");
  one.signs.show("c-ann", "here");
  await cluster.advance(10);
  const two = await start("bob");
  await cluster.advance(10);
  assert.deepEqual(two.list(), ["ann here"]);
  one.signs.show("c-ann", null);
  await cluster.advance(10);
  assert.deepEqual([one.list(), two.list()], [[], []]);
});

test("a sign ends with its connection, whichever node carried it", async () => {
  const { cluster, start } = await begin(null);
  const [one, two] = [await start("ann"), await start("bob")];
  one.signs.show("c-ann", "here");
  await cluster.advance(10);
  assert.deepEqual(two.list(), ["ann here"]);
  void one.room.leave("c-ann", "left");
  await cluster.advance(100);
  assert.deepEqual(two.list(), []);
});

test("after a gap who ended a sign meanwhile shows none, and who shows one still shows it all the while", async () => {
  const { cluster, start } = await begin(null);
  const [one, two, three] = [await start("ann"), await start("bob"), await start("eve")];
  one.signs.show("c-ann", "here");
  two.signs.show("c-bob", "there");
  await cluster.advance(10);
  three.link.fate = () => "lose";
  one.signs.show("c-ann", null);
  await cluster.advance(10);
  three.link.fate = () => "deliver";
  assert.deepEqual(three.list(), ["ann here", "bob there"]);
  const before = three.changes();
  three.room.missed();
  await cluster.advance(ASKED_MS);
  assert.deepEqual(three.list(), ["bob there"]);
  assert.equal(three.changes(), before + 1);
});

test("a sign with a lifetime ends by itself on every node, though its end was never told", async () => {
  const { cluster, start } = await begin(1_000);
  const [one, two] = [await start("ann"), await start("bob")];
  one.signs.show("c-ann", "typing");
  await cluster.advance(900);
  assert.deepEqual(two.list(), ["ann typing"]);
  await cluster.advance(200);
  assert.deepEqual([one.list(), two.list()], [[], []]);
});

test("the same sign again is no change, and who looks no more hears nothing", async () => {
  const { cluster, start } = await begin(null);
  const one = await start("ann");
  one.signs.show("c-ann", "here");
  await cluster.advance(100);
  const before = one.changes();
  one.signs.show("c-ann", "here");
  await cluster.advance(100);
  assert.equal(one.changes(), before);
  one.stop();
  one.stop();
  one.signs.show("c-ann", "there");
  await cluster.advance(100);
  assert.equal(one.changes(), before);
  assert.deepEqual(one.list(), []);
});
