import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../testing/fake-clock.js";
import { silentLogger } from "../testing/silent-logger.js";
import type { PresenceBackend, RoomWrite, RoomWriteResult } from "./backend.js";
import type { OwnConnection } from "./own-connections.js";
import type { ConnectionRecord } from "./presence.js";
import { Writer } from "./writer.js";

test("one write is in flight; what is asked for meanwhile forms the next", async () => {
  const { writer, writes, answer } = begin();
  void writer.put(tab("c1"));
  void writer.put(tab("c2"));
  await settle();
  void writer.put(tab("c3"));
  void writer.delete("c1", "left");
  await settle();
  assert.deepEqual(writes.map(summary), ["c1 c2"]);
  answer({ state: "ok", head: "h", hasChanged: true });
  await settle();
  assert.deepEqual(writes.map(summary), ["c1 c2", "-c1 left c3"]);
});

test("after a doubt the whole of what is owned is asserted, with the reasons of what was removed", async () => {
  const { writer, writes, answer, fail } = begin();
  void writer.put(tab("c1"));
  void writer.put(tab("c2"));
  await settle();
  answer({ state: "ok", head: "h", hasChanged: true });
  await settle();
  const left = writer.delete("c1", "closed");
  await settle();
  fail();
  assert.equal(await left, null);
  assert.equal(writes.length, 2);
  writer.retry();
  await settle();
  assert.deepEqual([summary(writes[2]!), writes[2]!.isAll], ["-c1 closed c2", true]);
  assert.ok(writes[2]!.sequence > writes[1]!.sequence);
});

test("while the store is in doubt nothing is queued, and nobody waits", async () => {
  const { writer, writes, fail } = begin();
  const first = writer.put(tab("c1"));
  await settle();
  fail();
  assert.equal(await first, null);
  for (let i = 0; i < 100; i += 1) assert.equal(await writer.put(tab("c1")), null);
  writer.retry();
  await settle();
  assert.deepEqual(writes.map(summary), ["c1", "c1"]);
});

test("a number that is old is skipped, and the whole asserted under a higher one", async () => {
  const { writer, writes, answer } = begin();
  void writer.put(tab("c1"));
  await settle();
  answer({ state: "stale", sequence: 50 });
  await settle();
  assert.deepEqual([writes[1]!.sequence, writes[1]!.isAll, summary(writes[1]!)], [51, true, "c1"]);
});

test("however many come and go while the store is away, each costs what it changes, and what is told later is bounded", async () => {
  const { writer, writes, node, fail } = begin();
  const kept = writer.put(tab("kept"));
  await settle();
  fail();
  await kept;
  node.doubted.length = 0;
  for (let i = 0; i < 5_000; i += 1) {
    await writer.put(tab(`c${i}`));
    await writer.delete(`c${i}`, "left");
  }
  assert.equal(node.doubted.length, 10_000);
  assert.ok(node.doubted.every((connectionId) => connectionId !== undefined));
  writer.retry();
  await settle();
  assert.equal(writes[1]!.isAll, true);
  assert.ok(writes[1]!.operations.length <= 1_001, String(writes[1]!.operations.length));
});

test("a condemned incarnation waits for a new term, then asserts", async () => {
  const { writer, writes, answer, node } = begin();
  const put = writer.put(tab("c1"));
  await settle();
  answer({ state: "dead" });
  await settle();
  assert.deepEqual([node.doomed, writes.length], [1, 1]);
  node.incarnation = "n.2";
  writer.assert();
  await settle();
  assert.deepEqual([writes[1]!.incarnation, writes[1]!.isAll], ["n.2", true]);
  answer({ state: "ok", head: "h", hasChanged: true });
  assert.equal((await put)?.hasChanged, true);
});

test("times and revisions that the store gave are brought back when all is asserted", async () => {
  const { writer, writes, answer } = begin();
  void writer.put(tab("c1"));
  await settle();
  answer({ state: "ok", head: "h", hasChanged: true });
  const record = { ...tab("c1"), owner: "n.1", joinedAt: 5, since: 4, revision: 3 };
  writer.confirm({ incarnation: "n.1", put: [record], removed: [] });
  await settle();
  writer.assert();
  await settle();
  const [put] = writes[1]!.operations;
  assert.deepEqual(put, { op: "put", ...tab("c1"), joinedAt: 5, since: 4, revision: 3 });
});

test("a connection that came and went before it was written is only removed", async () => {
  const { writer, writes } = begin();
  void writer.put(tab("c1"));
  void writer.delete("c1", "closed");
  await settle();
  assert.deepEqual(writes.map(summary), ["-c1 closed"]);
});

test("who finds no seat is owned no more, and is not asked for again; the rest of the batch is", async () => {
  const { writer, writes, answer } = begin();
  void writer.put(tab("c1"));
  const joining = writer.join({ ...tab("c2"), userId: "bob" }, 1);
  await settle();
  assert.deepEqual(
    writes[0]!.operations.map((each) => each.op === "put" && each.maxMembers),
    [undefined, 1],
  );
  answer({ state: "ok", head: "h", hasChanged: true, refused: ["c2"] });
  assert.equal(await joining, "full");
  assert.deepEqual([...writer.own.all.keys()], ["c1"]);
  writer.assert();
  await settle();
  assert.deepEqual(writes.map(summary), ["c1 c2", "c1"]);
});

