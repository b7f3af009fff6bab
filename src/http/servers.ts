import { createServer, type RequestListener, type Server } from "node:http";
import type { Clock } from "../clock.js";
import { ConviveError } from "../errors.js";

/** How long answers that are under way have, once a server closes. */
const ANSWER_WAIT_MS = 1_000;
const IDLE_CHECK_MS = 20;

/** The HTTP servers that we made and must end. */
export class Servers {
  readonly #servers = new Set<Server>();

  constructor(private readonly clock: Clock) {}

  make(app: RequestListener): Server {
    const server = createServer(app);
    this.#servers.add(server);
    return server;
  }

  /** @throws what the system says of a port that cannot be had; ConviveError SERVER_CLOSED when it was closed meanwhile */
  async listen(server: Server, port: number): Promise<void> {
    try {
      await listening(server, port);
    } catch (error) {
      this.#servers.delete(server);
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers].map((server) => this.#close(server)));
    this.#servers.clear();
  }

  #close(server: Server): Promise<void> {
    const idle = this.clock.every(IDLE_CHECK_MS, () => server.closeIdleConnections());
    const late = this.clock.after(ANSWER_WAIT_MS, () => server.closeAllConnections());
    return new Promise((resolve) => {
      server.close(() => {
        idle.clear();
        late.clear();
        resolve();
      });
    });
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = () => reject(new ConviveError("SERVER_CLOSED", "The server was closed before it listened."));
    server.once("error", reject).once("close", closed);
    server.listen(port, () => {
      server.off("error", reject).off("close", closed);
      resolve();
    });
  });
}
