import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Client, Server } from "./clients.js";

/** Closes connections behind which commands wait in vain. What the server has received it may still run. */
export class HangingServers {
  readonly #asked = new Set<Server>();

  /** A command of this client was not answered in time. */
  reset(client: Client): void {
    if (!isCluster(client)) return drop(client.stream);
    // Nobody says which server it was; and a slot that moves lets a command wait, too. Who answers is left alone.
    const inUse = client.nodes("all").filter(({ status }) => status !== "wait");
    for (const server of inUse) if (!this.#asked.has(server)) void this.#resetUnlessItAnswers(server);
  }

  async #resetUnlessItAnswers(server: Server): Promise<void> {
    this.#asked.add(server);
    try {
      await server.ping();
    } catch (error) {
      if (isTimeout(error)) drop(server.stream);
    } finally {
      this.#asked.delete(server);
    }
  }
}

/** Makes the connection that hears channels anew, which does not notice by itself that nothing comes any more. */
export function hearAnew(subscriber: Client): void {
  if (!isCluster(subscriber)) drop(subscriber.stream);
  else if (subscriber.status === "ready") subscriber.disconnect(true);
}

/** Closes a socket now. With a reset, which also takes back what the other end has not received yet, wherever one is possible. */
export function drop(socket: Socket | undefined): void {
  // One that is ending already would never say that it is closed.
  const canReset = socket && !socket.connecting && !socket.writableEnded && !(socket instanceof TLSSocket);
  if (canReset) socket.resetAndDestroy();
  else socket?.destroy();
}

export function serversOf(client: Client): Server[] {
  return isCluster(client) ? client.nodes("master") : [client];
}

export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === TIMED_OUT;
}

/** The server was a master when it was connected, and is a replica now. */
export function isDemoted(error: unknown): boolean {
  return error instanceof Error && /\bREADONLY\b/.test(error.message);
}

/** As ioredis says it. */
export const TIMED_OUT = "Command timed out";

function isCluster(client: Client): client is Exclude<Client, Server> {
  return client.isCluster;
}
