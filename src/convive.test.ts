import assert from "node:assert/strict";
import type { Server } from "node:http";
import { after, test } from "node:test";
import express, { type RequestHandler } from "express";
import session from "express-session";
import { z } from "zod";
import {
  convive,
  ConviveError,
  event,
  forbidden,
  inline,
  LiveView,
  notFound,
  PresenceMixin,
  redirect,
  type ConviveOptions,
  type Live,
} from "./index.js";
import { toHtml } from "./render/rendered.js";
import { ticketOf, Visitor } from "./testing/visitor.js";

const SECRET = "a secret of sixteen characters";
const quiet = { info() {}, warn() {}, error() {} };
const running: { live: Live; server: Server }[] = [];
after(async () => {
  for (const { live } of running) await live.close();
});

async function serve(
  routes: (app: express.Express, live: Live) => void,
  options: ConviveOptions = {},
  ...middleware: RequestHandler[]
) {
  const app = express();
  const live = convive({ secret: SECRET, logger: quiet, mode: "development", ...options });
  app.use(live.middleware(...middleware));
  routes(app, live);
  const server = await live.listen(app, 0);
  running.push({ live, server });
  return { app, live, server, visitor: () => new Visitor(server) };
}

let mounts: string[] = [];

class CounterView extends LiveView<{ id: string }> {
  static override template = inline`<p id="count"><%= it.count %></p><i><%= it.params.id %></i><b><%= it.page %></b>`;
  static override viewName = "counter";
  count = 0;
  page = "";
  override mount() {
    mounts.push(this.connected ? "socket" : "http");
    this.pageTitle = "Counter";
  }
  override handleParams() {
    this.page = this.url.searchParams.get("page") ?? "";
  }
  @event increment() {
    this.count += 1;
    return this.count;
  }
  @event(z.object({ by: z.number().int() })) add({ by }: { by: number }) {
    this.count += by;
  }
  @event fail() {
    this.count += 100;
    throw new Error("the reason, secret");
  }
  @event shout() {
    this.pushEvent("flash", { message: "hello" });
  }
  @event leave() {
    throw redirect("/elsewhere");
  }
  @event turn() {
    this.patchUrl("?page=2");
  }
  @event listen() {
    this.subscribe<{ by: number }>("counts", ({ by }) => (this.count += by));
  }
}

const serveCounter = (options: ConviveOptions = {}) =>
  serve((app, live) => void app.get("/counters/:id", live.view(CounterView)), options);

test("A page is rendered over HTTP, then mounted on the socket with the same HTML", async () => {
  const { visitor } = await serveCounter();
  mounts = [];
  const { html, reply } = await visitor().visit("/counters/7");
  assert.match(html, /<title>Counter<\/title>/);
  assert.match(
    html,
    /<meta name="convive" content="\/convive"><script src="\/convive\/convive\.js\?v=[\w-]+" defer><\/script>/,
  );
  assert.ok(html.includes(toHtml(reply.rendered, reply.statics)), "the page holds what the socket renders");
  assert.deepEqual(mounts, ["http", "socket"]);
  assert.equal(reply.title, "Counter");
});

test("An event is answered with what its handler returns, after a small diff", async () => {
  const { visitor } = await serveCounter();
  const { socket, topic } = await visitor().visit("/counters/7");
  const answer = await socket.event(topic, "increment");
  assert.deepEqual(answer, { status: "ok", response: { reply: 1 } });
  assert.deepEqual(
    socket.frames.map((frame) => frame[3]),
    ["phx_reply", "diff", "phx_reply"],
  );
  assert.deepEqual(await socket.event(topic, "add", { by: 41 }), { status: "ok", response: {} });
  assert.match(JSON.stringify(socket.payloads("diff").at(-1)), /"42"/);
});

