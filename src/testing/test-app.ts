import { fileURLToPath } from "node:url";
import type { IncomingMessage } from "node:http";
import { Identities } from "../http/identities.js";
import type { LiveView } from "../live-view.js";
import { consoleLogger } from "../logger.js";
import { memoryStore } from "../open-store.js";
import { resolveOptions, type ConviveOptions } from "../options.js";
import type { PresenceManager } from "../presence/manager.js";
import type { User } from "../register.js";
import { Templates, type RenderStats } from "../render/template.js";
import type { Identity } from "../session/identity.js";
import { createView, mountView, renderView } from "../session/mounting.js";
import type { ViewClass } from "../session/registry.js";
import type { MountTicket } from "../session/services.js";
import { Sessions } from "../session/sessions.js";
import { StaticHost } from "../session/static-host.js";
import { FakeClock, settle } from "./fake-clock.js";
import { MemoryPage, type TestPage } from "./test-page.js";

export interface VisitOptions<V> {
  /** route parameters */
  readonly params?: V extends LiveView<infer P> ? Readonly<P> : never;
  readonly user?: User | null;
  readonly session?: object;
  /** pages of one browser are one anonymous person; each visit is another browser unless given */
  readonly browser?: string;
}

export interface TestApp {
  visit<V extends LiveView<any>>(View: new (...args: any[]) => V, options?: VisitOptions<V>): Promise<TestPage<V>>;
  readonly clock: { advance(ms: number): Promise<void>; now(): number };
  readonly presence: PresenceManager;
  /** How often something was rendered, compared and encoded so far; `live.stats().rendering` tells the same. */
  stats(): RenderStats;
  /** Until nothing moves any more; lets two room ticks pass. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * An app without ports, browser or waiting: real views, real presence, a clock that stands still until it is told.
 *
 * @example
 * const app = testApp();
 * const ada = await app.visit(BoardView, { params: { boardId: "1" }, user: { id: "ada" } });
 * const bob = await app.visit(BoardView, { params: { boardId: "1" }, user: { id: "bob" } });
 * assert.deepEqual(ada.texts("[data-user-id]"), ["ada", "bob"]);
 * await app.close();
 */
export function testApp(options: ConviveOptions = {}): TestApp {
  return new MemoryApp(options);
}

const HOST = "test.local";
const ORIGIN = `http://${HOST}`;
const STEP_MS = 5;
const LONGEST_MS = 60_000;
const TEST_SECRET = "a secret for tests only";

class MemoryApp implements TestApp {
  readonly clock = new FakeClock();
  readonly #sessions: Sessions;
  readonly #pages = new Set<MemoryPage<LiveView<any>>>();
  readonly #identities: Identities;
  #visits = 0;

  constructor(options: ConviveOptions) {
    const settings = resolveOptions({ mode: "development", ...options, clock: this.clock });
    const templates = new Templates({
      directories: [settings.templates, fileURLToPath(new URL("../../templates/", import.meta.url))],
      isDevelopment: true,
    });
    const { logger = consoleLogger } = options;
    this.#sessions = new Sessions({
      ...settings,
      logger,
      store: memoryStore({ ...settings, logger }),
      templates,
      secrets: settings.secrets ?? [TEST_SECRET],
      authorizePresence: options.authorizePresence,
    });
    const { userId, tenant } = options;
    this.#identities = new Identities(this.#sessions.services.tokens, { userId, tenant });
  }

  get presence(): PresenceManager {
    return this.#sessions.services.node.presence;
  }

  async visit<V extends LiveView<any>>(
    View: new (...args: any[]) => V,
    options: VisitOptions<V> = {},
  ): Promise<TestPage<V>> {
    const { services } = this.#sessions;
    const name = services.views.register(View as unknown as ViewClass);
    const identity = await this.#identityOf(options);
    const params = (options.params ?? {}) as MountTicket["params"];
    const ticket: MountTicket = { view: name, id: name, params, route: null, userId: identity.userId };
    await this.until(this.#renderOnHttp(View as unknown as ViewClass, ticket, identity));
    const page = new MemoryPage<V>(this, this.#sessions, identity, ticket);
    this.#pages.add(page);
    await page.open();
    await this.settle();
    return page;
  }

  /** Lets time pass until this is done: what waits for a room's tick would wait for ever otherwise. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => (isDone = true);
    work.then(done, done);
    const end = this.clock.now() + LONGEST_MS;
    for (await settle(); !isDone; await this.clock.advance(STEP_MS)) {
      if (this.clock.now() > end)
        throw new Error(`It took more than ${LONGEST_MS} ms of the app's time; does a handler never end?`);
    }
    return work;
  }

  stats(): RenderStats {
    return this.#sessions.services.templates.stats();
  }

  async settle(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      await this.until(Promise.all(this.#sessions.pages.all().map((channel) => channel.settled())));
      await settle();
      if (round < 2) await this.clock.advance(this.#sessions.services.limits.roomTickMs);
    }
  }

  async close(): Promise<void> {
    for (const page of this.#pages) page.end();
    const closed = this.#sessions.close();
    // A leave waits until its room has told it, which takes a tick that nobody else would turn.
    await this.settle();
    await closed;
    this.#sessions.services.templates.close();
  }

  /** As the browser's first request: what `mount` throws is thrown here. */
  async #renderOnHttp(View: ViewClass, { view: viewName, params }: MountTicket, identity: Identity): Promise<void> {
    const { services } = this.#sessions;
    const host = new StaticHost(services, identity, { View, viewName, params, url: new URL("/", ORIGIN) });
    const mounted = { View, view: await createView(View, host), traits: host.traits };
    await mountView(mounted);
    renderView(mounted, services);
  }

  /** As the app's own options say it of a request; pages without a user are told apart by their browser. */
  async #identityOf({ user = null, session = {}, browser }: VisitOptions<unknown>): Promise<Identity> {
    const request = { user, session, headers: { host: HOST }, socket: { remoteAddress: "127.0.0.1" } };
    const identity = await this.#identities.of(request as unknown as IncomingMessage);
    return user ? identity : { ...identity, userId: `anon_${browser ?? `browser-${++this.#visits}`}` };
  }
}
