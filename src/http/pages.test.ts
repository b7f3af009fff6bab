import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { after, test } from "node:test";
import express, { Router } from "express";
import { convive, event, forbidden, inline, LiveView, redirect, type ConviveOptions, type Live } from "../index.js";
import { toHtml } from "../render/rendered.js";
import { ticketOf, Visitor } from "../testing/visitor.js";

const running: Live[] = [];
after(async () => {
  for (const live of running) await live.close();
});

async function serve(routes: (app: express.Express, live: Live) => void, options: ConviveOptions = {}) {
  const quiet = { info() {}, warn() {}, error() {} };
  const live = convive({ secret: "a secret of sixteen characters", mode: "development", logger: quiet, ...options });
  running.push(live);
  const app = express();
  app.use(live.middleware());
  routes(app, live);
  const server = await live.listen(app, 0);
  return { app, live, server, visitor: new Visitor(server) };
}

/** The whole answer to a request that fetch would not send as it is. */
function rawly(server: Server, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1", () => socket.write(request));
    let text = "";
    socket.on("data", (data) => (text += String(data)));
    socket.on("end", () => resolve(text)).on("error", reject);
  });
}

class PlaceView extends LiveView<{ team: string; id: string }> {
  static override template = inline`<p><%= it.params.team %>/<%= it.params.id %></p><i><%= it.url.href %></i>`;
  static override viewName = "place";
  @event ping() {
    return "pong";
  }
}

test("Params of a router above the route are there on the socket too", async () => {
  const { visitor } = await serve((app, live) => {
    const router = Router({ mergeParams: true });
    router.get("/boards/:id", live.view(PlaceView));
    app.use("/teams/:team", router);
  });
  const { html, reply } = await visitor.visit("/teams/red+blue/boards/7?x=1");
  assert.match(html, /<p>red\+blue\/7<\/p>/);
  assert.match(toHtml(reply.rendered, reply.statics), /<p>red\+blue\/7<\/p>/);
});

test("A page of one place cannot be joined at another that its route's middleware never saw", async () => {
  const { visitor } = await serve((app, live) => {
    const members: express.RequestHandler = (request, response, next) => {
      if (request.params["id"] === "secret") response.status(403).end();
      else next();
    };
    app.get("/:team/boards/:id", members, live.view(PlaceView));
  });
  const { topic, token } = ticketOf((await visitor.get("/red/boards/7")).html);
  const socket = await visitor.connect();
  const { response } = await socket.joinRaw(topic, { v: 1, token, url: "/red/boards/secret" });
  assert.deepEqual(response, { reason: "stale" });
  const reply = await socket.join(topic, token, "/red/boards/7?tab=2");
  assert.match(toHtml(reply.rendered, reply.statics), /tab=2/);
  assert.equal((await socket.push(topic, "url", { url: "/red/boards/secret" })).status, "error");
  assert.equal((await socket.push(topic, "url", { url: "/red/boards/%E0%A4%A" })).response["reason"], "another page");
});

test("A path is a path of this site, however many slashes it begins with, and however long its query is", async () => {
  const { server, visitor } = await serve((app, live) => void app.get("/*rest", live.view(PlaceView)));
  const origin = visitor.origin.replace("localhost", "127.0.0.1");
  const host = origin.slice("http://".length);
  for (const path of ["//evil.example/x", "//[", "http://evil.example/x"]) {
    const answer = await rawly(server, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1.1 200/, path);
    assert.match(answer, new RegExp(`<i>http://${host.replace(".", "\\.")}/`), path);
  }
  const { html } = await visitor.get("//evil.example/x");
  const { topic, token } = ticketOf(html);
  const socket = await visitor.connect();
  assert.match(JSON.stringify(await socket.join(topic, token, "//evil.example/x")), /localhost:\d+\/\/evil\.example/);
  const long = `/long/${"p".repeat(4_000)}?q=${"x".repeat(6_000)}`;
  await visitor.visit(long);
});

