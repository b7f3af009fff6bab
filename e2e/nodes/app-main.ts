// A node of an app in a process of its own: views, HTTP and sockets over a Redis. AppProcess is the parent's side.
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import express from "express";
import { systemClock, type Clock, type Timer } from "../../src/clock.js";
import { convive, inline, LiveCursorMixin, LiveView } from "../../src/index.js";
import type { Presence, PresenceChange } from "../../src/index.js";
import type { AppCommands, AppStart, FromApp, ToApp } from "./app-process.js";

const say = (message: FromApp) => void process.send?.(message);
const fail = (error: unknown) =>
  say({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });

process.on("unhandledRejection", fail);
process.on("uncaughtException", fail);
process.on("warning", fail);

/** The machine's clock, with a list of the timers that run. */
class CountedClock implements Clock {
  readonly running = new Set<object>();
  now = systemClock.now;
  wallTime = systemClock.wallTime;
  after(ms: number, work: () => void): Timer {
    return this.#counted((done) => systemClock.after(ms, () => (done(), work())));
  }
  every(ms: number, work: () => void): Timer {
    return this.#counted(() => systemClock.every(ms, work));
  }
  #counted(start: (done: () => void) => Timer): Timer {
    const entry = {};
    const done = () => void this.running.delete(entry);
    this.running.add(entry);
    const timer = start(done);
    return { clear: () => (done(), timer.clear()) };
  }
}

const { redis, port = 0, limits, drainMs = 0 } = JSON.parse(process.argv[2]!) as AppStart;
const handled: string[] = [];

class RoomView extends LiveCursorMixin(LiveView<{ id: string }>)<{ name: string }> {
  static override viewName = "room";
  static override presenceKey = "room:{id}";
  static override events = { slow: true as const, rename: true as const };
  static override template = inline`<ul data-presence><% for (const each of it.presences) { %>
    <li data-user-id="<%= each.id %>" data-connections="<%= each.connections %>"><%= each.name %></li>
  <% } %></ul><b data-presence-count><%= it.presenceCount %></b><p data-stale><%= it.presenceStale %></p>`;

  override async mount() {
    const { searchParams } = this.url;
    if (searchParams.has("watch")) await this.watchPresence();
    else await this.trackPresence({ name: searchParams.get("name") ?? this.getPresenceUserId() });
  }
  async slow({ ms }: { ms: string }) {
    handled.push(`${this.getPresenceUserId()} begins`);
    await new Promise((resolve) => setTimeout(resolve, Number(ms)));
    handled.push(`${this.getPresenceUserId()} ends`);
  }
  async rename({ name }: { name: string }) {
    await this.updatePresence({ name });
  }
  override handlePresenceJoin({ id }: Presence<{ name: string }>, { self }: PresenceChange) {
    this.#tell("+", id, self);
  }
  override handlePresenceUpdate({ id }: Presence<{ name: string }>, { self }: PresenceChange) {
    this.#tell("~", id, self);
  }
  override handlePresenceLeave({ id }: Presence<{ name: string }>, { self }: PresenceChange) {
    this.#tell("-", id, self);
  }
  #tell(sign: string, id: string, self: boolean) {
    this.pushEvent("told", { change: `${sign}${id}`, self });
  }
}

const clock = new CountedClock();
const logged: string[] = [];
const keep = (facts: object, message: string) => void logged.push(`${message} ${JSON.stringify(facts)}`);
const live = convive({
  redis,
  limits,
  clock,
  secret: "a secret that only tests know",
  mode: "development",
  logger: { info() {}, warn: keep, error: keep },
  identify: ({ headers }) => {
    const id = /(?:^|; )user=([^;]+)/.exec(headers.cookie ?? "")?.[1];
    return id ? { id, name: id } : null;
  },
});
const app = express();
app.get("/healthz", (_request, response) => {
  const health = live.health();
  response.status(health.status === "draining" ? 503 : 200).json(health);
});
app.use(live.middleware());
app.get("/rooms/:id", live.view(RoomView));
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();

const commands: AppCommands = {
  async list(key) {
    const people = await live.presence.listPresences(key);
    return people.map(({ id, connections }) => ({ id, connections }));
  },
  async count(key) {
    return live.presence.presenceCount(key);
  },
  async timed(key) {
    const began = performance.now();
    const code = await live.presence.presenceCount(key).then(
      () => "ok",
      (error: { code?: string; message: string }) => error.code ?? error.message,
    );
    return { ms: performance.now() - began, code };
  },
  async cursors(key) {
    return Object.keys(await live.cursors.getCursors(key)).toSorted();
  },
  async stats() {
    globalThis.gc?.();
    const { sockets, pages, presence } = live.stats();
    const handles: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
    const { rooms, connections } = presence;
    const heapBytes = process.memoryUsage().heapUsed;
    return { sockets, pages, rooms, connections, timers: clock.running.size, handles, heapBytes };
  },
  async lag() {
    const ms = { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
    delay.reset();
    return ms;
  },
  async health() {
    return live.health();
  },
  async handled() {
    return handled;
  },
  async logged() {
    return logged;
  },
  async reject(message) {
    void Promise.reject(new Error(message));
  },
};

process.on("message", ({ id, name, words }: ToApp) => {
  const command = commands[name] as (...words: unknown[]) => Promise<unknown>;
  command(...words).then(
    (answer) => say({ id, answer }),
    (error: Error) => say({ id, error: error.message }),
  );
});
process.on("disconnect", () => process.exit(0));
process.once("SIGTERM", () => {
  void live.close({ drainMs }).then(() => {
    say({ closed: { handled } });
    delay.disable();
    // Whatever is left now would keep the process, and its parent would see that it does not end.
    process.removeAllListeners("disconnect");
    process.disconnect();
  });
});

const server = await live.listen(app, port);
say({ port: (server.address() as AddressInfo).port });
