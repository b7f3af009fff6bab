import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import express from "express";
import { Redis } from "ioredis";
import {
  convive,
  ConviveError,
  inline,
  LiveView,
  PresenceManager,
  PresenceMixin,
  type ConviveOptions,
  type ErrorCode,
} from "./index.js";
import { freePort, startRedis, type RedisServerProcess } from "./testing/redis-server.js";
import { Visitor } from "./testing/visitor.js";

const SECRET = "a secret of sixteen characters";
const DEADLINE_MS = 30_000;
const quiet = { info() {}, warn() {}, error() {} };

let redis: RedisServerProcess;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

class RoomView extends PresenceMixin(LiveView<{ id: string }>)<{ name: string }> {
  static override template = inline`<p><%= it.presences.map((each) => each.name).join(" ") %></p>`;
  static override viewName = "room";
  static override presenceKey = "room:{id}";
  override async mount() {
    this.subscribe("news", (news) => this.pushEvent("news", { news }));
    await this.trackPresence({ name: this.url.searchParams.get("name") ?? "nobody" });
  }
}

async function startNode(t: TestContext, options: ConviveOptions) {
  const app = express();
  const live = convive({ secret: SECRET, logger: quiet, mode: "development", ...options });
  t.after(() => live.close());
  app.use(live.middleware());
  app.get("/rooms/:id", live.view(RoomView));
  const server = await live.listen(app, 0);
  return { live, server };
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, "it did not come to be so in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function coded(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof ConviveError && error.code === code;
}

test("two nodes with one Redis are one app: lists, topics, pushes", async (t) => {
  const place = { url: redis.url, prefix: "two nodes" };
  const [one, two] = [await startNode(t, { redis: place }), await startNode(t, { redis: place })];
  const ann = await new Visitor(one.server).visit("/rooms/1?name=Ann");
  const bob = await new Visitor(two.server).visit("/rooms/1?name=Bob");
  await until(async () => (await one.live.presence.presenceCount("room:1")) === 2);
  const names = (await two.live.presence.listPresences<{ name: string }>("room:1")).map(({ name }) => name);
  assert.deepEqual(names, ["Ann", "Bob"]);
  const { rooms, connections, storeMs } = one.live.stats().presence;
  assert.deepEqual([rooms, connections, typeof storeMs], [1, 1, "number"]);
  await two.live.publish("news", "for all");
  await one.live.push({ key: "room:1" }, "hello", {});
  for (const { socket } of [ann, bob]) {
    await until(() => /for all/.test(JSON.stringify(socket.frames)) && /hello/.test(JSON.stringify(socket.frames)));
  }
});

test("who was on a node that closes is kept in the list, and comes back at another without a leave", async (t) => {
  const place = { url: redis.url, prefix: "drained" };
  const [one, two] = [await startNode(t, { redis: place }), await startNode(t, { redis: place })];
  await new Visitor(one.server).visit("/rooms/1?name=Ann");
  const bob = new Visitor(two.server);
  await bob.visit("/rooms/1?name=Bob");
  await until(async () => (await one.live.presence.presenceCount("room:1")) === 2);
  const told: string[] = [];
  for (const event of ["join", "leave"] as const) one.live.presence.on(event, () => told.push(event));
  await two.live.close();
  const onlooker = new PresenceManager({ redis: place });
  t.after(() => onlooker.close());
  const kept = await onlooker.listPresences<{ name: string }>("room:1");
  assert.deepEqual(
    kept.map(({ name, connections }) => [name, connections]),
    [
      ["Ann", 1],
      ["Bob", 0],
    ],
  );
  const again = new Visitor(one.server);
  again.set(...(bob.cookie.split("=") as [string, string]));
  await again.visit("/rooms/1?name=Bob");
  await until(async () => (await onlooker.listPresences("room:1"))[1]?.connections === 1);
  assert.deepEqual(told, []);
});

test("apps with other prefixes do not meet", async (t) => {
  const ours = new PresenceManager({ redis: { url: redis.url, prefix: "ours" } });
  const theirs = new PresenceManager({ redis: { url: redis.url, prefix: "theirs" } });
  t.after(() => Promise.all([ours.close(), theirs.close()]));
  await ours.addBot("lobby", "ann", {});
  assert.equal(await ours.presenceCount("lobby"), 1);
  assert.equal(await theirs.presenceCount("lobby"), 0);
});

test("an app whose Redis refuses it does not begin to serve, and its health names the reason", async (t) => {
  const guarded = await startRedis(["--requirepass", "right"]);
  t.after(() => guarded.stop());
  const live = convive({ secret: SECRET, logger: quiet, redis: `redis://:wrong@127.0.0.1:${guarded.port}` });
  t.after(() => live.close());
  await assert.rejects(live.listen(express(), 0), coded("REDIS_LOGIN_REFUSED"));
  await until(() => live.health().code === "REDIS_LOGIN_REFUSED");
  assert.equal(live.health().status, "degraded");
  assert.throws(() => convive({ redis: "localhost:6379" }), coded("REDIS_URL_INVALID"));
  const misspelt = { host: "localhost", pasword: "x" };
  assert.throws(() => convive({ redis: misspelt }), /redis\.pasword"; did you mean "password"/);
  const other = convive({ secret: SECRET, logger: quiet, redis: { url: `${redis.url}/99` } });
  t.after(() => other.close());
  await assert.rejects(other.listen(express(), 0), coded("REDIS_URL_INVALID"));
});

test("an app whose Redis answers nothing for now serves, says so, and is whole when it answers again", async (t) => {
  const busy = await startRedis(["--lua-time-limit", "50"]);
  const [admin, other] = [new Redis(busy.url), new Redis(busy.url)];
  for (const client of [admin, other]) client.on("error", () => {});
  t.after(async () => {
    for (const client of [admin, other]) client.disconnect();
    await busy.stop();
  });
  other.eval("while true do end", 0).catch(() => {});
  await until(async () => /BUSY/.test(String(await admin.ping().catch((error: unknown) => error))));
  const { live } = await startNode(t, { redis: busy.url });
  assert.deepEqual(live.health(), { status: "degraded", code: "REDIS_BUSY" });
  await admin.script("KILL");
  await until(() => live.health().status === "ok");
});

test("an app whose Redis is away serves, says so, and is whole when Redis comes", async (t) => {
  const port = await freePort();
  const { live, server } = await startNode(t, { redis: `redis://127.0.0.1:${port}` });
  assert.deepEqual(live.health(), { status: "degraded", code: "REDIS_UNAVAILABLE" });
  const { html } = await new Visitor(server).get("/rooms/1?name=Ann");
  assert.match(html, /<p/);
  const { reply } = await new Visitor(server).visit("/rooms/1?name=Ann");
  assert.match(JSON.stringify(reply), /Ann/);
  const late = await startRedis([], port);
  t.after(() => late.stop());
  await until(() => live.health().status === "ok");
  const other = new PresenceManager({ redis: late.url });
  t.after(() => other.close());
  await until(async () => (await other.presenceCount("room:1")) === 1);
});
