import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("node-main.ts", import.meta.url));
const RESTART_PAUSE_MS = 1_000;
const END_DEADLINE_MS = 10_000;

/** A process that serves the demo, and is started again when it dies. */
export class NodeProcess {
  #child: ChildProcess | null = null;
  #port: number | null = null;
  #restart: NodeJS.Timeout | undefined;
  #isEnding = false;

  constructor(
    readonly name: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Where it listens; null while it does not. */
  get port(): number | null {
    return this.#port;
  }

  /** @throws Error when it ends before it listens, after it said why */
  async start(): Promise<void> {
    const child = fork(MAIN, { env: { ...this.env, NODE_NAME: this.name }, execArgv: ["--import", "tsx"] });
    this.#child = child;
    child.once("exit", (code, signal) => this.#ended(signal ?? `code ${code}`));
    const [told] = (await Promise.race([once(child, "message"), once(child, "exit")])) as [unknown];
    const port = (told as { port?: number } | null)?.port;
    if (port === undefined) throw new Error(`${this.name} did not start.`);
    this.#port = port;
    console.log(`${this.name} listens on port ${port} (process ${child.pid})`);
  }

  /** Lets its pages go over to others; for good. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (!child) return;
    const late = setTimeout(() => child.kill("SIGKILL"), END_DEADLINE_MS);
    child.kill("SIGTERM");
    await once(child, "exit");
    clearTimeout(late);
  }

  #ended(how: string): void {
    const wasServing = this.#port !== null;
    this.#child = null;
    this.#port = null;
    if (this.#isEnding || !wasServing) return;
    console.log(`${this.name} ended (${how}); it is started again`);
    this.#restartSoon();
  }

  #restartSoon(): void {
    if (this.#isEnding) return;
    this.#restart = setTimeout(() => void this.start().catch(() => this.#restartSoon()), RESTART_PAUSE_MS);
  }
}