test("Unknown events, wrong payloads and throwing handlers are answered, and the view lives on", async () => {
  const { visitor } = await serveCounter({ mode: "production" });
  const { socket, topic } = await visitor().visit("/counters/7");
  assert.deepEqual((await socket.event(topic, "mount")).response, { reason: "EVENT_UNKNOWN" });
  assert.deepEqual((await socket.event(topic, "__proto__")).response, { reason: "EVENT_UNKNOWN" });
  assert.equal((await socket.event(topic, "add", { by: "x" })).response["reason"], "EVENT_INVALID");
  assert.deepEqual((await socket.event(topic, "fail")).response, { reason: "EVENT_FAILED" });
  assert.deepEqual(await socket.event(topic, "increment"), { status: "ok", response: { reply: 101 } });
});

test("What a view pushes comes after its HTML; a redirect of a handler leaves the page", async () => {
  const { visitor } = await serveCounter();
  const { socket, topic } = await visitor().visit("/counters/7");
  await socket.event(topic, "shout");
  assert.deepEqual(socket.payloads("push"), [{ event: "flash", payload: { message: "hello" } }]);
  await socket.event(topic, "leave");
  assert.deepEqual(socket.payloads("redirect"), [{ to: "/elsewhere" }]);
});

test("A view changes its URL, and hears of it when the browser does; another page's URL is refused", async () => {
  const { visitor } = await serveCounter();
  const { socket, topic } = await visitor().visit("/counters/7?page=1");
  await socket.event(topic, "turn");
  assert.deepEqual(socket.payloads("patch_url"), [{ url: "/counters/7?page=2", replace: false }]);
  await socket.until((frame) => frame[3] === "diff" && JSON.stringify(frame).includes('"2"'));
  assert.deepEqual(await socket.push(topic, "url", { url: "/counters/8?page=3" }), { status: "ok", response: {} });
  assert.match(JSON.stringify(socket.payloads("diff").at(-1)), /"8".*"3"|"3".*"8"/);
  assert.equal((await socket.push(topic, "url", { url: "/other" })).status, "error");
  assert.equal((await socket.push(topic, "url", { url: "//evil.example/counters/8" })).status, "error");
});

test("A token of another person, of another view's id, changed or too old mounts nothing, and the log says why", async () => {
  let now = Date.now();
  const { systemClock } = await import("./clock.js");
  const codes: (string | undefined)[] = [];
  const warn = (_facts: object, message = "") => void codes.push(/\[(\w+)\]$/.exec(message)?.[1]);
  const { visitor } = await serveCounter({
    clock: { ...systemClock, wallTime: () => now },
    logger: { ...quiet, warn },
  });
  const ada = visitor();
  const { token, topic } = ticketOf((await ada.get("/counters/7")).html);
  const eve = visitor();
  await eve.get("/counters/7");
  const refused = async (who: Visitor, at: string, given: string) => {
    const socket = await who.connect();
    const { status, response } = await socket.joinRaw(at, { v: 1, token: given, url: "/counters/7" });
    return [status, response["reason"]];
  };
  mounts = [];
  assert.deepEqual(await refused(eve, topic, token), ["error", "stale"]);
  assert.deepEqual(await refused(visitor(), topic, token), ["error", "stale"]);
  assert.deepEqual(await refused(ada, "lv:other", token), ["error", "stale"]);
  assert.deepEqual(await refused(ada, topic, `${token}x`), ["error", "stale"]);
  assert.deepEqual(await refused(ada, topic, ""), ["error", "stale"]);
  now += 25 * 3_600_000;
  assert.deepEqual(await refused(ada, topic, token), ["error", "stale"]);
  assert.deepEqual(codes, [...Array<string>(5).fill("TOKEN_INVALID"), "TOKEN_EXPIRED"]);
  assert.deepEqual(mounts, []);
});

test("A client of another protocol version is told to load anew", async () => {
  const { visitor } = await serveCounter();
  const ada = visitor();
  const { token, topic } = ticketOf((await ada.get("/counters/7")).html);
  const socket = await ada.connect();
  assert.deepEqual((await socket.joinRaw(topic, { v: 0, token, url: "/counters/7" })).response, { reason: "stale" });
});

