import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { test } from "node:test";
import { promisify } from "node:util";
import express from "express";
import { convive, ConviveError, inline, LiveView, type ConviveOptions } from "./index.js";
import { FakeClock } from "./testing/fake-clock.js";
import { Visitor } from "./testing/visitor.js";

class QuietView extends LiveView {
  static override template = inline`<p>quiet</p>`;
  static override viewName = "quiet";
}

const HANDSHAKE =
  "GET /convive/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

function make(options: ConviveOptions = {}) {
  const quiet = { info() {}, warn() {}, error() {} };
  const live = convive({ secret: "a secret of sixteen characters", mode: "development", logger: quiet, ...options });
  const app = express();
  app.use(live.middleware());
  app.get("/", live.view(QuietView));
  return { live, app };
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;
const connections = (server: Server) => promisify(server.getConnections.bind(server))();
/** A deadline that fails instead of waiting for the runner's. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const deadline = new Promise<never>((_resolve, reject) =>
    setTimeout(() => reject(new Error(`not in ${ms} ms`)), ms).unref(),
  );
  return Promise.race([work, deadline]);
}
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error("It never came.");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("A peer that does not answer the close is not waited for", async () => {
  const { live, app } = make();
  const server = await live.listen(app, 0);
  const peer = connect(portOf(server), "127.0.0.1", () => peer.write(HANDSHAKE));
  peer.on("error", () => {});
  await until(() => live.stats().sockets === 1);
  await within(5_000, live.close());
  assert.equal(live.stats().sockets, 0);
  peer.destroy();
});

test("Sockets are closed one after another over the time that is given", async () => {
  const clock = new FakeClock();
  const { live, app } = make({ clock });
  const server = await live.listen(app, 0);
  const visits = await Promise.all(Array.from({ length: 4 }, () => new Visitor(server).visit("/")));
  const codes: number[] = [];
  for (const { socket } of visits) void socket.closed.then((code) => codes.push(code));
  const closing = live.close({ drainMs: 8_000 });
  for (let closed = 1; closed <= 4; closed += 1) {
    await until(() => codes.length === closed);
    assert.equal(live.stats().sockets, 4 - closed);
    if (closed === 4) break;
    await assert.rejects(new Visitor(server).connect(), /503/);
    await clock.advance(2_000);
  }
  assert.deepEqual(codes, [1_012, 1_012, 1_012, 1_012]);
  let isClosed = false;
  void closing.then(() => (isClosed = true));
  while (!isClosed) await clock.advance(10);
});

test("A socket that is admitted while the server closes is refused", async () => {
  let admit = () => {};
  let isAsked = false;
  const { live, app } = make({
    identify: () => new Promise((resolve) => ((isAsked = true), (admit = () => resolve(null)))),
  });
  const server = await live.listen(app, 0);
  const first = await Promise.all([new Visitor(server).connect(), until(() => isAsked).then(() => admit())]);
  isAsked = false;
  const second = new Visitor(server).connect();
  const refused = assert.rejects(second, /503/);
  await until(() => isAsked);
  first[0].ws.on("close", () => {});
  const closing = live.close();
  admit();
  await within(5_000, closing);
  await refused;
  assert.equal(live.stats().sockets, 0);
});

test("A refused upgrade leaves no connection, whatever its peer does", async () => {
  const { live, app } = make();
  const server = await live.listen(app, 0);
  const peer = connect({ port: portOf(server), host: "127.0.0.1", allowHalfOpen: true }, () =>
    peer.write(HANDSHAKE.replace("vsn=2.0.0", "vsn=1.0.0")),
  );
  peer.on("error", () => {});
  peer.resume();
  await new Promise((resolve) => peer.on("end", resolve));
  await until(async () => (await connections(server)) === 0);
  peer.destroy();
  await live.close();
});

test("A request that is answered while the server closes gets its answer", async () => {
  const { live, app } = make();
  let answer = () => {};
  app.get("/slow", (_request, response) => void (answer = () => response.send("done")));
  const server = await live.listen(app, 0);
  const response = fetch(`http://localhost:${portOf(server)}/slow`);
  await until(() => answer.toString().includes("send"));
  const closing = live.close();
  setImmediate(answer);
  assert.equal(await (await response).text(), "done");
  await within(5_000, closing);
});

test("A taken port is a clear error, after which another can be tried, and close leaves nothing", async () => {
  const { live, app } = make();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, resolve));
  await assert.rejects(live.listen(app, portOf(taken)), { code: "EADDRINUSE" });
  const server = await live.listen(app, 0);
  assert.equal((await new Visitor(server).get("/")).status, 200);
  await live.close();
  taken.close();
});

test("A server closed before it listens, twice, or while it begins to, is closed", async () => {
  const early = make();
  await early.live.close();
  await early.live.close();
  await assert.rejects(early.live.listen(early.app, 0), (error: unknown) => {
    return error instanceof ConviveError && error.code === "SERVER_CLOSED";
  });
  const hasty = make();
  const listening = hasty.live.listen(hasty.app, 0).then(
    (server) => server.listening,
    () => false,
  );
  await within(5_000, hasty.live.close());
  assert.equal(await within(1_000, listening), false);
});

test("A server is taken once, and shares its upgrades with others", async () => {
  const { live, app } = make();
  const server = createServer(app);
  server.on("upgrade", (request, socket) => {
    if (request.url === "/theirs") socket.end("HTTP/1.1 418 Theirs\r\n\r\n");
  });
  live.attach(server);
  live.attach(server);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const visitor = new Visitor(server);
  const { reply } = await visitor.visit("/");
  assert.ok(reply.connection);
  await assert.rejects(visitor.connect({ path: "/theirs" }), /418/);
  await live.close();
  assert.equal(server.listenerCount("upgrade"), 1);
  server.closeAllConnections();
  server.close();
});

test("A process ends by itself once its server is closed", async () => {
  const program = `
    import express from "express";
    import { convive, inline, LiveView } from "./src/index.ts";
    class V extends LiveView { static template = inline\`x\`; static viewName = "v"; mount() { this.every(10, () => {}); } }
    const app = express();
    const live = convive({ mode: "development", templates: "templates", secret: "a secret of sixteen characters" });
    app.use(live.middleware());
    app.get("/", live.view(V));
    const server = await live.listen(app, 0);
    await (await fetch("http://localhost:" + server.address().port)).text();
    await live.close();
    console.log("closed", process.getActiveResourcesInfo().filter((name) => name === "FSEventWrap").length);
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", program],
    { cwd: new URL("..", import.meta.url).pathname, timeout: 20_000 },
  );
  assert.equal(stdout.trim(), "closed 0");
});
