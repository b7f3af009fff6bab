import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { RoomEvent, RoomSnapshot } from "./backend.js";
import type { ConnectionRecord } from "./presence.js";
import { Replica } from "./replica.js";

const told: string[] = [];
const nobodyIsOurs = () => false;
let replica: Replica;

beforeEach(() => {
  told.length = 0;
  replica = new Replica({
    put: ({ connectionId, owner }) => told.push(`+${connectionId} ${owner}`),
    delete: ({ connectionId }, reason) => told.push(`-${connectionId} ${reason}`),
  });
});

test("what is heard while the room is read is applied to what was read, and what was in it is not applied twice", () => {
  replica.receive(event("e.1.a", "e.2.b", { put: [tab("c2")] }));
  replica.receive(event("e.2.b", "e.3.c", { put: [tab("c3")] }));
  replica.load(snapshot("e.2.b", [tab("c1"), tab("c2")], { "n.1": 2 }), 0, nobodyIsOurs);
  assert.deepEqual([...replica.connections.keys()], ["c1", "c2", "c3"]);
  assert.equal(replica.head, "e.3.c");
  assert.equal(replica.hasHole, false);
});

test("events are applied along the chain, however they arrive, and each once", () => {
  replica.load(snapshot("", []), 0, nobodyIsOurs);
  const chain = [
    event("", "e.1.a", { put: [tab("c1")] }),
    event("e.1.a", "e.2.b", { put: [tab("c2")] }),
    event("e.2.b", "e.3.c", { removed: [gone("c1", "n.1")] }),
  ];
  for (const each of [chain[1]!, chain[2]!, chain[2]!]) replica.receive(each);
  assert.deepEqual([told, replica.hasHole], [[], true]);
  for (const each of chain) replica.receive(each);
  assert.deepEqual([told, replica.hasHole, replica.head], [["+c1 n.1", "+c2 n.1", "-c1 left"], false, "e.3.c"]);
});

test("a removal names the owner: one of a former term does not remove the same connection's newer record", () => {
  replica.load(snapshot("e.1.a", [tab("c1", "n.2")], { "n.2": 1 }), 0, nobodyIsOurs);
  replica.receive(event("e.1.a", "e.2.b", { incarnation: "n.1", removed: [gone("c1", "n.1")] }));
  assert.deepEqual([...replica.connections.keys()], ["c1"]);
});

test("a node that was swept while it lives goes on showing whom it carries, until it has told them anew", () => {
  const own = new Replica(
    {
      put: ({ connectionId, owner }) => told.push(`+${connectionId} ${owner}`),
      delete: ({ connectionId }, reason) => told.push(`-${connectionId} ${reason}`),
    },
    ({ connectionId }) => connectionId === "c1",
  );
  own.load(snapshot("e.1.a", [tab("c1"), tab("c2")], { "n.1": 2 }), 0, nobodyIsOurs);
  const swept = { incarnation: "n.1", sequence: Infinity };
  const removed = ["c1", "c2"].map((id) => ({ ...gone(id, "n.1"), reason: "node" as const }));
  own.receive(event("e.1.a", "e.2.b", { ...swept, removed }));
  assert.deepEqual(told, ["+c1 n.1", "+c2 n.1", "-c2 node"]);
  own.receive(event("e.2.b", "e.3.c", { incarnation: "n.2", put: [tab("c1", "n.2")], owned: ["c1"] }));
  assert.deepEqual(told.slice(3), ["+c1 n.2"]);
});

test("a snapshot that knows an incarnation only older takes nothing of it away until its owner has spoken", () => {
  replica.load(snapshot("", []), 0, nobodyIsOurs);
  replica.receive(event("", "e.1.a", { sequence: 5, put: [tab("c1"), tab("c2")] }));
  replica.load(snapshot("e.1.x", [], { "n.1": 3 }), 1_000, nobodyIsOurs);
  assert.equal(replica.connections.size, 2);
  replica.receive(event("e.1.x", "e.2.y", { sequence: 6, put: [tab("c1")], owned: ["c1"] }));
  assert.deepEqual([...replica.connections.keys()], ["c1"]);
  replica.expire(1_000_000, 10_000);
  assert.equal(replica.connections.size, 1);
});

test("what nobody brings back ends after its time, counted in store time", () => {
  replica.load(snapshot("e.1.a", [tab("c1")], { "n.1": 1 }), 0, nobodyIsOurs);
  replica.load(snapshot("", []), 1_000, nobodyIsOurs);
  replica.expire(10_999, 10_000);
  assert.equal(replica.connections.size, 1);
  replica.expire(11_000, 10_000);
  assert.deepEqual(told.at(-1), "-c1 node");
});

