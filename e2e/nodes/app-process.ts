import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Limits } from "../../src/options.js";
import { endWithUs } from "../../src/testing/end-with-us.js";

const MAIN = join(import.meta.dirname, "app-main.ts");

export interface AppStart {
  /** URL of Redis, or of a proxy before it */
  readonly redis: string;
  /** a free one unless given */
  readonly port?: number;
  readonly limits?: Partial<Limits>;
  /** over how long it closes its sockets when it is told to end */
  readonly drainMs?: number;
}

export interface AppStats {
  readonly sockets: number;
  readonly pages: number;
  readonly rooms: number;
  readonly connections: number;
  /** of the app's clock that run */
  readonly timers: number;
  /** what keeps the process alive: how many of each kind */
  readonly handles: Readonly<Record<string, number>>;
  readonly heapBytes: number;
}

export interface Listed {
  readonly id: string;
  readonly connections: number;
}

/** What a process can be asked. */
export interface AppCommands {
  list(key: string): Promise<Listed[]>;
  count(key: string): Promise<number>;
  /** Counts a room and tells how long that took, and with which code it failed. */
  timed(key: string): Promise<{ ms: number; code: string }>;
  /** Users whose cursors are known. */
  cursors(key: string): Promise<string[]>;
  stats(): Promise<AppStats>;
  /** How late the event loop was since the last question. */
  lag(): Promise<{ p99: number; max: number }>;
  health(): Promise<{ status: string; code?: string }>;
  /** `ann begins`, `ann ends`: of slow handlers. */
  handled(): Promise<string[]>;
  logged(): Promise<string[]>;
  /** Leaves a rejection that nobody handles. */
  reject(message: string): Promise<void>;
}

export interface ToApp {
  readonly id: number;
  readonly name: keyof AppCommands;
  readonly words: readonly unknown[];
}

export type FromApp =
  | { readonly port: number }
  | { readonly failure: string }
  | { readonly closed: { readonly handled: string[] } }
  | { readonly id: number; readonly answer?: unknown; readonly error?: string };

interface Asked {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** An app in a process of its own: `app-main.ts`. What goes wrong in it, rejections and warnings included, is kept in `failures`. */
export class AppProcess {
  readonly failures: string[] = [];
  /** What it said when it was told to end and had closed everything. */
  closed: { readonly handled: string[] } | null = null;
  port = 0;
  /** Nobody may expect an answer: it was killed, stopped or told to end. */
  isGone = false;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, Asked>();
  #asks = 0;

  private constructor(readonly start: AppStart) {
    const execArgv = ["--import", "tsx", "--expose-gc"];
    this.#child = fork(MAIN, [JSON.stringify(start)], { execArgv, serialization: "advanced" });
    const letBe = endWithUs(this.#child);
    this.#child.on("message", (message) => this.#heard(message as FromApp));
    this.#child.once("exit", (code, signal) => {
      letBe();
      this.#ended(`the process of an app ended with ${signal ?? code}`);
    });
  }

  static async start(start: AppStart): Promise<AppProcess> {
    const started = new AppProcess(start);
    try {
      await new Promise<void>((resolve, reject) => started.#asked.set(0, { resolve: () => resolve(), reject }));
      return started;
    } catch (error) {
      throw new Error(`an app did not start: ${started.failures.join("\n")}`, { cause: error });
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  ask<N extends keyof AppCommands>(name: N, ...words: Parameters<AppCommands[N]>): ReturnType<AppCommands[N]> {
    const id = (this.#asks += 1);
    const answer = new Promise<unknown>((resolve, reject) => {
      if (!this.isRunning) return reject(new Error(`${name}: the process has ended`));
      this.#asked.set(id, { resolve, reject });
      this.#child.send({ id, name, words } satisfies ToApp);
    });
    return answer as ReturnType<AppCommands[N]>;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.isGone = true;
    if (!this.isRunning) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  /** SIGSTOP: nothing runs in it until `goOn`; the system still takes connections for it. */
  pause(): void {
    this.isGone = true;
    this.#child.kill("SIGSTOP");
  }

  goOn(): void {
    this.isGone = false;
    this.#child.kill("SIGCONT");
  }

  /** SIGTERM. Resolves with its exit code when it has ended by itself. */
  async end(): Promise<number | null> {
    this.isGone = true;
    if (!this.isRunning) return this.#child.exitCode;
    const ended = once(this.#child, "exit") as Promise<[number | null]>;
    this.#child.kill("SIGTERM");
    const [code] = await ended;
    return code;
  }

  #heard(message: FromApp): void {
    if ("port" in message) {
      this.port = message.port;
      this.#settle(0, ({ resolve }) => resolve(null));
    } else if ("failure" in message) this.#failed(message.failure);
    else if ("closed" in message) this.closed = message.closed;
    else {
      const { id, answer, error } = message;
      this.#settle(id, ({ resolve, reject }) => (error === undefined ? resolve(answer) : reject(new Error(error))));
    }
  }

  /** One that fails before it listens will not. */
  #failed(failure: string): void {
    this.failures.push(failure);
    if (this.port === 0) void this.kill();
  }

  #settle(id: number, settle: (asked: Asked) => void): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (asked) settle(asked);
  }

  #ended(how: string): void {
    if (!this.isGone) this.failures.push(how);
    for (const { reject } of this.#asked.values()) reject(new Error(how));
    this.#asked.clear();
  }
}
