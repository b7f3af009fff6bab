import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";

/** Up: from who connects to the server behind. Down: back. */
export type Way = "up" | "down";

const BOTH: readonly Way[] = ["up", "down"];
/** What a way takes in before its sender has to wait, as the windows of TCP make it. */
const WINDOW_BYTES = 65_536;

/** What is done to the bytes on their way. */
interface Faults {
  swallowed: readonly Way[];
  /** what is held waits for it; null: nothing is held */
  release: Promise<void> | null;
  delayMs: number;
  jitterMs: number;
  /** at most so many bytes at a time */
  pieceBytes: number;
  random(): number;
}

/** One way of one connection. What it swallows leaves a gap, and a connection with a gap never works again. */
class Stream {
  #last: Promise<void> = Promise.resolve();
  #dueAt = 0;
  #underway = 0;
  #hasGap = false;
  readonly #ended = new AbortController();

  constructor(
    private readonly way: Way,
    private readonly faults: Faults,
    private readonly from: Socket,
    private readonly to: Socket,
  ) {
    from.on("data", (chunk) => this.#take(chunk.length, () => this.#write(chunk)));
    from.on("end", () => this.#take(0, () => this.#pass(() => to.end())));
    from.on("close", (hadError) => hadError && this.#take(0, () => this.#pass(() => breakOff(to))));
  }

  get isBroken(): boolean {
    return this.#hasGap && !this.#isSwallowed;
  }

  leaveGap(): void {
    this.#hasGap ||= this.#isSwallowed;
  }

  stop(): void {
    this.#ended.abort();
  }

  get #isSwallowed(): boolean {
    return this.faults.swallowed.includes(this.way);
  }

  /** In the order of coming, each at its own time: a delay makes late, not slow. */
  #take(bytes: number, work: () => void | Promise<void>): void {
    const { delayMs, jitterMs, random } = this.faults;
    const late = delayMs + (jitterMs > 0 ? jitterMs * random() : 0);
    this.#dueAt = Math.max(this.#dueAt, performance.now() + late);
    this.#underway += bytes;
    if (this.#underway > WINDOW_BYTES) this.from.pause();
    const dueAt = this.#dueAt;
    this.#last = this.#last.then(() => this.#carry(dueAt, work)).catch(() => {});
    void this.#last.then(() => {
      this.#underway -= bytes;
      if (this.#underway <= WINDOW_BYTES && !this.#ended.signal.aborted) this.from.resume();
    });
  }

  async #carry(dueAt: number, work: () => void | Promise<void>): Promise<void> {
    const { signal } = this.#ended;
    const left = dueAt - performance.now();
    if (left > 0) await pause(left, undefined, { signal });
    while (this.faults.release) await this.faults.release;
    if (!signal.aborted) await work();
  }

  async #write(chunk: Buffer): Promise<void> {
    const { pieceBytes } = this.faults;
    for (let at = 0; at < chunk.length && !this.#ended.signal.aborted; at += pieceBytes) {
      if (at > 0) await nextTurn();
      const piece = chunk.subarray(at, at + pieceBytes);
      this.#pass(() => this.to.write(piece));
      if (this.to.writableNeedDrain) await once(this.to, "drain", { signal: this.#ended.signal });
    }
  }

  #pass(work: () => unknown): void {
    this.leaveGap();
    if (!this.#hasGap && !this.to.destroyed) work();
  }
}

/** A client, the server behind, and the two ways between. */
class ProxiedConnection {
  readonly #streams: readonly Stream[];

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    faults: Faults,
    gone: () => void,
  ) {
    this.#streams = [new Stream("up", faults, client, server), new Stream("down", faults, server, client)];
    const sockets = [client, server];
    for (const socket of sockets) {
      socket.setNoDelay(true);
      // Its close says the same, to the other side.
      socket.on("error", () => {});
      socket.on("close", () => sockets.every(({ destroyed }) => destroyed) && gone());
    }
    // A greeting that nobody hears: the server knows nothing of this client.
    this.#streams[0]!.leaveGap();
  }

  /** What swallowed bytes cannot go on when the way is whole again. */
  mend(): void {
    if (this.#streams.some(({ isBroken }) => isBroken)) this.reset();
  }

  reset(): void {
    for (const stream of this.#streams) stream.stop();
    for (const socket of [this.client, this.server]) breakOff(socket);
  }
}

/** Node waits for what is being written, and never closes a socket that is reset while its end is on the way or an error comes. */
function breakOff(socket: Socket): void {
  if (socket.writableEnded || socket.writableLength > 0) return void socket.destroy();
  socket.pause();
  socket.resetAndDestroy();
}

export interface FaultProxyOptions {
  /** chance, for what jitters; Math.random unless given */
  readonly random?: () => number;
}

/**
 * A way to a TCP server of the loopback, with faults on it. It begins as a clean way; each fault stands until `forward` or another of its kind.
 *
 * @example
 * const proxy = await FaultProxy.start(redis.port);
 * const node = await startRedisNode(proxy.url);
 * proxy.blackhole();
 * proxy.forward();
 */
export class FaultProxy {
  readonly #faults: Faults;
  readonly #connections = new Set<ProxiedConnection>();
  readonly #server: Server;
  #port: number;
  #release: () => void = () => {};

  private constructor(targetPort: number, { random = Math.random }: FaultProxyOptions) {
    this.#port = targetPort;
    this.#faults = { swallowed: [], release: null, delayMs: 0, jitterMs: 0, pieceBytes: Infinity, random };
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  static async start(targetPort: number, options: FaultProxyOptions = {}): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort, options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** As of a Redis. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** How many connections go through. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Ends all faults. Connections that lost bytes are reset: a stream with a gap cannot go on. */
  forward(): void {
    this.delay(0);
    this.slice(Infinity);
    this.release();
    this.#swallow([]);
  }

  /** Swallows both ways, the news of a closed end included; who connects is taken in and never answered. */
  blackhole(): void {
    this.#swallow(BOTH);
  }

  /** Swallows one way only. */
  half(way: Way): void {
    this.#swallow([way]);
  }

  /** What comes from now on arrives later, in the order it came. */
  delay(ms: number, jitterMs = 0): void {
    this.#faults.delayMs = ms;
    this.#faults.jitterMs = jitterMs;
  }

  /** Cuts what comes into pieces of so many bytes, each sent alone. */
  slice(bytes: number): void {
    this.#faults.pieceBytes = bytes;
  }

  /** Holds everything back until `release`; nothing is lost. */
  hold(): void {
    this.#faults.release ??= new Promise((resolve) => (this.#release = resolve));
  }

  release(): void {
    this.#faults.release = null;
    this.#release();
  }

  /** Breaks every connection there is; new ones go through. */
  reset(): void {
    for (const connection of this.#connections) connection.reset();
  }

  /** New connections lead to this port; `reset` makes the old ones come anew. */
  retarget(port: number): void {
    this.#port = port;
  }

  async stop(): Promise<void> {
    this.release();
    this.reset();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #swallow(ways: readonly Way[]): void {
    this.#faults.swallowed = ways;
    for (const connection of this.#connections) connection.mend();
  }

  #accept(client: Socket): void {
    const server = connect({ port: this.#port, host: "127.0.0.1", allowHalfOpen: true });
    const connection = new ProxiedConnection(client, server, this.#faults, () => this.#connections.delete(connection));
    this.#connections.add(connection);
  }
}