test("members without a process that the store lost wait to be told again, each by itself, over any number of snapshots", () => {
  const free = ["c1", "c2", "c3"].map((id) => tab(id, "ttl"));
  replica.load(snapshot("e.3.a", free, { ttl: 3 }), 0, nobodyIsOurs);
  replica.load(snapshot("", []), 1_000, nobodyIsOurs);
  replica.receive(event("", "f.1.b", { incarnation: "ttl", sequence: 1, put: [tab("c1", "ttl")] }));
  replica.load(snapshot("f.2.c", [tab("c1", "ttl"), tab("c4", "ttl")], { ttl: 2 }), 5_000, nobodyIsOurs);
  assert.deepEqual([...replica.connections.keys()].toSorted(), ["c1", "c2", "c3", "c4"]);
  assert.deepEqual(
    ["c1", "c2", "c3", "c4"].map((id) => replica.isLost(id)),
    [false, true, true, false],
  );
  replica.receive(event("f.2.c", "f.3.d", { incarnation: "ttl", sequence: 3, put: [tab("c3", "ttl")] }));
  told.length = 0;
  replica.expire(11_000, 10_000);
  assert.deepEqual(told, ["-c2 timeout"]);
  replica.load(snapshot("f.4.e", [tab("c1", "ttl"), tab("c3", "ttl")], { ttl: 4 }), 12_000, nobodyIsOurs);
  assert.deepEqual(
    told.slice(1).filter((line) => line.startsWith("-")),
    ["-c4 closed"],
  );
});

test("a store that lost its clock as well lets nobody wait for ever", () => {
  replica.load(snapshot("e.1.a", [tab("c1"), tab("c2", "ttl")], { "n.1": 1, ttl: 1 }), 500_000, nobodyIsOurs);
  replica.load(snapshot("", []), 500_000, nobodyIsOurs);
  replica.expire(1_000, 10_000);
  replica.expire(10_999, 10_000);
  assert.equal(replica.connections.size, 2);
  replica.expire(11_000, 10_000);
  assert.equal(replica.connections.size, 0);
});

test("what a snapshot knows newer is believed, leaves included, and a fenced owner's records are gone", () => {
  replica.load(snapshot("e.1.a", [tab("c1"), tab("c2", "m.1")], { "n.1": 1, "m.1": 1 }), 0, nobodyIsOurs);
  replica.load(snapshot("e.5.e", [], { "n.1": 3 }, ["m.1"]), 0, nobodyIsOurs);
  assert.deepEqual(told.slice(2), ["-c1 closed", "-c2 node"]);
});

test("what this node carries stays, whatever the snapshot says", () => {
  replica.load(snapshot("e.1.a", [tab("c1")], { "n.1": 1 }), 0, nobodyIsOurs);
  replica.load(snapshot("e.9.z", [], { "n.1": 9 }), 0, ({ connectionId }) => connectionId === "c1");
  assert.deepEqual([...replica.connections.keys()], ["c1"]);
});

test("a head that was passed before it was asked for shows that the store went back", () => {
  replica.load(snapshot("", []), 0, nobodyIsOurs);
  replica.receive(event("", "e.1.a", { put: [tab("c1")] }));
  replica.receive(event("e.1.a", "e.2.b", { put: [tab("c2")] }));
  const asked = replica.moves;
  replica.receive(event("e.2.b", "e.3.c", { put: [tab("c3")] }));
  assert.ok(replica.isBefore("e.1.a", asked));
  for (const head of ["e.2.b", "e.3.c", "other"]) assert.equal(replica.isBefore(head, asked), false, head);
});

test("a hole does not grow without bound", () => {
  replica.load(snapshot("", []), 0, nobodyIsOurs);
  for (let i = 1; i < 5_000; i += 1) replica.receive(event(`e.${i}.x`, `e.${i + 1}.x`, { put: [tab(`c${i}`)] }));
  assert.equal(replica.connections.size, 0);
  replica.load(snapshot("e.4000.x", [], { "n.1": 1 }), 0, nobodyIsOurs);
  assert.equal(replica.hasHole, false);
});

function tab(connectionId: string, owner = "n.1"): ConnectionRecord {
  const base = { isLingering: false, status: "active", revision: 0, joinedAt: 1, since: 1, meta: {} } as const;
  return { connectionId, userId: connectionId, owner, ...base };
}

function gone(connectionId: string, owner: string) {
  return { connectionId, owner, reason: "left" } as const;
}

function event(previous: string, head: string, more: Partial<RoomEvent>): RoomEvent {
  return { previous, head, incarnation: "n.1", sequence: 1, put: [], removed: [], ...more };
}

function snapshot(
  head: string,
  connections: readonly ConnectionRecord[],
  sequences: Record<string, number> = {},
  fenced: readonly string[] = [],
): RoomSnapshot {
  return { head, connections, sequences: new Map(Object.entries(sequences)), fenced: new Set(fenced) };
}
