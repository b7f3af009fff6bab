import { fileURLToPath } from "node:url";
import type { HTMLElement } from "node-html-parser";
import type { LiveView } from "../live-view.js";
import { consoleLogger } from "../logger.js";
import { resolveOptions, type ConviveOptions } from "../options.js";
import type { PresenceManager } from "../presence/manager.js";
import { CURSOR, EVENT, PROTOCOL_VERSION, VIEW_TOPIC, type EventReply } from "../protocol.js";
import type { Session, User } from "../register.js";
import { Templates, type RenderStats } from "../render/template.js";
import type { Channel } from "../session/channel.js";
import type { Identity } from "../session/identity.js";
import { createView, contextOf, mountView } from "../session/mounting.js";
import type { ViewClass } from "../session/registry.js";
import { MOUNT_PURPOSE, type MountTicket } from "../session/services.js";
import { Sessions } from "../session/sessions.js";
import { Socket } from "../session/socket.js";
import { StaticHost } from "../session/static-host.js";
import { FakeClock, settle } from "./fake-clock.js";
import { PageClient } from "./page-client.js";

export interface VisitOptions<V> {
  /** route parameters */
  readonly params?: V extends LiveView<infer P> ? Readonly<P> : never;
  readonly user?: User | null;
  readonly session?: object;
  /** pages of one browser are one anonymous person; each visit is another browser unless given */
  readonly browser?: string;
}

/** One page in a test. */
export interface TestPage<V> {
  /** the view on the server */
  readonly view: V;
  html(): string;
  /** Text of the one element found. */
  text(selector: string): string;
  texts(selector: string): string[];
  /** Sends what `live-click` of the element says. */
  click(selector: string): Promise<void>;
  /** Sends what `live-change` (or `live-input`) of a form says, with these fields. */
  fill(selector: string, values: Record<string, string>): Promise<void>;
  submit(selector: string, values?: Record<string, string>): Promise<void>;
  /** Sends an event; resolves with the reply, rejects when it is refused. */
  send(event: string, payload?: unknown): Promise<unknown>;
  /** Payloads of what the view pushed under this name. */
  pushed(event: string): unknown[];
  moveCursor(x: number, y: number): void;
  /** The link breaks; the page may come back within its grace. */
  disconnect(): Promise<void>;
  reconnect(): Promise<void>;
  /** The page is closed by its person; others see it leave when the grace is over. */
  close(): Promise<void>;
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

const ORIGIN = "http://test.local";
const STEP_MS = 5;
const LONGEST_MS = 60_000;
const TEST_SECRET = "a secret for tests only";

class MemoryApp implements TestApp {
  readonly clock = new FakeClock();
  readonly #sessions: Sessions;
  readonly #pages = new Set<MemoryPage<LiveView<any>>>();
  #visits = 0;

  constructor(options: ConviveOptions) {
    const settings = resolveOptions({ mode: "development", ...options, clock: this.clock });
    const templates = new Templates({
      directories: [settings.templates, fileURLToPath(new URL("../../templates/", import.meta.url))],
      isDevelopment: true,
    });
    this.#sessions = new Sessions({
      ...settings,
      logger: options.logger ?? consoleLogger,
      templates,
      secrets: settings.secrets ?? [TEST_SECRET],
      authorizePresence: options.authorizePresence,
    });
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
    const identity = this.#identityOf(options);
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
    services.templates.render(View.template, contextOf(mounted, services.helpers));
  }

  #identityOf({ user = null, session = {}, browser }: VisitOptions<unknown>): Identity {
    const id: unknown = (user as { id?: unknown } | null)?.id;
    const anonymous = `anon_${browser ?? `browser-${++this.#visits}`}`;
    return {
      user,
      session: session as Session,
      userId: user ? String(id) : anonymous,
      isAnonymous: !user,
      tenant: "",
      origin: ORIGIN,
      address: "127.0.0.1",
    };
  }
}

class MemoryPage<V extends LiveView<any>> implements TestPage<V> {
  readonly #client: PageClient;