test("The script is not sent again to who has it, weakly tagged or one of several", async () => {
  const { visitor } = await serve(() => {});
  const { headers } = await visitor.get("/convive/convive.js");
  const tag = headers.get("etag")!;
  assert.equal((await visitor.get("/convive/convive.js", { "if-none-match": `W/${tag}` })).status, 304);
  assert.equal((await visitor.get("/convive/convive.js", { "if-none-match": `"other", ${tag}` })).status, 304);
  assert.equal((await visitor.get("/convive/convive.js", { "if-none-match": `"other"` })).status, 200);
  const head = await fetch(`${visitor.origin}/convive/convive.js`, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.ok(Number(head.headers.get("content-length")) > 1_000);
});

test("A page is HTML of a known length that nobody keeps, and its head can be asked for alone", async () => {
  const { visitor } = await serve((app, live) => app.get("/:team/:id", live.view(PlaceView)));
  const whole = await fetch(`${visitor.origin}/red/1`);
  const length = Buffer.byteLength(await whole.text());
  const alone = await fetch(`${visitor.origin}/red/1`, { method: "HEAD" });
  for (const { status, headers } of [whole, alone]) {
    const said = ["content-type", "content-length", "cache-control"].map((name) => headers.get(name));
    assert.deepEqual([status, ...said], [200, "text/html; charset=utf-8", String(length), "private, no-cache"]);
  }
  assert.equal(await alone.text(), "");
});

test("A guard of an embedded view redirects and refuses the whole page", async () => {
  let verdict = () => redirect("/login");
  class EmbeddedView extends LiveView {
    static override template = inline`<p>in</p>`;
    static override viewName = "embedded";
    static override guards = [
      () => {
        throw verdict();
      },
    ];
  }
  const { visitor } = await serve((app, live) => {
    app.get("/", async (request, response) => void response.send(await live.render(EmbeddedView, request, {})));
  });
  const page = await visitor.get("/");
  assert.deepEqual([page.status, page.headers.get("location")], [302, "/login"]);
  verdict = forbidden;
  assert.equal((await visitor.get("/")).status, 403);
});

test("A view without a layout is its HTML alone; a mount that throws nothing in particular is an error all the same", async () => {
  class BareView extends LiveView {
    static override template = inline`<p>bare</p>`;
    static override viewName = "bare";
    static override layout = false as const;
    override mount() {
      if (this.url.search) throw undefined; // eslint-disable-line @typescript-eslint/only-throw-error
    }
  }
  const { visitor } = await serve((app, live) => void app.get("/", live.view(BareView)));
  assert.match((await visitor.get("/")).html, /^<div data-live="bare" data-live-token="[^"]+"><p>bare<\/p><\/div>$/);
  assert.equal((await visitor.get("/?broken")).status, 500);
});

test("identify may answer with nothing, and its error is a refused page and a refused socket", async () => {
  let answer: () => unknown = () => undefined;
  const { visitor } = await serve((app, live) => void app.get("/:id", live.view(PlaceView)), {
    identify: () => answer() as null,
  });
  const { topic, token } = ticketOf((await visitor.get("/1")).html);
  const socket = await visitor.connect();
  await socket.join(topic, token, "/1");
  answer = () => {
    throw Object.assign(new Error("session expired"), { status: 401 });
  };
  assert.equal((await visitor.get("/1")).status, 401);
  await assert.rejects(visitor.connect(), /401/);
  answer = () => ({ name: "no id" });
  assert.equal((await visitor.get("/1")).status, 500);
  await assert.rejects(visitor.connect(), /500/);
});

test("Behind a proxy that ends TLS the cookie is for TLS only; the IPv6 host is an origin like any other", async () => {
  const { server, visitor } = await serve((app, live) => void app.get("/:id", live.view(PlaceView)), {
    trustProxy: true,
  });
  const { headers } = await new Visitor(server).get("/1", { "x-forwarded-proto": "https" });
  assert.match(headers.get("set-cookie")!, /; HttpOnly; SameSite=Lax; Secure$/);
  const { port } = server.address() as AddressInfo;
  const page = await rawly(server, `GET /1 HTTP/1.1\r\nHost: [::1]:${port}\r\nConnection: close\r\n\r\n`);
  assert.ok(page.includes(`http://[::1]:${port}/1`));
  await visitor.get("/1");
});

test("An app that forgot the middleware, or serves its sockets to nobody, is told what to do", async () => {
  const warnings: string[] = [];
  const logger = { info() {}, warn: (_: object, message = "") => void warnings.push(message), error() {} };
  const live = convive({ secret: "a secret of sixteen characters", mode: "development", logger });
  running.push(live);
  const app = express();
  const view = live.view(PlaceView);
  app.get("/early", view);
  const server = app.listen(0);
  try {
    await once(server, "listening");
    const visitor = new Visitor(server);
    await visitor.get("/early");
    await visitor.get("/early");
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /app\.use\(live\.middleware\(\)\)/);
    app.use(live.middleware());
    await assert.rejects(visitor.connect(), /426/);
    assert.match(warnings[1]!, /live\.listen\(app\).*live\.attach\(server\)/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
