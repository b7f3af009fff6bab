// A server of the bench, in a process and on a core of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { endWithUs } from "../../src/testing/end-with-us.js";
import { pinned, SERVER_CORE } from "./cores.js";
import { hasFlag } from "./flags.js";
import { compileProgram } from "./program.js";
import type { Answer, Question, ServerMemory } from "./server-control.js";
import { hottest } from "./profile.js";

const PROFILES = join(import.meta.dirname, "../../.cache/bench");

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** `--profile` on the command line unless given */
  readonly isProfiled?: boolean;
}

/** What a server took between `begin` and `end`. */
export interface Taken {
  readonly cpuMs: number;
  readonly ms: number;
}

export class ServerProcess {
  static readonly #running = new Set<ServerProcess>();
  static readonly #companions = new Set<number>();
  port = 0;
  readonly #waiting = new Map<number, Waiting>();
  readonly #release: () => void;
  #questions = 0;
  #hasEnded = false;

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    private readonly isProfiled: boolean,
  ) {
    this.#release = endWithUs(child);
    ServerProcess.#running.add(this);
    child.on("message", (answer: Answer) => this.#answered(answer));
    child.on("exit", (code) => {
      this.#hasEnded = true;
      ServerProcess.#running.delete(this);
      for (const { reject } of this.#waiting.values())
        reject(new Error(`The server "${name}" has ended with ${code}.`));
      this.#waiting.clear();
    });
  }

  /**
   * Starts a program of `servers/`: compiled as users run it, on the server's core.
   *
   * @example
   * const server = await ServerProcess.start("convive");
   */
  static async start(program: string, options: ServerOptions = {}): Promise<ServerProcess> {
    const { env = {}, isProfiled = process.argv.includes("--profile") } = options;
    const file = await compileProgram(join(import.meta.dirname, `servers/${program}.ts`));
    const [command, ...words] = pinned(SERVER_CORE, [process.execPath, "--expose-gc", file]);
    const child = spawn(command!, words, {
      // What it prints must not be taken for results.
      stdio: ["ignore", 2, 2, "ipc"],
      env: { ...process.env, NODE_ENV: "production", ...env },
    });
    const server = new ServerProcess(program, child, isProfiled);
    server.port = (await new Promise((resolve, reject) => server.#waiting.set(0, { resolve, reject }))) as number;
    return server;
  }

  /** Process ids of all there are: they share a core. */
  static running(): readonly number[] {
    return [...[...ServerProcess.#running].map(({ child }) => child.pid!), ...ServerProcess.#companions];
  }

  /** Another process that works for the servers on their core is not taken for a foreign one, until what this returns is called. */
  static accompany(pid: number): () => void {
    ServerProcess.#companions.add(pid);
    return () => ServerProcess.#companions.delete(pid);
  }

  /** Asks what the program answers besides serving. */
  ask<T = void>(name: string, ...words: readonly unknown[]): Promise<T> {
    if (this.#hasEnded) return Promise.reject(new Error(`The server "${this.name}" has ended.`));
    const number = (this.#questions += 1);
    const answer = new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
    this.child.send({ number, name, words } satisfies Question);
    return answer as Promise<T>;
  }

  begin(): Promise<void> {
    return this.ask("begin");
  }

  end(): Promise<Taken> {
    return this.ask<Taken>("end");
  }

  memory(): Promise<ServerMemory> {
    return this.ask<ServerMemory>("memory");
  }

  /** All that is reachable now, into a file for the memory tab of a browser's tools, when `--snapshot` was asked for. */
  async snapshot(of: string): Promise<void> {
    if (!hasFlag("snapshot")) return;
    const file = profileFile(of, "heapsnapshot");
    await this.ask("snapshot", file);
    process.stderr.write(`${file}\n`);
  }

  /** From here on, when `--profile` was asked for; the profile ends with the server. */
  async profile(): Promise<void> {
    if (this.isProfiled) await this.ask("startProfile");
  }

  /** @param of names the profile's file */
  async stop(of = this.name): Promise<void> {
    if (this.isProfiled && !this.#hasEnded) await this.#writeProfile(of);
    this.#release();
    if (this.#hasEnded) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGKILL");
    await ended;
  }

  async #writeProfile(of: string): Promise<void> {
    const file = profileFile(of, "cpuprofile");
    const isWritten = await this.ask<boolean>("stopProfile", file);
    if (isWritten)
      process.stderr.write(`${file}
${hottest(readFileSync(file, "utf8"))}
`);
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    if ("error" in answer) waiting?.reject(new Error(`${this.name}: ${answer.error}`));
    else waiting?.resolve(answer.value);
  }
}

function profileFile(of: string, extension: string): string {
  mkdirSync(PROFILES, { recursive: true });
  return join(PROFILES, `${of.replace(/\W+/g, "-")}.${extension}`);
}