  constructor(
    private readonly app: MemoryApp,
    private readonly sessions: Sessions,
    private readonly identity: Identity,
    private readonly ticket: MountTicket,
  ) {
    this.#client = new PageClient(VIEW_TOPIC + ticket.id);
  }

  get view(): V {
    return this.#channel.view as V;
  }

  async open(): Promise<void> {
    const { services } = this.sessions;
    const owner = {
      clock: services.clock,
      limits: services.limits,
      logger: services.logger,
      join: this.sessions.join.bind(this.sessions),
    };
    this.#client.socket = new Socket(this.#client, this.identity, owner);
    const token = services.tokens.sign(MOUNT_PURPOSE, this.ticket, services.limits.tokenAgeMs);
    const resume = this.#client.reply?.resume;
    await this.app.until(this.#client.join({ v: PROTOCOL_VERSION, token, url: "/", resume }));
  }

  html(): string {
    return this.#client.html();
  }

  text(selector: string): string {
    return trimmed(this.#client.find(selector));
  }

  texts(selector: string): string[] {
    return this.#client.findAll(selector).map(trimmed);
  }

  async click(selector: string): Promise<void> {
    const element = this.#client.find(selector);
    await this.send(bindingOf(element, ["live-click"]), valuesOf(element));
  }

  async fill(selector: string, values: Record<string, string>): Promise<void> {
    const form = this.#client.find(selector);
    await this.send(bindingOf(form, ["live-change", "live-input"]), { ...fieldsOf(form), ...values });
  }

  async submit(selector: string, values: Record<string, string> = {}): Promise<void> {
    const form = this.#client.find(selector);
    await this.send(bindingOf(form, ["live-submit"]), { ...fieldsOf(form), ...values });
  }

  async send(event: string, payload: unknown = {}): Promise<unknown> {
    const response = (await this.app.until(this.#client.push(EVENT, { name: event, value: payload }))) as EventReply;
    await this.app.settle();
    return response.reply;
  }

  pushed(event: string): unknown[] {
    return this.#client.pushes.filter((push) => push.event === event).map(({ payload }) => payload);
  }

  moveCursor(x: number, y: number): void {
    this.#client.tell(CURSOR, [x, y]);
  }

  async disconnect(): Promise<void> {
    this.#part(1_006);
    await this.app.settle();
  }

  async reconnect(): Promise<void> {
    await this.open();
    await this.app.settle();
  }

  async close(): Promise<void> {
    this.#part(1_001);
    await this.app.settle();
  }

  end(): void {
    this.#part(1_001);
  }

  #part(code: number): void {
    this.#client.socket?.closed(code);
    this.#client.socket = null;
  }

  get #channel(): Channel {
    const channel = this.sessions.pages.find(this.#client.reply?.connection ?? "");
    if (!channel) throw new Error("The page's view has ended.");
    return channel;
  }
}

function trimmed(element: HTMLElement): string {
  return element.textContent.replace(/\s+/g, " ").trim();
}

function bindingOf(element: HTMLElement, names: readonly string[]): string {
  const event = names.map((name) => element.getAttribute(name)).find(Boolean);
  if (event) return event;
  throw new Error(`<${element.rawTagName.toLowerCase()}> has no ${names.join(" or ")}.`);
}

function valuesOf(element: HTMLElement): Record<string, string> {
  const values = Object.entries(element.attributes).filter(([name]) => name.startsWith("live-value-"));
  return Object.fromEntries(values.map(([name, value]) => [name.slice("live-value-".length), value]));
}

/** What a browser would send of a form that nobody touched. */
function fieldsOf(form: HTMLElement): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const field of form.querySelectorAll("input[name], textarea[name], select[name]")) {
    const type = field.getAttribute("type");
    if ((type === "checkbox" || type === "radio") && !field.hasAttribute("checked")) continue;
    const chosen = field.querySelector("option[selected]") ?? field.querySelector("option");
    const value = field.rawTagName.toLowerCase() === "textarea" ? field.textContent : field.getAttribute("value");
    fields[field.getAttribute("name")!] = chosen?.getAttribute("value") ?? chosen?.textContent ?? value ?? "";
  }
  return fields;
}
