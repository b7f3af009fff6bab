import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { BINARY, clientFrame, CLOSE, FrameReader, PING, PONG, TEXT, type FrameSink } from "./frame-reader.js";

/** What hears the messages of lines; the bytes are only lent. */
export interface LineListener {
  heard(line: Line, bytes: Buffer, start: number, end: number): void;
}

export interface LineOptions {
  readonly port: number;
  /** with its query */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where every line reads into: what came is looked at before the next one reads. */
const SHARED = Buffer.alloc(262_144);
const HEAD_END = "\r\n\r\n";
const DEADLINE_MS = 60_000;

/** All that came in and went out on all lines; tells whether a turn of the loop was work. */
export const traffic = { frames: 0, reads: 0, writes: 0 };

/** A WebSocket of a viewer that costs the load as little as can be: a bare socket and the frames in it. */
export class Line implements FrameSink {
  frames = 0;
  /** on the wire, heads of frames included, the handshake not */
  bytes = 0;
  /** number of the last change that was delivered here */
  change = 0;
  listener: LineListener | null = null;
  isClosed = false;
  readonly #reader = new FrameReader();
  readonly #socket: Socket;
  #isOpen = false;
  #head = "";
  #onOpen: (error?: Error) => void = () => {};

  private constructor(options: LineOptions) {
    const onread = { buffer: SHARED, callback: (length: number) => this.#read(length) };
    this.#socket = connect({ port: options.port, host: "127.0.0.1", noDelay: true, onread });
    this.#socket.on("connect", () => this.#socket.write(requestOf(options)));
    this.#socket.on("error", (error) => this.#onOpen(new Error(`The line broke: ${error.message}`, { cause: error })));
    this.#socket.on("close", () => {
      this.isClosed = true;
      this.#onOpen(new Error("The server closed the connection."));
    });
  }

  static open(options: LineOptions): Promise<Line> {
    const line = new Line(options);
    return new Promise((resolve, reject) => {
      line.#onOpen = (error) => (error ? reject(error) : resolve(line));
    });
  }

  /** A frame made beforehand: `Line.textFrame`, `Line.binaryFrame`. */
  write(frame: Buffer): void {
    traffic.writes += 1;
    this.#socket.write(frame);
  }

  send(text: string): void {
    this.write(Line.textFrame(text));
  }

  static textFrame(text: string): Buffer {
    return clientFrame(TEXT, Buffer.from(text));
  }

  static binaryFrame(bytes: Uint8Array): Buffer {
    return clientFrame(BINARY, Buffer.from(bytes));
  }

  /** The next message that fits, copied. */
  next(what: string, fits: (payload: Buffer) => boolean): Promise<Buffer> {
    const before = this.listener;
    return new Promise((resolve, reject) => {
      const tooLate = () =>
        reject(new Error(`${what} did not come; the line is ${this.isClosed ? "closed" : "open"}.`));
      const timer = setTimeout(tooLate, DEADLINE_MS);
      const heard: LineListener["heard"] = (_, bytes, start, end) => {
        if (!fits(bytes.subarray(start, end))) return;
        clearTimeout(timer);
        this.listener = before;
        resolve(Buffer.from(bytes.subarray(start, end)));
      };
      this.listener = { heard };
    });
  }

  /** As a page that is unloaded. */
  close(): void {
    this.#socket.end(clientFrame(CLOSE, Buffer.from([0x03, 0xe9])));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  frame(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode === PING) this.write(clientFrame(PONG, Buffer.from(bytes.subarray(start, end))));
    if (opcode === CLOSE) this.isClosed = true;
    if (opcode !== TEXT && opcode !== BINARY) return;
    const length = end - start;
    this.frames += 1;
    this.bytes += length + (length < 126 ? 2 : length < 65_536 ? 4 : 10);
    traffic.frames += 1;
    this.listener?.heard(this, bytes, start, end);
  }

  #read(length: number): boolean {
    traffic.reads += 1;
    if (this.#isOpen) this.#reader.read(SHARED, length, this);
    else this.#readHead(length);
    return true;
  }

  #readHead(length: number): void {
    this.#head += SHARED.toString("latin1", 0, length);
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return;
    if (!this.#head.startsWith("HTTP/1.1 101 ")) {
      this.#onOpen(new Error(`The upgrade was refused: ${this.#head.slice(0, this.#head.indexOf("\r\n"))}`));
      this.#socket.destroy();
      return;
    }
    this.#isOpen = true;
    const rest = Buffer.from(this.#head.slice(end + HEAD_END.length), "latin1");
    this.#head = "";
    this.#onOpen();
    // Whoever waits for the line hears what came with the answer to its handshake.
    if (rest.length > 0) queueMicrotask(() => this.#reader.read(rest, rest.length, this));
  }
}

function requestOf({ port, path, headers = {} }: LineOptions): string {
  const all = {
    Host: `127.0.0.1:${port}`,
    Origin: `http://127.0.0.1:${port}`,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}${HEAD_END}`;
}