test("Another site's page, an unknown path and another version of the wire are refused before a socket exists", async () => {
  const { visitor } = await serveCounter();
  const ada = visitor();
  await assert.rejects(ada.connect({ origin: "http://evil.example" }), /403/);
  await assert.rejects(ada.connect({ origin: "null" }), /403/);
  await assert.rejects(ada.connect({ path: "/convive/websocket?vsn=1.0.0" }), /403/);
  await assert.rejects(ada.connect({ path: "/elsewhere" }), /404/);
});

test("Guards run on HTTP and on the socket; they redirect, hide and refuse", async () => {
  let verdict: (() => Error) | null = null;
  class GuardedView extends LiveView {
    static override template = inline`<p>in</p>`;
    static override viewName = "guarded";
    static override guards = [
      () => {
        if (verdict) throw verdict();
      },
    ];
  }
  const { visitor } = await serve((app, live) => void app.get("/", live.view(GuardedView)));
  const ada = visitor();
  const { token, topic } = ticketOf((await ada.get("/")).html);
  const tries: [() => Error, number, object][] = [
    [() => redirect("/login"), 302, { reason: "redirect", to: "/login" }],
    [notFound, 404, { reason: "not_found" }],
    [forbidden, 403, { reason: "forbidden" }],
  ];
  for (const [outcome, status, refusal] of tries) {
    verdict = outcome;
    const page = await ada.get("/");
    assert.equal(page.status, status);
    if (status === 302) assert.equal(page.headers.get("location"), "/login");
    const socket = await ada.connect();
    assert.deepEqual((await socket.joinRaw(topic, { v: 1, token, url: "/" })).response, refusal);
  }
});

test("What mount throws becomes an error page: the reason in development, a code in production", async () => {
  class BrokenView extends LiveView {
    static override template = inline`<p></p>`;
    static override viewName = "broken";
    override mount() {
      if (this.url.searchParams.has("ok") && !this.connected) return;
      throw new Error("the reason <b>");
    }
  }
  for (const mode of ["development", "production"] as const) {
    const { visitor } = await serve((app, live) => void app.get("/", live.view(BrokenView)), { mode });
    const ada = visitor();
    const page = await ada.get("/");
    assert.equal(page.status, 500);
    assert.match(page.html, /MOUNT_FAILED/);
    assert.equal(
      page.html.includes("the reason &lt;b>") || page.html.includes("the reason &lt;b&gt;"),
      mode === "development",
    );
    const { token, topic } = ticketOf((await ada.get("/?ok=1")).html);
    const socket = await ada.connect();
    const { response } = await socket.joinRaw(topic, { v: 1, token, url: "/?ok=1" });
    assert.equal(response["reason"], "failed");
    assert.equal(response["code"], "MOUNT_FAILED");
    assert.equal(String(response["html"]).includes("the reason"), mode === "development");
  }
});

test("A page comes back within its grace to the same view, once, and only its own person", async () => {
  const { visitor, live } = await serveCounter();
  const ada = visitor();
  const { socket, topic, reply, token } = await ada.visit("/counters/7");
  await socket.event(topic, "increment");
  mounts = [];
  socket.ws.terminate();
  await socket.closed;
  const again = await ada.connect();
  const resumed = await again.join(topic, token, "/counters/7", { resume: reply.resume });
  assert.equal(resumed.connection, reply.connection);
  assert.match(toHtml(resumed.rendered, resumed.statics), /<p id="count">1<\/p>/);
  assert.deepEqual(mounts, [], "the view was not mounted anew");
  assert.equal(live.stats().pages, 1);
  const stolen = await (await ada.connect()).join(topic, token, "/counters/7", { resume: reply.resume });
  assert.notEqual(stolen.connection, reply.connection, "a resume token is good for one return");
});

