import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { Balancer, type Target } from "./balancer.js";

const UPGRADE = "GET /convive/websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** A server that says its name, then what it hears. */
async function startEcho(t: TestContext, name: string): Promise<Target & { stop(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.write(`${name} `);
    socket.pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    for (const socket of sockets) socket.resetAndDestroy();
    server.close();
  };
  t.after(stop);
  return { port: (server.address() as AddressInfo).port, stop };
}

async function startBalancer(t: TestContext, targets: readonly Target[]): Promise<number> {
  const balancer = new Balancer(targets);
  t.after(() => balancer.close());
  return balancer.listen(0, "127.0.0.1");
}

class Client {
  readonly socket: Socket;
  heard = "";

  constructor(t: TestContext, port: number, first: string) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.socket.on("data", (chunk: Buffer) => (this.heard += chunk.toString()));
    this.socket.write(first);
    t.after(() => this.socket.destroy());
  }

  async hears(part: string): Promise<void> {
    while (!this.heard.includes(part)) await once(this.socket, "data");
  }

  /** Who answers. */
  async name(): Promise<string> {
    await this.hears(" ");
    return this.heard.split(" ")[0]!;
  }
}

test("connections go to the nodes in turn, WebSockets to the one that has the fewest", async (t) => {
  const port = await startBalancer(t, [await startEcho(t, "one"), await startEcho(t, "two")]);
  const names: string[] = [];
  for (let n = 0; n < 4; n += 1) names.push(await new Client(t, port, REQUEST).name());
  assert.deepEqual(names, ["one", "two", "one", "two"]);
  const ada = new Client(t, port, UPGRADE);
  assert.equal(await ada.name(), "one");
  await new Client(t, port, REQUEST).name();
  const grace = new Client(t, port, UPGRADE);
  assert.equal(await grace.name(), "two");
  grace.socket.end();
  await once(grace.socket, "close");
  await new Client(t, port, REQUEST).name();
  assert.equal(await new Client(t, port, UPGRADE).name(), "two");
});

test("a node that is down is passed over, and without any the answer is 503", async (t) => {
  const [one, two] = [await startEcho(t, "one"), await startEcho(t, "two")];
  const port = await startBalancer(t, [one, two, { port: null }]);
  one.stop();
  for (let n = 0; n < 4; n += 1) assert.equal(await new Client(t, port, REQUEST).name(), "two");
  two.stop();
  await new Client(t, port, REQUEST).hears("HTTP/1.1 503 ");
});

test("what is said goes through both ways as it is, also after one side has ended", async (t) => {
  const port = await startBalancer(t, [await startEcho(t, "one")]);
  const client = new Client(t, port, REQUEST);
  await client.name();
  client.socket.end("and the last word");
  await once(client.socket, "end");
  assert.equal(client.heard, `one ${REQUEST}and the last word`);
});

test("who loses the node loses the connection, and a client that says nothing harms nobody", async (t) => {
  const node = await startEcho(t, "one");
  const port = await startBalancer(t, [node]);
  const silent = connect({ port, host: "127.0.0.1" });
  t.after(() => silent.destroy());
  await once(silent, "connect");
  const client = new Client(t, port, UPGRADE);
  await client.name();
  const ended = once(client.socket, "end");
  node.stop();
  await ended;
});
