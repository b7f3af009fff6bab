import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** What a server was asked since the count began. */
export interface CommandCount {
  /** commands that clients sent; a script is one */
  readonly sent: number;
  /** calls that scripts made */
  readonly inside: number;
  /** how often each command was sent */
  readonly byName: ReadonlyMap<string, number>;
}

/** Commands that carry this word are the test's own and not counted. */
export const UNCOUNTED = "uncounted";

const LINE = /^\+\S+ \[\d+ (\S+)\] "([^"]*)"/;

/** Counts what a Redis server is asked, by its MONITOR: also what a client library sends by itself. */
export class RedisMonitor {
  readonly #byName = new Map<string, number>();
  readonly #awaited = new Map<string, () => void>();
  #inside = 0;
  #marks = 0;
  #rest = "";

  private constructor(
    private readonly monitor: Socket,
    private readonly marker: Socket,
  ) {
    monitor.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    marker.resume();
  }

  static async start(port: number): Promise<RedisMonitor> {
    const sockets = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")] as const;
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    sockets[0].write("MONITOR\r\n");
    const monitor = new RedisMonitor(...sockets);
    await monitor.count();
    monitor.reset();
    return monitor;
  }

  /** Resolves when everything that the server was asked until now is counted. */
  async count(): Promise<CommandCount> {
    this.#marks += 1;
    const mark = `${UNCOUNTED}-${this.#marks}`;
    const seen = new Promise<void>((resolve) => this.#awaited.set(mark, resolve));
    this.marker.write(`ECHO ${mark}\r\n`);
    await seen;
    const sent = [...this.#byName.values()].reduce((sum, each) => sum + each, 0);
    return { sent, inside: this.#inside, byName: new Map(this.#byName) };
  }

  reset(): void {
    this.#byName.clear();
    this.#inside = 0;
  }

  stop(): void {
    this.monitor.destroy();
    this.marker.destroy();
  }

  #read(text: string): void {
    const lines = `${this.#rest}${text}`.split("\r\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#readLine(line);
  }

  #readLine(line: string): void {
    const [, from, name] = LINE.exec(line) ?? [];
    if (from === undefined || name === undefined) return;
    if (line.includes(UNCOUNTED)) return this.#marked(line);
    if (from === "lua") this.#inside += 1;
    else this.#byName.set(name.toUpperCase(), (this.#byName.get(name.toUpperCase()) ?? 0) + 1);
  }

  #marked(line: string): void {
    const mark = /"ECHO" "([^"]*)"/i.exec(line)?.[1] ?? "";
    this.#awaited.get(mark)?.();
    this.#awaited.delete(mark);
  }
}
