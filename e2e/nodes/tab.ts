import { get } from "node:http";
import { parse } from "node-html-parser";
import { WebSocket } from "ws";
import { createChannel, type Channel } from "../../client/channel.js";
import { createPauses, type Clock } from "../../client/clock.js";
import { createConnection, type Connection, type Link, type LinkListener } from "../../client/connection.js";
import { createRequests, type PushError } from "../../client/requests.js";
import {
  CLOSE,
  CURSOR,
  CURSORS,
  type CursorsPayload,
  DIFF,
  ERROR,
  LEAVE,
  PROTOCOL_VERSION,
  PUSH,
  type DiffPayload,
  type Frame,
  type JoinReply,
  type PushPayload,
} from "../../src/protocol.js";
import { patch, toHtml, type Statics, type WireRendered } from "../../src/render/rendered.js";
import { ticketOf } from "../../src/testing/visitor.js";
import { until } from "../../src/testing/until.js";

/** Something that the tab's view was told of its room. */
export interface Heard {
  /** performance.now() of the test */
  readonly at: number;
  /** `+ann`, `~ann`, `-ann` */
  readonly change: string;
  readonly self: boolean;
  /** which mount of the view heard it */
  readonly mount: number;
}

export interface TabOptions {
  readonly user: string;
  /** of the node, or of what stands before it */
  readonly origin: string;
  readonly room: string;
  /** sees the room without being in it */
  readonly watches?: boolean;
  /** how much faster than a browser's its time runs */
  readonly haste?: number;
}

const HASTE = 5;

/** A browser's clock that runs faster: what takes a browser a second takes a fifth. */
function hasty(haste: number): Clock {
  return {
    now: () => performance.now() * haste,
    random: () => Math.random(),
    after(ms, work) {
      const handle = setTimeout(work, ms / haste);
      return () => clearTimeout(handle);
    },
  };
}

/**
 * One tab of one user, with the connection, the pauses and the requests of the real client, over real HTTP and a real socket. Instead of a
 * DOM it keeps the rendering that it patches.
 */
export class Tab {
  readonly heard: Heard[] = [];
  /** Everybody that each mount of the view began with. */
  readonly began: (readonly string[])[] = [];
  /** How often the view was mounted for this tab; a resumed one is not mounted. */
  mounts = 0;
  /** How often the socket opened. */
  opens = 0;
  /** When its link ended, and the server's code if it said one. */
  readonly ends: { readonly at: number; readonly code: number | undefined }[] = [];
  /** Counts, as the HTML showed them one after another. */
  readonly counts: number[] = [];
  /** Connections whose cursors it would draw; its own too. */
  readonly cursors = new Set<string>();
  isClosed = false;
  readonly #clock: Clock;
  readonly #connection: Connection;
  readonly #channel: Channel;
  readonly #pauseMs: () => number;
  #reply: JoinReply | null = null;
  #rendered: WireRendered | null = null;
  #statics: Statics = {};
  #socket: WebSocket | null = null;

