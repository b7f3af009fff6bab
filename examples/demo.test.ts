import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createDemo } from "./demo.js";

test("without its Redis the demo serves and says on the page that others may be out of date; while it drains its health is 503", async (t) => {
  // Nobody listens there.
  const redis = { host: "127.0.0.1", port: 1 };
  const logger = { info() {}, warn() {}, error() {} };
  const { app, live } = createDemo({ redis, logger, secret: "a secret that only tests know", mode: "development" });
  const server = createServer(app).listen(0, "127.0.0.1");
  t.after(async () => {
    await live.close();
    server.close().closeAllConnections();
  });
  await once(server, "listening");
  live.attach(server);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const path of ["/whiteboard/a", "/chat/a", "/document/a"]) {
    const page = await fetch(url + path);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /role="status">Others may be out of date: reconnecting…</);
  }
  const degraded = await fetch(`${url}/healthz`);
  assert.equal(degraded.status, 200);
  assert.deepEqual(await degraded.json(), { status: "degraded", code: "REDIS_UNAVAILABLE" });
  await live.close();
  const draining = await fetch(`${url}/healthz`);
  assert.equal(draining.status, 503);
  assert.deepEqual(await draining.json(), { status: "draining" });
});
