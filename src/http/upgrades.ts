import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Timer } from "../clock.js";
import { ConviveError, messageOf } from "../errors.js";
import { CLOSE_CODES } from "../protocol.js";
import type { Identity } from "../session/identity.js";
import { statusOf } from "../session/error-page.js";
import { Socket, type SocketOwner } from "../session/socket.js";
import type { UpgradeRequests } from "./express-door.js";
import type { Identities } from "./identities.js";
import type { Origins } from "./origins.js";
import { Quota } from "./quota.js";
import { WebSockets, type WebSocketOwner } from "./web-socket.js";

const TICK_MS = 1_000;
const CLOSE_WAIT_MS = 1_000;
const PROTOCOL = "2.0.0";
const REASONS: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

export interface UpgradeOptions {
  readonly path: string;
  readonly origins: Origins;
  readonly identities: Identities;
  readonly requests: () => UpgradeRequests;
}

/** The door for WebSockets: origin, the app's middleware, identity and quotas, before a socket exists. */
export class Upgrades implements WebSocketOwner {
  readonly #webSockets: WebSockets;
  readonly #sockets = new Set<Socket>();
  readonly #perUser: Quota;
  readonly #perAddress: Quota;
  readonly #servers = new Map<Server, () => void>();
  /** upgrades that are not decided yet, and since when */
  readonly #waiting = new Map<Duplex, number>();
  readonly #ticker: Timer;
  #isClosed = false;
  #onEmpty = (): void => {};

  constructor(
    private readonly owner: SocketOwner,
    private readonly options: UpgradeOptions,
  ) {
    const { limits, clock } = owner;
    this.#webSockets = new WebSockets(this, limits.frameBytes);
    this.#perUser = new Quota(limits.socketsPerUser);
    this.#perAddress = new Quota(limits.socketsPerAddress);
    this.#ticker = clock.every(Math.min(TICK_MS, limits.pingMs / 2), () => this.#tick());
  }

  get sockets(): ReadonlySet<Socket> {
    return this.#sockets;
  }

  attach(server: Server): void {
    if (this.#servers.has(server)) return;
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Before anything else: an unheard "error" ends the process.
      socket.on("error", destroyIt);
      const path = (request.url ?? "").split("?")[0];
      if (path === this.options.path) void this.#upgrade(request, socket, head);
      else if (server.listenerCount("upgrade") === 1) refuse(socket, 404);
    };
    server.on("upgrade", onUpgrade);
    this.#servers.set(server, () => server.off("upgrade", onUpgrade));
  }

  /** Closes the sockets of a person, who may come back if the app lets him. */
  disconnect(userId: string, tenant: string): void {
    for (const socket of this.#sockets) {
      const { identity } = socket;
      if (identity.userId === userId && identity.tenant === tenant)
        socket.close(CLOSE_CODES.disconnected, "disconnected");
    }
  }

