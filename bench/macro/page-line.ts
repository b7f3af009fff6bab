import { connect, type Socket } from "node:net";
import { traffic } from "./line.js";

const SHARED = Buffer.alloc(262_144);
const HEAD_END = "\r\n\r\n";

/** A connection that asks for a page again and again, one at a time, and costs the load as little as can be. */
export class PageLine {
  /** answers that came whole */
  pages = 0;
  readonly #socket: Socket;
  readonly #request: Buffer;
  readonly #answers = new AnswerReader(() => {
    this.pages += 1;
    if (this.#isAsking) this.#ask();
  });
  #isAsking = false;

  private constructor(
    port: number,
    path: string,
    headers: Readonly<Record<string, string>>,
    onOpen: (error?: Error) => void,
  ) {
    const lines = Object.entries({ Host: `127.0.0.1:${port}`, ...headers }).map(([name, value]) => `${name}: ${value}`);
    this.#request = Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}${HEAD_END}`);
    const callback = (length: number) => {
      traffic.reads += 1;
      this.#answers.read(SHARED, length);
      return true;
    };
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true, onread: { buffer: SHARED, callback } });
    this.#socket.once("connect", () => onOpen());
    this.#socket.once("error", onOpen);
  }

  static open(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<PageLine> {
    return new Promise((resolve, reject) => {
      const line: PageLine = new PageLine(port, path, headers, (error) => (error ? reject(error) : resolve(line)));
    });
  }

  /** of the last answer, its head included */
  get bytes(): number {
    return this.#answers.bytes;
  }

  start(): void {
    this.#isAsking = true;
    this.#ask();
  }

  /** What is under way is answered still. */
  stop(): void {
    this.#isAsking = false;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #ask(): void {
    this.#socket.write(this.#request);
  }
}

/** Tells where one HTTP answer ends: what a server with `Content-Length` sends, of which the head comes in one piece. */
export class AnswerReader {
  bytes = 0;
  #missing = 0;

  constructor(private readonly onWhole: () => void) {}

  /** @throws RangeError for an answer that is no page, or has no length */
  read(bytes: Buffer, length: number): void {
    if (this.#missing === 0) {
      const end = bytes.indexOf(HEAD_END);
      const head = bytes.toString("latin1", 0, end < 0 ? length : end);
      const size = /^Content-Length: (\d+)/im.exec(head)?.[1];
      if (!head.startsWith("HTTP/1.1 200 ") || end < 0 || size === undefined) throw new RangeError(`No page: ${head}`);
      this.bytes = this.#missing = end + HEAD_END.length + Number(size);
    }
    this.#missing -= length;
    if (this.#missing === 0) this.onWhole();
  }
}