test("A page whose grace is over is mounted anew, and unmounted once", async () => {
  const ended: string[] = [];
  class EndingView extends LiveView {
    static override template = inline`<p></p>`;
    static override viewName = "ending";
    override unmount() {
      ended.push("unmount");
    }
  }
  const limits = { graceBrokenMs: 40, graceUnloadMs: 20 };
  const { visitor, live } = await serve((app, live) => void app.get("/", live.view(EndingView)), { limits });
  const { socket } = await visitor().visit("/");
  socket.ws.terminate();
  const deadline = Date.now() + 5_000;
  while (live.stats().pages > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(ended, ["unmount"]);
});

test("Messages of a topic and pushes from outside reach the pages", async () => {
  const { visitor, live } = await serveCounter();
  const ada = await visitor().visit("/counters/7");
  const bob = await visitor().visit("/counters/7");
  await ada.socket.event(ada.topic, "listen");
  await live.publish("counts", { by: 5 });
  await ada.socket.until((frame) => frame[3] === "diff" && JSON.stringify(frame).includes('"5"'));
  await live.push("everyone", "note", { n: 1 });
  await live.push({ user: bob.reply.user }, "note", { n: 2 });
  await bob.socket.until((frame) => JSON.stringify(frame).includes('{"n":2}'));
  await ada.socket.until((frame) => JSON.stringify(frame).includes('{"n":1}'));
  assert.equal(JSON.stringify(ada.socket.payloads("push")).includes('{"n":2}'), false);
  await assert.rejects(live.publish("counts", 1n), (error: unknown) => error instanceof ConviveError);
});

test("A push to a person or a room reaches the pages of the tenant it names, and of no other", async () => {
  class TenantView extends PresenceMixin(LiveView)<object> {
    static override template = inline`<p></p>`;
    static override viewName = "tenant";
    static override presenceKey = "hall";
    override async mount() {
      await this.trackPresence({});
    }
  }
  const { visitor, live } = await serve((app, live) => void app.get("/", live.view(TenantView)), {
    identify: () => ({ id: "7" }) as never,
    tenant: (_user, request) => (request.headers.cookie?.includes("tenant=acme") ? "acme" : ""),
  });
  const [inAcme, outside] = [visitor(), visitor()];
  inAcme.set("tenant", "acme");
  const [acme, plain] = [await inAcme.visit("/"), await outside.visit("/")];
  const heard = ({ socket }: typeof acme) => JSON.stringify(socket.frames).match(/"n":\d/g);
  const targets = [{ user: "7" }, { user: "7", tenant: "acme" }, { key: "hall" }, { key: "hall", tenant: "acme" }];
  for (const [n, to] of targets.entries()) await live.push(to, "note", { n });
  await live.push("everyone", "note", { n: 9 });
  for (const { socket } of [acme, plain]) await socket.until((frame) => JSON.stringify(frame).includes('"n":9'));
  assert.deepEqual(heard(acme), ['"n":1', '"n":3', '"n":9']);
  assert.deepEqual(heard(plain), ['"n":0', '"n":2', '"n":9']);
});

test("Who is disconnected loses every socket, and authorizePresence decides whether he comes back", async () => {
  class HallView extends PresenceMixin(LiveView)<object> {
    static override template = inline`<p></p>`;
    static override viewName = "hall-door";
    static override presenceKey = "hall";
    override async mount() {
      await this.trackPresence({});
    }
  }
  const banned = new Set<string>();
  const { visitor, live } = await serve((app, live) => void app.get("/", live.view(HallView)), {
    identify: (request) => ({ id: /who=(\w+)/.exec(request.headers.cookie ?? "")?.[1] }) as never,
    authorizePresence: ({ userId }) => !banned.has(userId),
  });
  const [ann, bob] = [visitor(), visitor()];
  for (const [person, name] of [
    [ann, "ann"],
    [bob, "bob"],
  ] as const)
    person.set("who", name);
  const tabs = [await ann.visit("/"), await ann.visit("/"), await bob.visit("/")];
  const present = async () => (await live.presence.listPresences("hall")).map(({ id }) => id);
  assert.deepEqual(await present(), ["ann", "bob"]);
  banned.add("ann");
  for (const name of ["ann", "bob"]) await live.presence.disconnectUser(name);
  assert.deepEqual(await Promise.all(tabs.map(({ socket }) => socket.closed)), [4401, 4401, 4401]);
  await bob.visit("/");
  const [{ topic, token }, socket] = [tabs[0]!, await ann.connect()];
  await assert.rejects(socket.join(topic, token, "/"), /Join refused/);
  assert.equal((await ann.get("/")).status, 403);
  assert.deepEqual(await present(), ["bob"]);
});

test("The app's session middleware runs on the upgrade, so that page and socket see the same session", async () => {
  class SessionView extends LiveView {
    static override template = inline`<p><%= it.who %></p>`;
    static override viewName = "session";
    who = "";
    override mount() {
      this.who = String((this.session as { name?: string }).name);
    }
  }
  const middleware = session({ secret: "x", resave: false, saveUninitialized: false });
  const { visitor } = await serve(
    (app, live) => {
      app.get("/login", (request, response) => {
        (request.session as unknown as { name: string }).name = "Ada";
        response.end();
      });
      app.get("/", live.view(SessionView));
    },
    {},
    middleware,
  );
  const ada = visitor();
  await ada.get("/login");
  const { reply, html } = await ada.visit("/");
  assert.match(html, /<p>Ada<\/p>/);
  assert.match(toHtml(reply.rendered, reply.statics), /<p>Ada<\/p>/);
});

test("A middleware that ends the request refuses the upgrade", async () => {
  const { visitor } = await serve(
    (app, live) => void app.get("/", live.view(CounterView)),
    {},
    (request, response, next) => {
      if (request.headers.upgrade) response.status(429).end();
      else next();
    },
  );
  await assert.rejects(visitor().connect(), /429/);
});

test("Several views stand in one page, each with an id of its own", async () => {
  const { visitor } = await serve((app, live) => {
    app.get("/", async (request, response) => {
      const one = await live.render(CounterView, request, { id: "1" });
      const two = await live.render(CounterView, request, { id: "2" });
      response.send(live.head() + one + two);
    });
  });
  const ada = visitor();
  const { html } = await ada.get("/");
  const tickets = [...html.matchAll(/data-live="([^"]*)" data-live-token="([^"]*)"/g)];
  assert.deepEqual(
    tickets.map((ticket) => ticket[1]),
    ["counter", "counter-2"],
  );
  const socket = await ada.connect();
  for (const [, id, token] of tickets) {
    const reply = await socket.join(`lv:${id}`, token!, "/");
    assert.match(toHtml(reply.rendered, reply.statics), new RegExp(`<i>${id === "counter" ? 1 : 2}</i>`));
  }
});

test("The browser's part is served, to be kept for ever under its version", async () => {
  const { visitor } = await serveCounter();
  const ada = visitor();
  const url = /src="([^"]+)"/.exec((await ada.get("/counters/7")).html)![1]!;
  const script = await ada.get(url);
  assert.equal(script.status, 200);
  assert.match(script.headers.get("cache-control")!, /immutable/);
  assert.equal((await ada.get(url, { "if-none-match": script.headers.get("etag")! })).status, 304);
  assert.equal((await ada.get("/convive/convive.mjs")).status, 200);
  assert.equal((await ada.get("/convive/nothing.js")).status, 404);
});

test("Closing tells pages to come back elsewhere, refuses new sockets and leaves nothing", async () => {
  const { visitor, live } = await serveCounter();
  const ada = visitor();
  const { socket } = await ada.visit("/counters/7");
  assert.deepEqual(live.health(), { status: "ok" });
  const closing = live.close();
  assert.deepEqual(live.health(), { status: "draining" });
  assert.equal(await socket.closed, 1_012);
  await closing;
  await live.close();
  assert.deepEqual([live.stats().pages, live.stats().sockets], [0, 0]);
  await assert.rejects(ada.connect());
});

test("A thousand requests that nobody follows leave no page, no socket and no presence", async () => {
  const { visitor, live } = await serveCounter();
  const crowd = visitor();
  for (let i = 0; i < 50; i += 1) await Promise.all(Array.from({ length: 20 }, () => crowd.get("/counters/7")));
  assert.deepEqual([live.stats().pages, live.stats().sockets], [0, 0]);
});
