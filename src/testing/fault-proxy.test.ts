import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { FaultProxy } from "./fault-proxy.js";
import { freePort } from "./redis-server.js";
import { until } from "./until.js";

/** What one end of a connection heard. */
class End {
  readonly chunks: Buffer[] = [];
  hasEnded = false;
  error: string | null = null;

  constructor(readonly socket: Socket) {
    socket.on("data", (chunk) => this.chunks.push(chunk));
    socket.on("end", () => (this.hasEnded = true));
    socket.on("error", (error: NodeJS.ErrnoException) => (this.error = error.code ?? error.message));
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

async function startServer(t: TestContext): Promise<{ port: number; ends: End[] }> {
  const ends: End[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => ends.push(new End(socket))).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const { socket } of ends) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, ends };
}

async function open(t: TestContext, proxy: FaultProxy): Promise<End> {
  const socket = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
  t.after(() => socket.destroy());
  const end = new End(socket);
  await once(socket, "connect");
  return end;
}

/** A client and a server with a proxy between, and proof that both ways work. */
async function begin(t: TestContext, random?: () => number) {
  const { port, ends } = await startServer(t);
  const proxy = await FaultProxy.start(port, random ? { random } : {});
  t.after(() => proxy.stop());
  const client = await open(t, proxy);
  await until(() => ends.length === 1);
  const server = ends[0]!;
  client.socket.write("up.");
  server.socket.write("down.");
  await until(() => server.text === "up." && client.text === "down.");
  return { proxy, client, server, ends };
}

/** Bytes of another connection went all the way: whatever else was to come would have come. */
async function provePassage(t: TestContext, proxy: FaultProxy, ends: End[]): Promise<void> {
  const client = await open(t, proxy);
  client.socket.write("proof");
  await until(() => ends.some(({ text }) => text === "proof"));
}

test("bytes and ends go both ways, and a closed connection is forgotten", async (t) => {
  const { proxy, client, server } = await begin(t);
  const much = "x".repeat(1_000_000);
  client.socket.end(much);
  await until(() => server.hasEnded);
  assert.equal(server.text.length, "up.".length + much.length);
  server.socket.end("last");
  await until(() => client.hasEnded);
  assert.equal(client.text, "down.last");
  await until(() => proxy.connections === 0);
});

test("a black hole swallows both ways and every end; healed, what lost bytes is reset", async (t) => {
  const { proxy, client, server, ends } = await begin(t);
  proxy.blackhole();
  client.socket.write("lost");
  server.socket.write("lost");
  const dumb = await open(t, proxy);
  dumb.socket.write("lost too");
  const quiet = await open(t, proxy);
  quiet.socket.end();
  // The other ends were connected behind, and hear nothing.
  await until(() => ends.length === 3);
  server.socket.end();
  proxy.forward();
  await until(() => client.error !== null && server.error !== null && dumb.error !== null);
  await until(() => quiet.socket.destroyed || quiet.error !== null);
  assert.deepEqual([client.error, server.error, dumb.error], ["ECONNRESET", "ECONNRESET", "ECONNRESET"]);
  assert.deepEqual([client.text, client.hasEnded], ["down.", false]);
  assert.deepEqual(
    ends.map(({ text, hasEnded }) => [text, hasEnded]),
    [
      ["up.", false],
      ["", false],
      ["", false],
    ],
  );
  await provePassage(t, proxy, ends);
});

test("a connection that was silent while the way was cut goes on", async (t) => {
  const { proxy, client, server } = await begin(t);
  proxy.blackhole();
  proxy.forward();
  client.socket.write("more");
  await until(() => server.text === "up.more");
});

for (const way of ["up", "down"] as const) {
  test(`half: what goes ${way} is swallowed, what goes the other way passes`, async (t) => {
    const { proxy, client, server } = await begin(t);
    const [cut, open] = way === "up" ? [client, server] : [server, client];
    proxy.half(way);
    cut.socket.write("lost");
    open.socket.write("kept");
    await until(() => cut.text.endsWith("kept"));
    // Had it passed, it would be there when a later byte of the other way is.
    open.socket.write("!");
    await until(() => cut.text.endsWith("kept!"));
    assert.equal(open.text.includes("lost"), false);
    proxy.forward();
    await until(() => client.error !== null && server.error !== null);
  });
}

test("delay makes late, in the order of coming, and not one after the other", async (t) => {
  const rolls = [0.9, 0, 0.5];
  const { proxy, client, server } = await begin(t, () => rolls.shift() ?? 0);
  proxy.delay(150, 100);
  const before = performance.now();
  for (const part of ["a", "b", "c"]) {
    client.socket.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => server.text.length > 3);
  assert.ok(performance.now() - before >= 150, "it came before its time");
  await until(() => server.text === "up.abc");
  proxy.delay(0);
  client.socket.write("d");
  await until(() => server.text === "up.abcd");
});

test("slice sends piece by piece", async (t) => {
  const { proxy, client, server } = await begin(t);
  proxy.slice(10);
  const text = Array.from({ length: 50 }, (_, i) => String(i).padStart(10, ".")).join("");
  client.socket.write(text);
  await until(() => server.text === `up.${text}`);
  assert.ok(server.chunks.length > 10, `it came in ${server.chunks.length} pieces`);
});

test("reset breaks what is open, and lets new connections through", async (t) => {
  const { proxy, client, server, ends } = await begin(t);
  proxy.reset();
  await until(() => client.error === "ECONNRESET" && server.error === "ECONNRESET");
  await provePassage(t, proxy, ends);
});

test("hold keeps everything back, ends included, and release lets all of it go in order", async (t) => {
  const { proxy, client, server, ends } = await begin(t);
  proxy.hold();
  client.socket.write("held ");
  client.socket.end("to the end");
  const other = await open(t, proxy);
  other.socket.write("other");
  await until(() => ends.length === 2);
  assert.deepEqual([server.text, server.hasEnded, ends[1]!.text], ["up.", false, ""]);
  proxy.release();
  await until(() => server.hasEnded && ends[1]!.text === "other");
  assert.equal(server.text, "up.held to the end");
});

test("what is held makes its sender wait", async (t) => {
  const { proxy, client, server } = await begin(t);
  proxy.hold();
  const much = Buffer.alloc(32 * 1_048_576, "x");
  let isSent = false;
  client.socket.write(much, () => (isSent = true));
  // Many more turns than it would take to take it all in.
  for (let turn = 0; turn < 3_000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isSent, false);
  proxy.release();
  await until(() => server.text.length === much.length + 3);
});

test("a new target is where new connections lead", async (t) => {
  const { proxy, client, server } = await begin(t);
  const second = await startServer(t);
  proxy.retarget(second.port);
  client.socket.write("old");
  await until(() => server.text === "up.old");
  proxy.reset();
  await until(() => client.error !== null);
  await provePassage(t, proxy, second.ends);
});

test("who connects to a target that is not there is sent away", async (t) => {
  const { proxy } = await begin(t);
  proxy.retarget(await freePort());
  const client = await open(t, proxy);
  await until(() => client.error !== null);
});
