import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";

/** A port that leads to another one, where each byte takes some time on its way, there and back. */
export class SlowLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(targetPort: number, delayMs: number) {
    this.#server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port: targetPort, host: "localhost", noDelay: true });
      this.#forward(near, far, delayMs);
      this.#forward(far, near, delayMs);
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, resolve));
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #forward(from: Socket, to: Socket, delayMs: number): void {
    this.#sockets.add(from);
    from.on("data", (bytes) => setTimeout(() => to.writable && to.write(bytes), delayMs));
    from.on("end", () => setTimeout(() => to.end(), delayMs));
    from.on("error", () => to.destroy());
    from.on("close", () => this.#sockets.delete(from));
  }
}
