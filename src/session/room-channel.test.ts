import assert from "node:assert/strict";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import express from "express";
import { Presence, Socket, type Channel } from "phoenix";
import { WebSocket } from "ws";
import { convive, type ConviveOptions, type Live, type PresenceRequest } from "../index.js";
import { Visitor } from "../testing/visitor.js";

const running: Live[] = [];
const sockets: Socket[] = [];
after(async () => {
  for (const socket of sockets) socket.disconnect();
  for (const live of running) await live.close();
});

async function serve(options: ConviveOptions = {}): Promise<{ live: Live; server: Server }> {
  const quiet = { info() {}, warn() {}, error() {} };
  const live = convive({
    secret: "a secret of sixteen characters",
    mode: "production",
    logger: quiet,
    authorizePresence: () => true,
    ...options,
  });
  running.push(live);
  const app = express();
  app.use(live.middleware());
  return { live, server: await live.listen(app, 0) };
}

function phoenix(server: Server): Socket {
  const { port } = server.address() as AddressInfo;
  const socket = new Socket(`ws://localhost:${port}/convive`, { transport: WebSocket as never });
  sockets.push(socket);
  socket.connect();
  return socket;
}

function joined(channel: Channel): Promise<unknown> {
  return new Promise((resolve, reject) => {
    channel
      .join()
      .receive("ok", resolve)
      .receive("error", reject)
      .receive("timeout", () => reject(new Error("timeout")));
  });
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error("It never became true.");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const namesIn = (presence: Presence) =>
  presence.list((id: string, { metas }: { metas: { name: string }[] }) => `${id}:${metas.map((m) => m.name)}`);

test("The unmodified phoenix client joins a room, lists who is there and sees joins, updates and leaves", async () => {
  const { live, server } = await serve();
  await live.presence.joinPresence("doc:42", "ada", { name: "Ada" });
  const channel = phoenix(server).channel("room:doc:42", {});
  const presence = new Presence(channel);
  const log: string[] = [];
  presence.onJoin((id, current) => void log.push(`${current ? "more of" : "join"} ${id}`));
  presence.onLeave((id, current) => void log.push(`${current.metas.length > 0 ? "less of" : "leave"} ${id}`));
  await joined(channel);
  await until(() => presence.list().length === 1);
  const bob = await live.presence.addBot("doc:42", "bob", { name: "Bob" });
  await until(() => presence.list().length === 2);
  assert.deepEqual(namesIn(presence), ["ada:Ada", "bob:Bob"]);
  await bob.update({ name: "Rob" });
  await until(() => namesIn(presence)[1] === "bob:Rob");
  await bob.leave();
  await until(() => presence.list().length === 1);
  assert.deepEqual(log, ["join ada", "join bob", "more of bob", "less of bob", "leave bob"]);
});

test("Two phoenix clients that bring a meta see each other, and hear what the other pushes", async () => {
  const { server } = await serve();
  const one = phoenix(server).channel("room:chat", { meta: { name: "One" } });
  const two = phoenix(server).channel("room:chat", { meta: { name: "Two" } });
  const presence = new Presence(one);
  const heard: unknown[] = [];
  two.on("say", (payload) => void heard.push(payload));
  await joined(one);
  await joined(two);
  await until(() => presence.list().length === 2);
  await new Promise((resolve, reject) =>
    one.push("say", { text: "hello" }).receive("ok", resolve).receive("error", reject),
  );
  await until(() => heard.length === 1);
  assert.deepEqual(heard, [{ text: "hello" }]);
  two.leave();
  await until(() => presence.list().length === 1);
});

test("A foreign client is refused unless it is let in, and may see without being in the room", async () => {
  const closed = await serve({ authorizePresence: undefined });
  const refused = phoenix(closed.server).channel("room:doc:42", {});
  await assert.rejects(joined(refused), (reply: unknown) => (reply as { reason: string }).reason === "unauthorized");
  refused.leave();

  const asked: PresenceRequest[] = [];
  const { server } = await serve({
    authorizePresence: (request) => {
      asked.push(request);
      return { see: true, track: false };
    },
  });
  const seeing = phoenix(server).channel("room:doc:42", {});
  await joined(seeing);
  const answer = await new Promise((resolve) =>
    seeing
      .push("say", {})
      .receive("error", resolve)
      .receive("ok", () => resolve("ok")),
  );
  assert.deepEqual(answer, { reason: "unauthorized" });
  assert.equal(asked[0]!.via, "channel");
  assert.equal(asked[0]!.key, "doc:42");
});

test("What is broadcast to a room is one event of the room's topic", async () => {
  const { live, server } = await serve();
  const channel = phoenix(server).channel("room:chat", {});
  const heard: unknown[] = [];
  channel.on("note", (payload) => void heard.push(payload));
  await joined(channel);
  await live.presence.broadcast("chat", "note", { n: 1 });
  await until(() => heard.length === 1);
  assert.deepEqual(heard, [{ n: 1 }]);
});

test("The frames of a room are those of the protocol, byte for byte", async () => {
  const { live, server } = await serve();
  const socket = await new Visitor(server).connect({ origin: null });
  const reply = await socket.joinRaw("room:doc:1", {});
  assert.deepEqual(reply, { status: "ok", response: {} });
  await live.presence.joinPresence("doc:1", "__proto__", { name: "P" }, { connectionId: "c1" });
  const diff = await socket.until((frame) => frame[3] === "presence_diff");
  const text = JSON.stringify(diff).replace(/"phx_ref":"c1\.\d+"/, '"phx_ref":"c1.0"');
  assert.equal(
    text,
    '[null,null,"room:doc:1","presence_diff",{"joins":{"__proto__":{"metas":[{"name":"P","phx_ref":"c1.0"}]}},"leaves":{}}]',
  );
  assert.deepEqual(
    socket.frames.slice(0, 2).map((frame) => frame.slice(2)),
    [
      ["room:doc:1", "phx_reply", { status: "ok", response: {} }],
      ["room:doc:1", "presence_state", {}],
    ],
  );
});

test("Rooms that cannot be are refused with their code", async () => {
  const { server } = await serve();
  const socket = await new Visitor(server).connect({ origin: null });
  assert.deepEqual((await socket.joinRaw("room:", {})).status, "error");
  assert.deepEqual((await socket.joinRaw("room:x", { meta: { id: "forged" } })).response, {
    reason: "PRESENCE_META_INVALID",
  });
  assert.deepEqual((await socket.joinRaw("elsewhere", {})).response, { reason: "unmatched topic" });
});
