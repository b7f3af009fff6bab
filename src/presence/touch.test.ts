import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeConnection } from "../testing/fake-connection.js";
import { PresenceCluster } from "../testing/presence-cluster.js";

const HEARTBEAT = '"heartbeat"';

test("the heartbeat is a sign of life and goes no further, in every shape that ws gives to text", async () => {
  const { cluster, socket, room, receive, handled } = await begin();
  const shapes = [
    HEARTBEAT,
    Buffer.from(HEARTBEAT),
    new Uint8Array(Buffer.from(HEARTBEAT)).buffer,
    [Buffer.from('"heart'), Buffer.from('beat"')],
  ];
  for (const shape of shapes) {
    await cluster.advance(50_000);
    assert.equal(receive.call(socket, shape, false), undefined);
  }
  assert.deepEqual([handled, room.users()], [[], ["ada"]]);
});

test("any other message is a sign of life too, and reaches the handler with all it came with", async () => {
  const { cluster, socket, room, receive, handled } = await begin();
  const others = ["heartbeat", ' "heartbeat"', '"heartbeat"\n', '{"type":"heartbeat"}', Buffer.from("hello"), ""];
  for (const other of others) {
    await cluster.advance(50_000);
    assert.equal(receive.call(socket, other, false), "handled");
  }
  assert.deepEqual(
    handled,
    others.map((other) => [socket, other, false]),
  );
  assert.deepEqual(room.users(), ["ada"]);
});

test("a binary frame reaches the handler, whatever is in it", async () => {
  const { socket, receive, handled } = await begin();
  const frame = Buffer.from(HEARTBEAT);
  assert.equal(receive.call(socket, frame, true), "handled");
  assert.deepEqual(handled, [[socket, frame, true]]);
});

test("a pruned connection that says something is back", async () => {
  const { cluster, socket, room, receive } = await begin();
  await cluster.advance(62_000);
  assert.deepEqual(room.users(), []);
  receive.call(socket, HEARTBEAT, false);
  await cluster.advance(10);
  assert.deepEqual(room.users(), ["ada"]);
});

test("when a connection ends it is out of all rooms before the handler runs", async () => {
  const { cluster, presence, socket, room } = await begin();
  await cluster.until(presence.room("other").add(socket, { user: "ada" }));
  const seen: unknown[] = [];
  const end = presence.removePresence(function (code: number) {
    seen.push(this, code, room.users(), presence.room("other").users());
  });
  await cluster.until(end.call(socket, 1006));
  assert.deepEqual(seen, [socket, 1006, [], []]);
  await cluster.until(presence.removePresence().call(socket));
});

test("a handler of the end that fails is logged and breaks nothing", async () => {
  const { cluster, presence, socket, room } = await begin();
  const end = presence.removePresence(() => Promise.reject(new Error("bad handler")));
  await cluster.until(end.call(socket));
  assert.deepEqual(room.users(), []);
});

test("a server that does not call handlers on the connection names it, and is told so", async () => {
  const { cluster, presence, socket, room } = await begin();
  const receive = presence.touchPresence((text: string) => text.length, socket);
  assert.equal(receive("four"), 4);
  assert.throws(() => presence.touchPresence(() => {})(), { code: "OPTION_INVALID" });
  await cluster.until(presence.removePresence(undefined, socket)());
  assert.deepEqual(room.users(), []);
});

async function begin() {
  const cluster = new PresenceCluster();
  const { presence } = cluster.start();
  const room = presence.room("lobby");
  const socket = new FakeConnection();
  await cluster.until(room.add(socket, { user: "ada" }));
  const handled: unknown[] = [];
  const receive = presence.touchPresence(function (data: unknown, isBinary: boolean) {
    handled.push([this, data, isBinary]);
    return "handled";
  });
  return { cluster, presence, room, socket, handled, receive };
}
