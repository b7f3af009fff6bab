import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Where a connection may go. */
export interface Target {
  /** null while it is down */
  readonly port: number | null;
}

const KEEP_ALIVE_MS = 30_000;
/** How long one side may go on after the other has ended. */
const HALF_OPEN_MS = 30_000;
const FIRST_WORD_MS = 30_000;
const AWAY = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/**
 * Hands connections to nodes, in turn; WebSockets, which last, to the node that has the fewest. Who is down is passed over.
 * It looks at the first packet only, and passes all of it on as it is.
 */
export class Balancer<T extends Target> {
  readonly #server: Server = createServer({ allowHalfOpen: true }, (client) => void this.#serve(client));
  readonly #clients = new Set<Socket>();
  readonly #webSockets = new Map<T, number>();
  #turn = 0;
  #closing: Promise<void> | null = null;

  constructor(private readonly targets: readonly T[]) {}

  /** @returns the port */
  async listen(port: number, host?: string): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : port;
  }

  /** Takes no more connections; resolves when those it has are gone. */
  refuse(): Promise<void> {
    return (this.#closing ??= new Promise((resolve) => this.#server.close(() => resolve())));
  }

  async close(): Promise<void> {
    const closed = this.refuse();
    for (const client of this.#clients) client.destroy();
    await closed;
  }

  async #serve(client: Socket): Promise<void> {
    this.#clients.add(client);
    client.once("close", () => this.#clients.delete(client));
    client.on("error", () => client.destroy());
    client.setTimeout(FIRST_WORD_MS, () => client.destroy());
    const first = await firstPacket(client);
    if (!first) return void client.destroy();
    client.setTimeout(0);
    const isWebSocket = /^upgrade: *websocket\r$/im.test(first.toString("latin1"));
    for (const target of this.#inOrder(isWebSocket)) {
      const upstream = await reach(target);
      if (!upstream) continue;
      if (isWebSocket) this.#count(target, upstream);
      upstream.write(first);
      return join(client, upstream);
    }
    client.end(AWAY);
  }

  #inOrder(isWebSocket: boolean): readonly T[] {
    const from = this.#turn++ % this.targets.length;
    const inTurn = [...this.targets.slice(from), ...this.targets.slice(0, from)];
    if (!isWebSocket) return inTurn;
    return inTurn.toSorted((a, b) => this.#webSocketsOf(a) - this.#webSocketsOf(b));
  }

  #count(target: T, upstream: Socket): void {
    this.#webSockets.set(target, this.#webSocketsOf(target) + 1);
    upstream.once("close", () => this.#webSockets.set(target, this.#webSocketsOf(target) - 1));
  }

  #webSocketsOf(target: T): number {
    return this.#webSockets.get(target) ?? 0;
  }
}

/** What a client says first; null when it says nothing. */
function firstPacket(client: Socket): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const end = () => resolve(null);
    client.once("end", end).once("close", end);
    client.once("data", (chunk: Buffer) => {
      client.pause();
      client.off("end", end).off("close", end);
      resolve(chunk);
    });
  });
}

/** A connection to the node; null when it is down. */
function reach({ port }: Target): Promise<Socket | null> {
  if (port === null) return Promise.resolve(null);
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.once("connect", () => resolve(socket));
    socket.on("error", () => {
      socket.destroy();
      resolve(null);
    });
  });
}

/** Each side hears what the other says, and that it has ended; when one is gone the other goes. */
function join(client: Socket, upstream: Socket): void {
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.setNoDelay();
    from.setKeepAlive(true, KEEP_ALIVE_MS);
    from.pipe(to);
    from.once("end", () => to.setTimeout(HALF_OPEN_MS, () => to.destroy()));
    from.once("close", () => to.destroySoon());
  }
  if (client.destroyed) upstream.destroy();
}