  /** Takes no more sockets and closes those there are, spread over the time given, so that their pages do not all come to the next node at once. */
  async drain(spreadMs: number): Promise<void> {
    this.#isClosed = true;
    const sockets = [...this.#sockets];
    await Promise.all(sockets.map((socket, index) => this.#closeAfter(socket, (spreadMs * index) / sockets.length)));
    for (const socket of this.#waiting.keys()) refuse(socket, 503);
    await this.#emptied();
    for (const socket of this.#sockets) socket.terminate();
    await this.#emptied();
    this.#ticker.clear();
    for (const detach of this.#servers.values()) detach();
    this.#servers.clear();
    this.#webSockets.close();
  }

  /** Those that do not answer the close in time are not waited for. */
  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.owner.clock.after(CLOSE_WAIT_MS, resolve);
      this.#onEmpty = () => {
        timer.clear();
        resolve();
      };
      if (this.#sockets.size === 0) this.#onEmpty();
    });
  }

  #closeAfter(socket: Socket, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const close = () => {
        socket.close(CLOSE_CODES.serviceRestart, "restarting");
        resolve();
      };
      if (ms > 0) this.owner.clock.after(ms, close);
      else close();
    });
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#waiting.set(socket, this.owner.clock.now());
    try {
      const admitted = await this.#admit(request);
      if ("status" in admitted) return refuse(socket, admitted.status);
      this.#open(request, socket, head, admitted.identity);
    } catch (error) {
      this.#failed(error, socket);
    } finally {
      this.#waiting.delete(socket);
    }
  }

  /** What was taken of the quotas is given back when the socket closes, or at once when there is none. */
  #open(request: IncomingMessage, stream: Duplex, head: Buffer, identity: Identity): void {
    let isOpen = false;
    try {
      if (this.#isClosed || !stream.writable) return refuse(stream, 503);
      isOpen = this.#webSockets.accept(request, stream, head, (raw) => {
        const socket = new Socket(raw, identity, this.owner);
        this.#sockets.add(socket);
        return socket;
      });
      // From here on the WebSocket hears of errors.
      if (isOpen) stream.off("error", destroyIt);
    } finally {
      if (!isOpen) this.#release(identity);
    }
  }

  #failed(error: unknown, socket: Duplex): void {
    const status = statusOf(error);
    // What the app refuses with a status of its own is no failure.
    if (status >= 500) {
      this.owner.logger.error({ error: messageOf(error), stack: (error as Error)?.stack }, "an upgrade failed");
    }
    refuse(socket, status >= 500 ? 500 : known(status));
  }

  async #admit(request: IncomingMessage): Promise<{ readonly status: number } | { readonly identity: Identity }> {
    if (this.#isClosed) return { status: 503 };
    const vsn = new URLSearchParams((request.url ?? "").split("?")[1] ?? "").get("vsn");
    if (vsn !== PROTOCOL) return { status: 403 };
    if (!this.options.origins.allows(request)) {
      const { origin } = request.headers;
      const refusal = new ConviveError(
        "ORIGIN_REFUSED",
        `A page of ${origin} may not connect: add it to \`origins\`, or set \`trustProxy\` behind a proxy that ends TLS.`,
      );
      this.owner.logger.warn({ origin, host: request.headers.host }, refusal.message);
      return { status: 403 };
    }
    const result = await this.options.requests().run(request);
    if ("status" in result) return { status: known(result.status) };
    const identity = await this.options.identities.of(result.request);
    return this.#withinQuota(identity);
  }

  #withinQuota(identity: Identity): { readonly status: number } | { readonly identity: Identity } {
    if (!this.#perAddress.take(identity.address)) return { status: 429 };
    if (this.#perUser.take(identity.userId)) return { identity };
    this.#perAddress.giveBack(identity.address);
    return { status: 429 };
  }

  message(socket: Socket, data: Buffer, isBinary: boolean): void {
    if (isBinary) socket.close(1_003, "text frames only");
    else socket.receive(data.toString());
  }

  pong(socket: Socket): void {
    socket.heard();
  }

  closed(socket: Socket, code: number): void {
    this.#sockets.delete(socket);
    this.#release(socket.identity);
    socket.closed(code);
    if (this.#sockets.size === 0) this.#onEmpty();
  }

  #release({ address, userId }: Identity): void {
    this.#perAddress.giveBack(address);
    this.#perUser.giveBack(userId);
  }

  #tick(): void {
    for (const socket of this.#sockets) socket.tick();
    const { clock, limits } = this.owner;
    for (const [socket, since] of this.#waiting) {
      if (clock.now() - since >= limits.unmountedSocketMs) refuse(socket, 503);
    }
  }
}

/** A status of the app's that we can say; else it is just refused. */
function known(status: number): number {
  return status in REASONS ? status : 403;
}

function destroyIt(this: Duplex): void {
  this.destroy();
}

function refuse(socket: Duplex, status: number): void {
  if (!socket.writable) return;
  // The peer may keep its half open for ever.
  socket.once("finish", () => socket.destroy());
  const retry = status === 429 || status === 503 ? "Retry-After: 5\r\n" : "";
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status] ?? "Refused"}\r\nConnection: close\r\nContent-Length: 0\r\n${retry}\r\n`,
  );
}
