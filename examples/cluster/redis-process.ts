import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

/**
 * Ends the server when this process is gone, however it ended: then its input ends. In a session of its own, so that Ctrl-C
 * does not end it before the nodes have left their rooms.
 */
const GUARDED = `exec 3<&0
redis-server "$@" &
redis=$!
{ read -r _ <&3; kill "$redis"; } >/dev/null 2>&1 &
wait "$redis"`;

const MISSING = `redis-server is not installed: several nodes share their rooms in a Redis.
Install redis-server 6.2 or newer (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis),
or name one that runs: REDIS_URL=redis://localhost:6379 npm start -- --nodes 2`;

/** A Redis of one's own on the loopback, that keeps nothing, and is started again when it dies. */
export class RedisProcess {
  #child: ChildProcess | null = null;
  #port = 0;
  #isEnding = false;

  /** @returns its URL */
  async start(): Promise<string> {
    this.#port ||= await freePort();
    const words = ["--port", String(this.#port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    const child = spawn("sh", ["-c", GUARDED, "redis", ...words], { stdio: ["pipe", "pipe", "pipe"], detached: true });
    this.#child = child;
    await untilReady(child);
    child.once("exit", () => this.#ended(child));
    return `redis://127.0.0.1:${this.#port}`;
  }

  async stop(): Promise<void> {
    this.#isEnding = true;
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    child.stdin!.end();
    await once(child, "exit");
  }

  #ended(child: ChildProcess): void {
    child.stdin!.end();
    if (this.#isEnding) return;
    console.log("Redis ended; it is started again");
    this.start().catch((error: Error) => console.error(error.message));
  }
}

async function untilReady(child: ChildProcess): Promise<void> {
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-4_000);
      if (output.includes("Ready to accept connections")) resolve();
    };
    child.stdout!.on("data", hear);
    child.stderr!.on("data", hear);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(code === 127 ? MISSING : `redis-server ended:\n${output}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
