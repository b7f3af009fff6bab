import type { Client } from "./clients.js";
import { serversOf } from "./hanging.js";

/** What is sent in one turn of this process leaves it in one piece. */
export class Corks {
  readonly #corked = new Set<Client>();

  cork(client: Client): void {
    if (this.#corked.has(client)) return;
    this.#corked.add(client);
    const streams = serversOf(client).map(({ stream }) => stream);
    for (const stream of streams) stream?.cork();
    process.nextTick(() => {
      this.#corked.delete(client);
      for (const stream of streams) stream?.uncork();
    });
  }
}