  private constructor(
    readonly options: TabOptions,
    private readonly ticket: { readonly topic: string; readonly token: string },
  ) {
    const clock = (this.#clock = hasty(options.haste ?? HASTE));
    this.#pauseMs = createPauses(clock);
    const opened = () => ((this.opens += 1), void this.#join());
    const closed = (code?: number) => {
      if (!this.isClosed) this.ends.push({ at: performance.now(), code });
      this.#channel.dropped();
    };
    const dial = (listener: LinkListener) => this.#dial(listener);
    const heard = (frame: Frame) => requests.answered(frame) || this.#heard(frame);
    this.#connection = createConnection({ clock, dial }, { opened, closed, heard });
    const requests = createRequests(this.#connection, clock);
    this.#channel = createChannel(ticket.topic, { connection: this.#connection, requests, clock });
    this.#connection.start();
  }

  /** Loads the page; its socket comes by itself. */
  static async load(options: TabOptions): Promise<Tab> {
    const { status, html } = await fetchPage(options);
    if (status !== 200) throw new Error(`the page came with ${status}:\n${html.slice(0, 1_000)}`);
    return new Tab(options, ticketOf(html));
  }

  /** Loads the page and waits until its view is joined. */
  static async open(options: TabOptions): Promise<Tab> {
    const tab = await Tab.load(options);
    await until(() => tab.isJoined);
    return tab;
  }

  get user(): string {
    return this.options.user;
  }
  get key(): string {
    return `room:${this.options.room}`;
  }
  get isJoined(): boolean {
    return this.#channel.isJoined() && !this.isClosed;
  }
  /** Whether it is there for the others: its socket stands and it does not only watch. */
  get isPresent(): boolean {
    return this.isJoined && !this.options.watches;
  }
  get connectionId(): string {
    return this.#reply!.connection;
  }
  get changes(): string[] {
    return this.heard.map(({ change }) => change);
  }

  html(): string {
    return toHtml(this.#rendered!, this.#statics);
  }
  badges(): { id: string; connections: number }[] {
    return parse(this.html())
      .querySelectorAll("[data-user-id]")
      .map((each) => ({
        id: each.getAttribute("data-user-id")!,
        connections: Number(each.getAttribute("data-connections")),
      }));
  }
  count(): number {
    return Number(/data-presence-count>(\d+)/.exec(this.html())?.[1]);
  }
  isStale(): boolean {
    return this.#text("[data-stale]") === "true";
  }

  event(name: string, value: object = {}): Promise<unknown> {
    return this.#channel.push({ name, value });
  }
  point(x: number, y: number): void {
    this.#channel.tell(CURSOR, [x, y]);
  }

  // ── how it ends ──

  /** The page is unloaded: a clean end of the socket. */
  close(): void {
    this.isClosed = true;
    this.#connection.stop();
  }
  /** The browser is killed: its socket is cut, nothing is said. */
  terminate(): void {
    this.isClosed = true;
    const socket = this.#socket;
    this.#connection.stop();
    socket?.terminate();
  }
  /** Its link breaks; it will try to come back. */
  cut(): void {
    this.#socket?.terminate();
  }
  /** The user leaves by his own wish: there is no grace. */
  async leave(): Promise<void> {
    if (this.isJoined) await this.#channel.ask(LEAVE, {}).catch(() => {});
    this.close();
  }

  #text(selector: string): string | undefined {
    return parse(this.html()).querySelector(selector)?.text;
  }

  #dial({ opened, received, closed }: LinkListener): Link {
    const { origin, user } = this.options;
    const url = `${origin.replace("http", "ws")}/convive/websocket?vsn=2.0.0`;
    // In a browser each message is a task of its own.
    const allowSynchronousEvents = false;
    const socket = new WebSocket(url, { headers: { cookie: `user=${user}`, origin }, allowSynchronousEvents });
    this.#socket = socket;
    const listeners = { open: opened, message: (data: Buffer) => received(data.toString()), close: closed };
    socket.on("open", listeners.open).on("message", listeners.message).on("close", listeners.close);
    // Its close tells the same.
    socket.on("error", () => {});
    return {
      send: (text) => socket.send(text),
      close(code) {
        socket.off("open", listeners.open).off("message", listeners.message).off("close", listeners.close);
        if (socket.readyState === WebSocket.CONNECTING || code === undefined) socket.terminate();
        else socket.close(code);
      },
    };
  }

  async #join(): Promise<void> {
    const { token } = this.ticket;
    const before = this.#reply;
    try {
      const url = pathOf(this.options);
      const reply = await this.#channel.join({ v: PROTOCOL_VERSION, token, url, resume: before?.resume });
      this.#reply = reply;
      this.#rendered = reply.rendered;
      this.#statics = reply.statics;
      this.#shown();
      if (reply.connection === before?.connection) return;
      this.mounts += 1;
      this.began.push(this.badges().map(({ id }) => id));
    } catch (error) {
      if ((error as PushError).code === "DISCONNECTED" || this.isClosed) return;
      this.#clock.after(this.#pauseMs(), () => void (this.isClosed || this.isJoined || this.#join()));
    }
  }

  #heard(frame: Frame): void {
    const [, , topic, event, payload] = frame;
    if (event === CURSORS && topic === this.#reply?.cursors?.room) this.#drawn(payload as CursorsPayload);
    if (!this.#channel.hears(frame)) return;
    if (event === DIFF) {
      const { d, s } = payload as DiffPayload;
      this.#statics = { ...this.#statics, ...s };
      this.#rendered = patch(this.#rendered!, d, this.#statics);
      this.#shown();
    } else if (event === PUSH) this.#pushed(payload as PushPayload);
    else if (event === ERROR || event === CLOSE) {
      this.#channel.dropped();
      if (event === ERROR) this.#clock.after(this.#pauseMs(), () => void (this.isClosed || this.#join()));
    }
  }

  #pushed({ event, payload }: PushPayload): void {
    if (event !== "told") return;
    const told = payload as { change: string; self: boolean };
    this.heard.push({ ...told, at: performance.now(), mount: this.mounts });
  }

  #drawn({ c, l = [], all }: CursorsPayload): void {
    if (all) this.cursors.clear();
    for (const [connectionId] of c) this.cursors.add(connectionId);
    for (const connectionId of l) this.cursors.delete(connectionId);
  }

  #shown(): void {
    const count = this.count();
    if (this.counts.at(-1) !== count) this.counts.push(count);
  }
}

function pathOf({ room, watches }: Pick<TabOptions, "room" | "watches">): string {
  return `/rooms/${room}${watches ? "?watch" : ""}`;
}

/** What a first request of the page brings; no connection stays behind. */
export function fetchPage({ origin, user, room, watches = false }: TabOptions, method = "GET") {
  const url = origin + pathOf({ room, watches });
  return new Promise<{ status: number; html: string }>((resolve, reject) => {
    const request = get(url, { agent: false, method, headers: { cookie: `user=${user}` } }, (response) => {
      let html = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => (html += text));
      response.on("end", () => resolve({ status: response.statusCode!, html }));
      response.on("error", reject);
    });
    request.on("error", reject);
  });
}

/** The view of a page, without what stands around it. */
export function viewOf(page: string): string {
  return parse(page).querySelector("[data-live]")!.innerHTML;
}
