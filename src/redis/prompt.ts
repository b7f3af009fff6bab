import type { Client, Server } from "./clients.js";

/**
 * Has what comes read at once. ioredis listens in a way that Node's streams do not count as listening, so that they keep each piece until the
 * next tick; a second listener, of the usual kind, ends that. The connections of a Cluster come and go inside it; they are left alone.
 */
export function readAtOnce(client: Client): void {
  if (client.isCluster) return;
  client.on("connect", () => void (client as Server).stream.on("data", () => {}));
}
