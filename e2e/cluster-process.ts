import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** `npm start -- --nodes 2` in a process of its own, whose nodes a test may kill. */
export class ClusterProcess {
  readonly #nodes = new Map<string, number>();
  #child: ChildProcess | null = null;
  #url = "";

  get url(): string {
    return this.#url;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, ["--import", "tsx", "examples/server.ts", "--nodes", "2"], {
      cwd: ROOT,
      env: { ...process.env, PORT: "0", REDIS_URL: undefined, NODE_ENV: "test" },
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    this.#child = child;
    const lines = createInterface({ input: child.stdout! });
    await new Promise<void>((resolve, reject) => {
      lines.on("line", (line) => {
        const [, name, pid] = /^(node \d+) listens .*\(process (\d+)\)$/.exec(line) ?? [];
        if (name) this.#nodes.set(name, Number(pid));
        this.#url ||= /http:\/\/localhost:\d+/.exec(line)?.[0] ?? "";
        if (this.#url) resolve();
      });
      child.once("exit", (code) => reject(new Error(`The nodes ended before they served (code ${code}).`)));
    });
  }

  /** The process that serves under this name. */
  pidOf(node: string): number {
    const pid = this.#nodes.get(node);
    if (pid === undefined) throw new Error(`There is no ${node}.`);
    return pid;
  }

  /** A crash: nobody is told anything. */
  kill(node: string): void {
    process.kill(this.pidOf(node), "SIGKILL");
  }

  /** @returns the code that it ended with */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    child.kill("SIGINT");
    await once(child, "exit");
    return child.exitCode;
  }
}
