import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { after, test } from "node:test";
import express from "express";
import { convive, event, inline, LiveView, type ConviveOptions, type Live } from "../index.js";
import { ticketOf, Visitor, type VisitorSocket } from "../testing/visitor.js";

const running: Live[] = [];
after(async () => {
  for (const live of running) await live.close();
});

class NoisyView extends LiveView {
  static override template = inline`<p><%= it.count %></p>`;
  static override viewName = "noisy";
  count = 0;
  @event increment() {
    this.count += 1;
    return this.count;
  }
}

async function serve(options: ConviveOptions = {}): Promise<{ live: Live; server: Server }> {
  const quiet = { info() {}, warn() {}, error() {} };
  const live = convive({ secret: "a secret of sixteen characters", mode: "production", logger: quiet, ...options });
  running.push(live);
  const app = express();
  app.use(live.middleware());
  app.get("/", live.view(NoisyView));
  return { live, server: await live.listen(app, 0) };
}

async function isAlive(server: Server): Promise<void> {
  const { socket, topic } = await new Visitor(server).visit("/");
  assert.deepEqual(await socket.event(topic, "increment"), { status: "ok", response: { reply: 1 } });
  socket.ws.close();
}

test("Frames that are too large, binary or not UTF-8 close their socket with its code and nothing else", async () => {
  const { server } = await serve();
  const hostile: [(socket: VisitorSocket) => void, number][] = [
    [(socket) => socket.ws.send("x".repeat(65_537)), 1_009],
    [(socket) => socket.ws.send("x".repeat(10_000_000)), 1_009],
    [(socket) => socket.ws.send(Buffer.from([1, 2, 3])), 1_003],
    [(socket) => socket.ws.send(Buffer.from([0xc3, 0x28]), { binary: false }), 1_007],
    [(socket) => socket.ws.send("null"), 4_400],
    [(socket) => socket.ws.send("[".repeat(60_000)), 4_400],
  ];
  for (const [attack, code] of hostile) {
    const socket = await new Visitor(server).connect();
    attack(socket);
    assert.equal(await socket.closed, code);
  }
  await isAlive(server);
});

test("Random bytes after a handshake, and instead of one, harm nobody", async () => {
  const { server } = await serve();
  const { port } = server.address() as AddressInfo;
  const handshake =
    "GET /convive/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  for (let i = 0; i < 200; i += 1) {
    const garbage = randomBytes(1 + (i % 64));
    await new Promise<void>((resolve) => {
      const socket = connect(port, "127.0.0.1", () =>
        socket.end(i % 2 === 0 ? Buffer.concat([Buffer.from(handshake), garbage]) : garbage),
      );
      socket.on("error", () => {});
      socket.on("close", () => resolve());
      socket.resume();
    });
  }
  await isAlive(server);
});

test("A reader that stops reading is cut once its queue is full, and the others do not notice", async () => {
  const { server, live } = await serve();
  const slow = await new Visitor(server).visit("/");
  const raw = (slow.socket.ws as unknown as { _socket: { pause(): void; resume(): void } })._socket;
  raw.pause();
  const before = process.memoryUsage().external;
  const deadline = Date.now() + 20_000;
  while (live.stats().sockets > 0 && Date.now() < deadline) {
    await live.push({ user: slow.reply.user }, "noise", "x".repeat(500_000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(live.stats().sockets, 0, "the slow socket is gone");
  assert.ok(process.memoryUsage().external - before < 20_000_000);
  await isAlive(server);
  raw.resume();
  assert.ok([1_006, 4_008].includes(await slow.socket.closed));
});

test("Too many sockets of one person are refused, and freed places are given again", async () => {
  const { server } = await serve({ limits: { socketsPerUser: 2 } });
  const ada = new Visitor(server);
  await ada.get("/");
  const first = await ada.connect();
  await ada.connect();
  await assert.rejects(ada.connect(), /429/);
  first.ws.close();
  await first.closed;
  const deadline = Date.now() + 5_000;
  for (;;) {
    try {
      await ada.connect();
      break;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
});

test("Names of Object's prototype change nothing for anybody", async () => {
  const { server } = await serve();
  const { socket, topic } = await new Visitor(server).visit("/");
  for (const name of ["__proto__", "constructor", "prototype", "toString", "valueOf", "mount", "context", "then"]) {
    assert.equal(
      (await socket.event(topic, name, JSON.parse(`{"__proto__":{"isAdmin":true}}`))).response["reason"],
      "EVENT_UNKNOWN",
    );
    assert.equal(
      (await socket.joinRaw(name, JSON.parse(`{"__proto__":{"isAdmin":true}}`))).response["reason"],
      "unmatched topic",
    );
  }
  assert.equal(({} as { isAdmin?: boolean }).isAdmin, undefined);
  assert.equal((await socket.event(topic, "increment")).status, "ok");
});

test("A foreign client that offers the phoenix subprotocol is answered with it", async () => {
  const { server } = await serve();
  const socket = await new Visitor(server).connect({
    origin: null,
    protocols: ["phoenix", "base64url.bearer.phx.dG9rZW4"],
  });
  assert.equal(socket.ws.protocol, "phoenix");
});

test("A thousand visits, half of them cut off, leave no socket, page or quota, and no token or cookie in the log", async () => {
  const lines: string[] = [];
  const keep = (facts: object, message?: string) => void lines.push(JSON.stringify(facts) + message);
  const { server, live } = await serve({
    logger: { info: keep, warn: keep, error: keep },
    limits: { graceUnloadMs: 20, graceBrokenMs: 40, socketsPerAddress: 30 },
  });
  const ada = new Visitor(server);
  const { token, topic } = ticketOf((await ada.get("/")).html);
  for (let i = 0; i < 50; i += 1) {
    const visits = Array.from({ length: 20 }, async (_, n) => {
      const socket = await ada.connect();
      const payload = { v: 1, token: n % 5 === 0 ? `${token}x` : token, url: "/" };
      if (n % 4 === 1) socket.tell(topic, "phx_join", payload);
      else await socket.joinRaw(topic, payload);
      if (n % 2 === 0) socket.ws.close(1_000);
      else socket.ws.terminate();
      await socket.closed;
    });
    await Promise.all(visits);
    const deadline = Date.now() + 5_000;
    while (live.stats().sockets > 0 && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  }
  const deadline = Date.now() + 5_000;
  while (live.stats().pages > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([live.stats().pages, live.stats().sockets], [0, 0]);
  const secrets = [token.split(".")[1]!, ada.cookie.split(".")[1]!];
  assert.ok(lines.length > 0);
  for (const line of lines) assert.ok(!secrets.some((secret) => line.includes(secret)), line);
});

test("An upgrade that the app never decides on is refused after its time", async () => {
  const { server } = await serve({
    identify: () => new Promise(() => {}),
    limits: { unmountedSocketMs: 50, pingMs: 40 },
  });
  await assert.rejects(new Visitor(server).connect(), /503/);
});
