import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { systemClock } from "../clock.js";
import { startRedis } from "../testing/redis-server.js";
import { silentLogger } from "../testing/silent-logger.js";
import { until } from "../testing/until.js";
import { drop } from "./hanging.js";
import { RedisLink } from "./link.js";

/** A connection to somebody who takes it and never says anything. */
async function silentEnd(t: TestContext): Promise<Socket> {
  const taken: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    taken.push(socket);
    socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => {});
  t.after(() => {
    for (const each of [...taken, socket]) each.destroy();
    server.close();
  });
  return socket;
}

test("a socket that is dropped says that it is closed, also while it connects and when it is ending already", async (t) => {
  const [connecting, open, ending] = [await silentEnd(t), await silentEnd(t), await silentEnd(t)];
  await Promise.all([open, ending].map((socket) => once(socket, "connect")));
  ending.end();
  await once(ending, "finish");
  for (const socket of [connecting, open, ending]) {
    const closed = once(socket, "close");
    drop(socket);
    await closed;
  }
});

/** A way to Redis on which, from some moment on, the connections that hear channels are given nothing any more. */
async function wayTo(t: TestContext, port: number): Promise<{ port: number; goSilent(): number }> {
  const listening = new Set<Socket>();
  const silent = new Set<Socket>();
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const redis = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [client, redis],
      [redis, client],
    ] as const) {
      open.add(from);
      from.on("error", () => {});
      from.on("close", () => to.destroy());
    }
    client.on("data", (chunk) => {
      if (/subscribe/i.test(chunk.toString())) listening.add(client);
      redis.write(chunk);
    });
    redis.on("data", (chunk) => silent.has(client) || client.write(chunk));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const each of open) each.destroy();
  });
  const goSilent = () => {
    for (const each of listening) silent.add(each);
    return silent.size;
  };
  return { port: (server.address() as AddressInfo).port, goSilent };
}

test("a connection that hears nothing any more is made anew, and what is told then is heard", async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const way = await wayTo(t, redis.port);
  const place = `redis://127.0.0.1:${way.port}`;
  const link = new RedisLink({ place, deadlineMs: 10_000, probeMs: 100, clock: systemClock, logger: silentLogger });
  t.after(() => link.close());
  link.keepHearing("probe");
  const heard = new Set<string>();
  await link.subscribe("room", (text) => heard.add(text));
  await until(async () => (await link.call("PUBLISH", "probe", "0")) === 1);
  assert.equal(way.goSilent(), 1);
  await until(async () => {
    await link.call("PUBLISH", "room", "again");
    return heard.has("again");
  });
});
