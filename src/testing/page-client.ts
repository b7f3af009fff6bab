import { parse, type HTMLElement } from "node-html-parser";
import {
  decodeFrame,
  encodeFrame,
  DIFF,
  JOIN,
  PRESENCE_EVENT,
  PUSH,
  REPLY,
  type DiffPayload,
  type JoinReply,
  type PushPayload,
} from "../protocol.js";
import { patch, toHtml, type Statics, type WireRendered } from "../render/rendered.js";
import type { RawSocket, Socket } from "../session/socket.js";

interface Waiting {
  resolve(response: unknown): void;
  reject(error: Error): void;
}

/** The browser's side of one page in a test: the same frames and the same patches, without a browser. */
export class PageClient implements RawSocket {
  readonly bufferedAmount = 0;
  readonly pushes: PushPayload[] = [];
  /** Everything the server sent, for those who ask about the wire. */
  readonly frames: unknown[] = [];
  socket: Socket | null = null;
  reply: JoinReply | null = null;
  #rendered: WireRendered | null = null;
  #statics: Statics = {};
  #ref = 0;
  #joinRef = "";
  readonly #waiting = new Map<string, Waiting>();

  constructor(readonly topic: string) {}

  send(data: string | Buffer): void {
    const frame = decodeFrame(String(data));
    if (!frame) throw new Error(`The server sent what is no frame: ${String(data).slice(0, 200)}`);
    this.frames.push(frame);
    const [joinRef, ref, topic, event, payload] = frame;
    if (event === REPLY) return this.#settle(ref, payload as { status: string; response: unknown });
    if (event === PRESENCE_EVENT && this.reply?.rooms?.includes(topic)) this.pushes.push(payload as PushPayload);
    if (topic !== this.topic || (joinRef !== null && joinRef !== this.#joinRef)) return;
    if (event === DIFF) this.#apply(payload as DiffPayload);
    if (event === PUSH) this.pushes.push(payload as PushPayload);
  }

  ping(): void {
    this.socket?.heard();
  }
  close(code: number): void {
    this.#fail(`The server closed the socket with ${code}.`);
  }
  terminate(): void {
    this.#fail("The server ended the socket.");
  }

  async join(payload: object): Promise<JoinReply> {
    this.#joinRef = String(this.#ref + 1);
    const reply = (await this.push(JOIN, payload, this.#joinRef)) as JoinReply;
    this.reply = reply;
    this.#rendered = reply.rendered;
    this.#statics = reply.statics;
    return reply;
  }

  push(event: string, payload: unknown, joinRef = this.#joinRef): Promise<unknown> {
    const ref = String(++this.#ref);
    return new Promise((resolve, reject) => {
      this.#waiting.set(ref, { resolve, reject });
      this.#write([joinRef, ref, this.topic, event, payload]);
    });
  }

  tell(event: string, payload: unknown): void {
    this.#write([this.#joinRef, null, this.topic, event, payload]);
  }

  html(): string {
    if (!this.#rendered) throw new Error("The page is not mounted.");
    return toHtml(this.#rendered, this.#statics);
  }

  /** The one element that a selector finds. */
  find(selector: string): HTMLElement {
    const found = this.findAll(selector);
    if (found.length === 1) return found[0]!;
    throw new Error(
      `${found.length === 0 ? "Nothing" : `${found.length} elements`} found by ${JSON.stringify(selector)} in:\n${this.html()}`,
    );
  }

  findAll(selector: string): HTMLElement[] {
    return parse(this.html(), { comment: false }).querySelectorAll(selector);
  }

  #write(frame: Parameters<typeof encodeFrame>[0]): void {
    if (!this.socket) throw new Error("The page is not connected: call reconnect() first.");
    this.socket.receive(encodeFrame(frame));
  }

  #apply({ d, s }: DiffPayload): void {
    this.#statics = { ...this.#statics, ...s };
    if (this.#rendered) this.#rendered = patch(this.#rendered, d, this.#statics);
  }

  #settle(ref: string | null, { status, response }: { status: string; response: unknown }): void {
    const waiting = this.#waiting.get(ref ?? "");
    this.#waiting.delete(ref ?? "");
    if (status === "ok") waiting?.resolve(response);
    else waiting?.reject(Object.assign(new Error(`Refused: ${JSON.stringify(response)}`), { response }));
  }

  #fail(reason: string): void {
    this.socket = null;
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
}
