import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../testing/fake-clock.js";
import { silentLogger } from "../testing/silent-logger.js";
import type { PresenceBackend, RoomWrite, RoomWriteResult } from "./backend.js";
import type { OwnConnection } from "./own-connections.js";
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
  writer.confirm({ ...tab("c1"), owner: "n.1", joinedAt: 5, since: 4, revision: 3 });
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

function begin() {
  const writes: RoomWrite[] = [];
  const pending: { resolve: (result: RoomWriteResult) => void; reject: (error: Error) => void }[] = [];
  const apply = (_room: string, write: RoomWrite) => {
    writes.push(write);
    return new Promise<RoomWriteResult>((resolve, reject) => pending.push({ resolve, reject }));
  };
  let sequence = 0;
  const node = { incarnation: "n.1", doomed: 0 };
  const writer = new Writer("room", {
    backend: { apply } as unknown as PresenceBackend,
    logger: silentLogger,
    get incarnation() {
      return node.incarnation;
    },
    nextSequence: () => (sequence += 1),
    skipSequence: (last) => (sequence = Math.max(sequence, last)),
    nonce: () => "x",
    doomed: () => (node.doomed += 1),
    doubted: () => {},
  });
  const answer = (result: RoomWriteResult) => pending.shift()!.resolve(result);
  const fail = () => pending.shift()!.reject(new Error("timed out"));
  return { writer, writes, node, answer, fail };
}

function summary({ operations }: RoomWrite): string {
  return operations
    .map((each) => (each.op === "put" ? each.connectionId : `-${each.connectionId} ${each.reason}`))
    .join(" ");
}

function tab(connectionId: string): OwnConnection {
  return { connectionId, userId: "ann", meta: {}, status: "active", isLingering: false };
}
