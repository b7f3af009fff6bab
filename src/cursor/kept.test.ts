import assert from "node:assert/strict";
import { test } from "node:test";
import { PresenceCluster } from "../testing/presence-cluster.js";
import { decodeKept, encodeKept } from "./kept.js";
import { MemoryCache } from "./memory.js";
import { CursorRooms } from "./rooms.js";

const NOBODY = new Map();
const ANN = { x: 1, y: 2, timestamp: 3, userId: "ann", meta: { name: "Ann" } };
const STRANGE = [
  "",
  "nothing",
  "null",
  "7",
  "[]",
  '"text"',
  "{}",
  '{"x":1}',
  '{"x":"1","y":2,"userId":"ann"}',
  '{"x":1,"y":2}',
  '{"x":1,"y":2,"userId":7}',
];

test("what is kept of a pointer comes back as it was", () => {
  assert.deepEqual(decodeKept("@ann", encodeKept("@ann", ANN), NOBODY), ANN);
  const connections = new Map([["c1", { userId: "ann", meta: { name: "Ann" }, isLingering: false }]]);
  assert.deepEqual(decodeKept("c1", encodeKept("c1", ANN), connections), ANN);
  assert.equal(decodeKept("c2", encodeKept("c2", ANN), connections), null);
});

test("what no node wrote is no pointer, and a time or a meta that is none is left out", () => {
  for (const text of STRANGE) assert.equal(decodeKept("@ann", text, NOBODY), null, text);
  assert.deepEqual(decodeKept("@ann", '{"x":1,"y":2,"timestamp":"noon","userId":"ann","meta":7}', NOBODY), {
    ...ANN,
    timestamp: 0,
    meta: {},
  });
});

test("a room with strange texts among what is kept shows the others, and its node lives on", async () => {
  const cluster = new PresenceCluster();
  const { node } = cluster.start();
  const hold = await cluster.until(node.host("", "board:1"));
  const cache = new MemoryCache(cluster.clock);
  const kept = STRANGE.map((text, i) => [`@${i}`, text] as const);
  const ann = encodeKept("@ann", { ...ANN, timestamp: cluster.clock.wallTime() });
  await cache.set(hold.room.name, new Map([...kept, ["@ann", ann]]), 60_000);
  const rooms = new CursorRooms(node, cache);
  const cursors = rooms.of(hold.room);
  cursors.join({ connectionId: "c1", send: () => {}, moved: () => {} });
  await cluster.advance(100);
  assert.deepEqual(Object.keys(cursors.cursors), ["ann"]);
  const outside = new CursorRooms(cluster.start().node, cache);
  assert.deepEqual(Object.keys(await outside.cursors("", "board:1")), ["ann"]);
});
