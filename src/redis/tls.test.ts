// Redis behind TLS: one server, by way of a Sentinel, and of a Cluster.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Redis } from "ioredis";
import { systemClock } from "../clock.js";
import { ConviveError } from "../errors.js";
import { PresenceManager } from "../presence/manager.js";
import { FaultProxy } from "../testing/fault-proxy.js";
import { startRedis } from "../testing/redis-server.js";
import { CERTIFICATE, KEY, tlsWords, withoutTls } from "../testing/redis-tls.js";
import { freePortOfCluster } from "../testing/redis-topology.js";
import { silentLogger as logger } from "../testing/silent-logger.js";
import { until } from "../testing/until.js";
import type { RedisOption, RedisPlace } from "./clients.js";
import { RedisLink } from "./link.js";

const HOST = "127.0.0.1";
const SLOTS = 16_384;
const tls = { ca: CERTIFICATE };
const options = { skip: withoutTls() };

function linkTo(t: TestContext, place: RedisPlace, deadlineMs = 20_000): RedisLink {
  const link = new RedisLink({ place, deadlineMs, retryMs: 20, clock: systemClock, logger });
  t.after(() => link.close());
  return link;
}

/** Who joins by one manager is seen, and seen to leave, by another. */
async function assertShared(t: TestContext, redis: RedisOption): Promise<void> {
  const [one, two] = [new PresenceManager({ redis, logger }), new PresenceManager({ redis, logger })];
  t.after(() => Promise.all([one.close(), two.close()]));
  await two.addBot("room", "bob", {});
  await one.addBot("room", "ann", {});
  await until(async () => (await two.presenceCount("room")) === 2);
  await two.disconnectUser("ann");
  await until(async () => (await two.presenceCount("room")) === 1);
}

async function reasonOf(link: RedisLink): Promise<string> {
  const error = await link.opened.catch((thrown: unknown) => thrown);
  assert.ok(error instanceof ConviveError, String(error));
  assert.equal(error.code, "REDIS_UNAVAILABLE");
  return error.message;
}

async function started(t: TestContext, words: readonly string[], freePort?: () => Promise<number>) {
  const server = await startRedis(words, freePort);
  t.after(() => server.stop());
  return server;
}

test("rooms are shared over TLS", options, async (t) => {
  const { port } = await started(t, tlsWords(t));
  await assertShared(t, { host: HOST, port, tls });
});

test("a server behind TLS that hangs is dropped, and found again", options, async (t) => {
  const { port } = await started(t, tlsWords(t));
  const proxy = await FaultProxy.start(port);
  t.after(() => proxy.stop());
  const link = linkTo(t, { host: HOST, port: proxy.port, tls }, 300);
  await link.opened;
  proxy.blackhole();
  await assert.rejects(link.call("INFO"), { code: "REDIS_UNAVAILABLE" });
  proxy.forward();
  await until(() => link.call("INFO").then(Boolean, () => false));
});

test("whoever is not trusted, or talks otherwise, is not talked to, and the next step is named", options, async (t) => {
  const [secret, open] = [await started(t, tlsWords(t)), await started(t, [])];
  assert.match(await reasonOf(linkTo(t, secret.url)), /self-signed certificate.*who signed it \(ca\)/);
  const otherName = { host: HOST, port: secret.port, tls: { ...tls, servername: "redis.example.com" } };
  assert.match(await reasonOf(linkTo(t, otherName)), /altnames.*\(servername\)/);
  assert.match(await reasonOf(linkTo(t, `redis://${HOST}:${secret.port}`)), /rediss: where it wants TLS/);
  assert.match(await reasonOf(linkTo(t, `rediss://${HOST}:${open.port}`, 300)), /rediss: where it wants TLS/);
});

test("a server that asks for a certificate is shown one, and whoever has none is told so", options, async (t) => {
  const { port } = await started(t, [...tlsWords(t), "--tls-auth-clients", "yes"]);
  assert.match(await reasonOf(linkTo(t, { host: HOST, port, tls })), /certificate.*\(cert, key\)/);
  await assertShared(t, { host: HOST, port, tls: { ...tls, cert: CERTIFICATE, key: KEY } });
});

test(
  "by way of Sentinels the master is talked to over TLS, and they too where that is asked for",
  options,
  async (t) => {
    const words = tlsWords(t);
    const master = await started(t, words);
    const folder = mkdtempSync(join(tmpdir(), "convive-sentinel-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const config = join(folder, "sentinel.conf");
    writeFileSync(config, `sentinel monitor main ${HOST} ${master.port} 1\n`);
    const sentinel = await started(t, [config, "--sentinel", ...words]);
    const place = { sentinels: [{ host: HOST, port: sentinel.port }], name: "main" };
    await assertShared(t, { ...place, tls, sentinelTls: tls });
    const untrusted = linkTo(t, { ...place, tls: {}, sentinelTls: tls });
    assert.match(await reasonOf(untrusted), /certificate/);
  },
);

test("of a Cluster every server is talked to over TLS", options, async (t) => {
  // It knows no other server that could tell it where it is.
  const words = [...tlsWords(t), "--cluster-enabled", "yes", "--cluster-announce-ip", HOST];
  const { port } = await started(t, words, freePortOfCluster);
  const admin = new Redis({ host: HOST, port, tls });
  t.after(() => admin.disconnect());
  await admin.cluster("ADDSLOTS", ...Array.from({ length: SLOTS }, (_, slot) => slot));
  await until(async () => (await admin.cluster("INFO")).includes("cluster_state:ok"));
  await assertShared(t, { cluster: [{ host: HOST, port }], tls });
});
