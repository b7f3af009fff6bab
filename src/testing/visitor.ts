import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import { WebSocket } from "ws";
import {
  decodeFrame,
  encodeFrame,
  EVENT,
  JOIN,
  PROTOCOL_VERSION,
  REPLY,
  type Frame,
  type JoinReply,
} from "../protocol.js";

const DEADLINE_MS = 5_000;

export interface ReplyPayload {
  readonly status: string;
  readonly response: Record<string, unknown>;
}

/** A person with cookies, over real HTTP and real sockets, without a browser. */
export class Visitor {
  readonly origin: string;
  readonly #cookies = new Map<string, string>();
  readonly sockets: VisitorSocket[] = [];

  constructor(server: Server) {
    this.origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  }

  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  set(name: string, value: string): void {
    this.#cookies.set(name, value);
  }

  async get(
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; html: string; headers: Headers }> {
    const response = await fetch(this.origin + path, {
      redirect: "manual",
      headers: { cookie: this.cookie, ...headers },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [name, value] = cookie.split(";")[0]!.split("=");
      this.#cookies.set(name!, value!);
    }
    return { status: response.status, html: await response.text(), headers: response.headers };
  }

  /** Rejects with the HTTP status as message when the upgrade is refused. */
  async connect(options: { origin?: string | null; path?: string; protocols?: string[] } = {}): Promise<VisitorSocket> {
    const origin = options.origin === undefined ? this.origin : options.origin;
    const headers = { ...(this.cookie ? { cookie: this.cookie } : {}), ...(origin ? { origin } : {}) };
    const url = this.origin.replace("http", "ws") + (options.path ?? "/convive/websocket?vsn=2.0.0");
    const ws = new WebSocket(url, options.protocols ?? [], { headers });
    const socket = new VisitorSocket(ws);
    this.sockets.push(socket);
    await socket.opened;
    return socket;
  }

  /** Gets a page, connects and joins its first view. */
  async visit(
    path: string,
  ): Promise<{ socket: VisitorSocket; topic: string; reply: JoinReply; token: string; html: string }> {
    const { html } = await this.get(path);
    const { topic, token } = ticketOf(html);
    const socket = await this.connect();
    const reply = await socket.join(topic, token, path);
    return { socket, topic, reply, token, html };
  }
}

/** Topic and mount token of the first view in a page. */
export function ticketOf(html: string): { topic: string; token: string } {
  const found = /data-live="([^"]*)" data-live-token="([^"]*)"/.exec(html);
  if (!found) throw new Error(`No view in the page:\n${html}`);
  return { topic: `lv:${found[1]}`, token: found[2]! };
}

/** One socket that speaks the protocol and remembers what it heard. */
export class VisitorSocket {
  readonly frames: Frame[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<number>;
  #ref = 0;
  readonly #joinRefs = new Map<string, string>();
  #heard: (() => void)[] = [];

  constructor(readonly ws: WebSocket) {
    this.opened = new Promise((resolve, reject) => {
      ws.once("open", resolve);
      ws.once("unexpected-response", (_request, response) => reject(new Error(String(response.statusCode))));
      ws.once("error", reject);
    });
    this.closed = new Promise((resolve) => ws.once("close", resolve));
    ws.on("message", (data: Buffer) => {
      const frame = decodeFrame(data.toString());
      if (frame) this.frames.push(frame);
      for (const heard of this.#heard.splice(0)) heard();
    });
  }

  async join(topic: string, token: string, url: string, more: object = {}): Promise<JoinReply> {
    const { status, response } = await this.joinRaw(topic, { v: PROTOCOL_VERSION, token, url, ...more });
    if (status !== "ok") throw Object.assign(new Error(`Join refused: ${JSON.stringify(response)}`), { response });
    return response as unknown as JoinReply;
  }

  joinRaw(topic: string, payload: unknown): Promise<ReplyPayload> {
    const ref = String(this.#ref + 1);
    this.#joinRefs.set(topic, ref);
    return this.push(topic, JOIN, payload);
  }

  event(topic: string, name: string, value: unknown = {}): Promise<ReplyPayload> {
    return this.push(topic, EVENT, { name, value });
  }

  async push(topic: string, event: string, payload: unknown): Promise<ReplyPayload> {
    const ref = String(++this.#ref);
    this.ws.send(encodeFrame([this.#joinRefs.get(topic) ?? null, ref, topic, event, payload]));
    const frame = await this.until((f) => f[3] === REPLY && f[1] === ref);
    return frame[4] as ReplyPayload;
  }

  tell(topic: string, event: string, payload: unknown): void {
    this.ws.send(encodeFrame([this.#joinRefs.get(topic) ?? null, null, topic, event, payload]));
  }

  /** The first frame, heard already or to come, that fits. */
  async until(fits: (frame: Frame) => boolean): Promise<Frame> {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const found = this.frames.find(fits);
      if (found) return found;
      await this.#next(deadline);
    }
  }

  payloads(event: string): unknown[] {
    return this.frames.filter((frame) => frame[3] === event).map((frame) => frame[4]);
  }

  #next(deadline: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`Nothing fits among ${JSON.stringify(this.frames).slice(0, 2_000)}`)),
        deadline - Date.now(),
      );
      this.#heard.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
