import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Shorter than in production, so that tests need not wait for them; a reload on a loaded machine takes most of a second. */
const LIMITS = { graceUnloadMs: 1_200, graceBrokenMs: 2_000, statusFlipMs: 500 };

/** The demo in a process of its own, which a test may kill. */
export class DemoProcess {
  #child: ChildProcess | null = null;
  #port = 0;

  constructor(
    private readonly limits: Partial<typeof LIMITS> = {},
    /** URL of a Redis; in memory unless given */
    private readonly redis?: string,
  ) {}

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://localhost:${this.#port}`;
  }

  /** On a free port; on the same one when it is started again. */
  async start(): Promise<void> {
    const env = {
      ...process.env,
      PORT: String(this.#port),
      E2E_LIMITS: JSON.stringify({ ...LIMITS, ...this.limits }),
      E2E_REDIS: this.redis,
      NODE_ENV: "test",
    };
    const child = spawn(process.execPath, ["--import", "tsx", "e2e/demo-server.ts"], {
      cwd: ROOT,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      const port = /^port (\d+)$/.exec(line)?.[1];
      if (!port) continue;
      this.#port = Number(port);
      child.stdout.resume();
      return;
    }
    throw new Error(`The demo ended before it listened (code ${child.exitCode}).`);
  }

  /** SIGKILL is a crash: nobody is told anything. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  }
}