test("who found a seat keeps it: nothing that is written later asks for one", async () => {
  const { writer, writes, answer } = begin();
  const joining = writer.join(tab("c1"), 1);
  await settle();
  answer({ state: "ok", head: "h", hasChanged: true });
  assert.deepEqual(await joining, { sequence: 1, hasChanged: true });
  writer.assert();
  await settle();
  assert.deepEqual(writes[1]!.operations, [{ op: "put", ...tab("c1") }]);
});

test("a join that the store had no time for asks for its seat again", async () => {
  const { writer, writes, answer } = begin();
  const joining = writer.join(tab("c1"), 1);
  await settle();
  answer({ state: "stale", sequence: 50 });
  await settle();
  assert.deepEqual(writes[1]!.operations, [{ op: "put", ...tab("c1"), maxMembers: 1 }]);
  answer({ state: "ok", head: "h", hasChanged: false, refused: ["c1"] });
  assert.equal(await joining, "full");
  assert.equal(writer.own.all.size, 0);
});

test("who left and asked again meanwhile is not taken for the one that was refused", async () => {
  const { writer, writes, answer } = begin();
  const first = writer.join(tab("c1"), 1);
  await settle();
  void writer.delete("c1", "left");
  const second = writer.join(tab("c1"), 1);
  answer({ state: "ok", head: "h", hasChanged: false, refused: ["c1"] });
  assert.equal(await first, "full");
  await settle();
  answer({ state: "ok", head: "h", hasChanged: true });
  assert.deepEqual(await second, { sequence: 2, hasChanged: true });
  assert.deepEqual([[...writer.own.all.keys()], writes.map(summary)], [["c1"], ["c1", "c1"]]);
});

test("while the store does not answer, the own list tells whether there is a seat, and that holds", async () => {
  const { writer, writes, connections, fail, answer } = begin();
  const record = { ...tab("far"), userId: "far", owner: "m.1", revision: 0, joinedAt: 1, since: 1 };
  connections.set("far", record);
  const joins = ["ann", "bob", "ann"].map((userId, i) => writer.join({ ...tab(`c${i}`), userId }, 2));
  await settle();
  fail();
  assert.deepEqual(await Promise.all(joins), [null, "full", null]);
  assert.deepEqual([...writer.own.all.keys()], ["c0", "c2"]);
  assert.equal(await writer.join({ ...tab("c3"), userId: "eve" }, 2), "full");
  assert.equal(await writer.join({ ...tab("c4"), userId: "far" }, 2), null);
  writer.retry();
  await settle();
  assert.deepEqual([summary(writes[1]!), writes[1]!.isAll], ["c0 c2 c4", true]);
  assert.ok(writes[1]!.operations.every((each) => each.op === "put" && each.maxMembers === undefined));
  answer({ state: "ok", head: "h", hasChanged: true });
});

test("who may not take a new name keeps the old one", async () => {
  const { writer, answer } = begin();
  void writer.put(tab("c1"));
  await settle();
  answer({ state: "ok", head: "h", hasChanged: true });
  await settle();
  const renaming = writer.join({ ...tab("c1"), userId: "bob" }, 1);
  await settle();
  answer({ state: "ok", head: "h", hasChanged: false, refused: ["c1"] });
  assert.equal(await renaming, "full");
  assert.equal(writer.own.all.get("c1")?.userId, "ann");
});

function begin() {
  const writes: RoomWrite[] = [];
  const pending: { resolve: (result: RoomWriteResult) => void; reject: (error: Error) => void }[] = [];
  const apply = (_room: string, write: RoomWrite) => {
    writes.push(write);
    return new Promise<RoomWriteResult>((resolve, reject) => pending.push({ resolve, reject }));
  };
  let sequence = 0;
  const connections = new Map<string, ConnectionRecord>();
  const node = { incarnation: "n.1", doomed: 0, doubted: [] as (string | undefined)[] };
  const writer = new Writer("room", {
    backend: { apply } as unknown as PresenceBackend,
    logger: silentLogger,
    get incarnation() {
      return node.incarnation;
    },
    nextSequence: () => (sequence += 1),
    skipSequence: (last) => (sequence = Math.max(sequence, last)),
    nonce: () => "x",
    hasLease: true,
    doomed: () => (node.doomed += 1),
    connections,
    doubted: (connectionId) => node.doubted.push(connectionId),
  });
  const answer = (result: RoomWriteResult) => pending.shift()!.resolve(result);
  const fail = () => pending.shift()!.reject(new Error("timed out"));
  return { writer, writes, node, connections, answer, fail };
}

function summary({ operations }: RoomWrite): string {
  return operations
    .map((each) => (each.op === "put" ? each.connectionId : `-${each.connectionId} ${each.reason}`))
    .join(" ");
}

function tab(connectionId: string): OwnConnection {
  return { connectionId, userId: "ann", meta: {}, status: "active", isLingering: false };
}
