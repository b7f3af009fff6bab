import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import type { RawSocket, Socket } from "../session/socket.js";

/** What hears the WebSockets of a server. */
export interface WebSocketOwner {
  message(socket: Socket, data: Buffer, isBinary: boolean): void;
  pong(socket: Socket): void;
  closed(socket: Socket, code: number): void;
}

const PHOENIX = "phoenix";

/** The only door to `ws`: makes WebSockets of requests that were admitted. */
export class WebSockets {
  readonly #server: WebSocketServer;

  constructor(
    private readonly owner: WebSocketOwner,
    maxPayload: number,
  ) {
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload,
      perMessageDeflate: false,
      clientTracking: false,
      WebSocket: HeardWebSocket,
      handleProtocols: (protocols) => (protocols.has(PHOENIX) ? PHOENIX : false),
    });
  }

  /** False when the request is no handshake; it is refused then. */
  accept(request: IncomingMessage, stream: Duplex, head: Buffer, open: (raw: RawSocket) => Socket): boolean {
    let isOpen = false;
    this.#server.handleUpgrade(request, stream, head, (ws) => {
      isOpen = true;
      (ws as HeardWebSocket).hearing = { owner: this.owner, socket: open(new WritableWebSocket(ws, stream)) };
    });
    return isOpen;
  }

  close(): void {
    this.#server.close();
  }
}

interface Hearing {
  readonly owner: WebSocketOwner;
  readonly socket: Socket;
}

/** Passes its events on itself: as listeners they would be four functions and a table of them for each of very many. */
class HeardWebSocket extends WebSocket {
  hearing: Hearing | null = null;

  override emit(event: string | symbol, ...words: unknown[]): boolean {
    const { hearing } = this;
    if (!hearing) return super.emit(event, ...words);
    const { owner, socket } = hearing;
    if (event === "message") owner.message(socket, words[0] as Buffer, words[1] as boolean);
    else if (event === "pong") owner.pong(socket);
    else if (event === "close") owner.closed(socket, words[0] as number);
    // After an error comes the close, which tells the rest.
    return true;
  }
}

/** Sockets that have something to write at the end of the turn. */
class WriteBatch {
  #sockets: WritableWebSocket[] = [];

  add(socket: WritableWebSocket): void {
    if (this.#sockets.push(socket) === 1) queueMicrotask(() => this.#writeAll());
  }

  #writeAll(): void {
    const sockets = this.#sockets;
    this.#sockets = [];
    for (const socket of sockets) socket.writeOut();
  }
}

const batch = new WriteBatch();

/**
 * A WebSocket as a socket writes to it. What many are told comes as one Buffer: its frame is made once and goes to their streams as it is, past
 * `ws.send`, one right after the other when all of them are told: system calls are dearer with other work between them. Nothing can be in its
 * way there: `ws` keeps nothing back but what it compresses.
 */
class WritableWebSocket implements RawSocket {
  readonly #isPlain: boolean;
  /** what is yet to be written in this turn */
  #frame: Buffer | null = null;
  #isGathering = false;

  constructor(
    private readonly ws: WebSocket,
    private readonly stream: Duplex,
  ) {
    this.#isPlain = ws.extensions === "";
  }

  get bufferedAmount(): number {
    const written = this.#isPlain ? this.stream.writableLength : this.ws.bufferedAmount;
    return this.#frame ? written + this.#frame.length : written;
  }
  send(data: string | Buffer): void {
    this.writeOut();
    if (typeof data === "string" || !this.#isPlain) this.ws.send(data, AS_TEXT, ignoreFailure);
    else {
      this.#frame = frameOf(data);
      batch.add(this);
    }
    if (this.#isGathering && this.bufferedAmount > MOST_GATHERED_BYTES) this.#release();
  }
  gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.stream.cork();
    process.nextTick(() => this.#release());
  }
  ping(): void {
    this.writeOut();
    this.ws.ping(undefined, undefined, ignoreFailure);
  }
  close(code: number, reason: string): void {
    this.writeOut();
    this.#release();
    this.ws.close(code, reason);
  }
  terminate(): void {
    this.#frame = null;
    this.ws.terminate();
  }

  writeOut(): void {
    const frame = this.#frame;
    if (frame === null) return;
    this.#frame = null;
    if (this.stream.writable) this.stream.write(frame);
  }

  #release(): void {
    if (!this.#isGathering) return;
    this.#isGathering = false;
    this.stream.uncork();
  }
}

/** Beyond it a write costs more than another system call. */
const MOST_GATHERED_BYTES = 65_536;
const AS_TEXT = { binary: false };
const FINAL_TEXT = 0x81;
const MAX_SHORT = 125;
const MAX_MEDIUM = 0xffff;
const MEDIUM = 126;
const LONG = 127;

const frames = new WeakMap<Buffer, Buffer>();

function frameOf(data: Buffer): Buffer {
  let frame = frames.get(data);
  if (!frame) frames.set(data, (frame = textFrame(data)));
  return frame;
}

/** An unmasked text frame, whole: RFC 6455, 5.2. */
function textFrame(data: Buffer): Buffer {
  const size = data.length;
  if (size <= MAX_SHORT) return Buffer.concat([Buffer.of(FINAL_TEXT, size), data]);
  if (size <= MAX_MEDIUM) return Buffer.concat([Buffer.of(FINAL_TEXT, MEDIUM, size >> 8, size & 0xff), data]);
  const head = Buffer.alloc(10);
  head.writeUInt16BE((FINAL_TEXT << 8) | LONG);
  head.writeBigUInt64BE(BigInt(size), 2);
  return Buffer.concat([head, data]);
}

/** A write to a socket that just closed; its close event tells the rest. */
function ignoreFailure(): void {}
