import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "@playwright/test";
import { build } from "esbuild";
import { WebSocketServer, type WebSocket } from "ws";
import { BUNDLES, SHARED } from "../scripts/build-client.mjs";
import {
  CURSORS,
  decodeFrame,
  DIFF,
  encodeFrame,
  EVENT,
  type EventPayload,
  type Frame,
  HEARTBEAT,
  JOIN,
  type JoinPayload,
  type JoinReply,
  PUSH,
  REPLY,
} from "../src/protocol.js";
import type { Statics, WireRendered } from "../src/render/rendered.js";

const TOPIC = "lv:main";
const ROOM = "room:board";
const CSP = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'";

let bundle: Promise<string> | null = null;

function classicScript(): Promise<string> {
  bundle ??= build({ ...SHARED, ...BUNDLES[0], sourcemap: false, write: false }).then(
    ({ outputFiles }) => outputFiles[0]!.text,
  );
  return bundle;
}

/** A template of one raw value: the whole content of the view. */
const STATICS: Statics = { page: [[["", ""]], [0], [-1], ["th"]] };
const rendered = (html: string): WireRendered => ({ t: "page", o: [0, html] });

/** Answers an event; what it returns is the reply, an `Error` a refusal. */
type Answer = (event: EventPayload) => unknown;

/** Speaks the protocol as a test tells it to: one view with the id `main`. */
export class ClientStub {
  readonly frames: Frame[] = [];
  readonly joins: JoinPayload[] = [];
  /** content of the view */
  html = "";
  /** what else stands in the page */
  head = "";
  foot = "";
  script = "";
  answer: Answer = () => undefined;
  /** refuses the next joins */
  refusals: object[] = [];
  joinReply: Partial<JoinReply> = {};
  isUp = true;
  /** hears and says nothing, as behind a broken link */
  isSilent = false;
  hasCsp = true;
  pages = 0;
  private connections = 0;
  private socket: WebSocket | null = null;
  private joinRef: string | null = null;

  private constructor(
    private readonly server: Server,
    private readonly sockets: WebSocketServer,
  ) {}

  static async start(): Promise<ClientStub> {
    const server = createServer();
    const stub = new ClientStub(server, new WebSocketServer({ noServer: true }));
    const script = await classicScript();
    server.on("request", ({ url = "/" }, response) => {
      const isScript = url.endsWith(".js");
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8");
      if (stub.hasCsp) response.setHeader("content-security-policy", CSP);
      if (!isScript && url !== "/favicon.ico") stub.pages += 1;
      response.end(isScript ? (url === "/app.js" ? stub.script : script) : stub.page());
    });
    server.on("upgrade", (request, socket, head) => {
      if (!stub.isUp) return void socket.destroy();
      stub.sockets.handleUpgrade(request, socket, head, (ws) => stub.connected(ws, request.url!));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    for (const client of this.sockets.clients) client.terminate();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  // ── what the test says ──

  push(event: string, payload: unknown): void {
    this.tell(PUSH, { event, payload });
  }

  diff(html: string): void {
    this.html = html;
    this.tell(DIFF, { d: [{ 0: html }] });
  }

  tell(event: string, payload: unknown): void {
    this.write([this.joinRef, null, TOPIC, event, payload]);
  }

  /** As a broadcast to all of a room. */
  tellRoom(event: string, payload: unknown): void {
    this.write([null, null, ROOM, event, payload]);
  }

  cursors(payload: object): void {
    this.tellRoom(CURSORS, { c: [], ...payload });
  }

  write(frame: Frame): void {
    this.socket!.send(encodeFrame(frame));
  }

  close(code?: number): void {
    if (code === undefined) this.socket!.terminate();
    else this.socket!.close(code);
  }

  // ── what the page said ──

  of(event: string): unknown[] {
    return this.frames.filter((frame) => frame[3] === event).map((frame) => frame[4]);
  }

  get events(): EventPayload[] {
    return this.of(EVENT) as EventPayload[];
  }

  async eventually(read: (stub: this) => unknown, expected: unknown): Promise<void> {
    await expect.poll(() => read(this)).toEqual(expected);
  }

  /** Of the link that is open now. */
  closeCode(): Promise<number> {
    return new Promise((resolve) => this.socket!.once("close", resolve));
  }

  // ── inside ──

  private page(): string {
    return `<!doctype html><html lang="en"><head><title>first</title><meta name="convive" content="/live">
<script src="/convive.js" defer></script>${this.script ? '<script src="/app.js" defer></script>' : ""}${this.head}</head>
<body style="margin: 0"><div data-live="main" data-live-token="token-${this.pages}">${this.html}</div>${this.foot}</body></html>`;
  }

  private connected(socket: WebSocket, url: string): void {
    expect(url).toBe("/live/websocket?vsn=2.0.0");
    this.socket = socket;
    socket.on("message", (data) => this.heard(socket, decodeFrame(String(data as Buffer))!));
  }

  private heard(socket: WebSocket, frame: Frame): void {
    const [joinRef, ref, topic, event, payload] = frame;
    this.frames.push(frame);
    if (this.isSilent) return;
    const reply = (status: string, response: unknown) =>
      socket.send(encodeFrame([joinRef, ref, topic, REPLY, { status, response }]));
    if (event === JOIN) this.joined(payload as JoinPayload, joinRef, reply);
    else if (event === HEARTBEAT) reply("ok", {});
    else if (ref !== null) {
      const result = this.answer(event === EVENT ? (payload as EventPayload) : { name: event, value: payload });
      if (result instanceof Error) reply("error", { reason: "EVENT_FAILED", message: result.message });
      else if (result !== "never") reply("ok", { reply: result });
    }
  }

  private joined(
    payload: JoinPayload,
    joinRef: string | null,
    reply: (status: string, response: unknown) => void,
  ): void {
    this.joins.push(payload);
    const refusal = this.refusals.shift();
    if (refusal) return reply("error", refusal);
    this.joinRef = joinRef;
    this.connections += 1;
    const ok: JoinReply = {
      rendered: rendered(this.html),
      statics: STATICS,
      user: "ada",
      connection: `own${this.connections}`,
      resume: `r${this.connections}`,
      rooms: [ROOM],
      cursors: { room: ROOM, intervalMs: 33 },
      ...this.joinReply,
    };
    reply("ok", ok);
  }
}
