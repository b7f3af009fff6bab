import type { HTMLElement } from "node-html-parser";
import type { LiveView } from "../live-view.js";
import { CURSOR, EVENT, PROTOCOL_VERSION, VIEW_TOPIC, type EventReply } from "../protocol.js";
import type { Channel } from "../session/channel.js";
import type { Identity } from "../session/identity.js";
import { MOUNT_PURPOSE, type MountTicket } from "../session/services.js";
import type { Sessions } from "../session/sessions.js";
import { Socket } from "../session/socket.js";
import { PageClient } from "./page-client.js";

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

/** What a page asks of its app. */
interface PageApp {
  /** lets time pass until this is done */
  until<T>(work: Promise<T>): Promise<T>;
  settle(): Promise<void>;
}

export class MemoryPage<V extends LiveView<any>> implements TestPage<V> {
  readonly #client: PageClient;

  constructor(
    private readonly app: PageApp,
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
