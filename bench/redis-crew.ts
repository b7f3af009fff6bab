// A Redis server and nodes that share it, each in a process of its own.
import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Limits } from "../src/options.js";
import { startRedis, type RedisServerProcess } from "../src/testing/redis-server.js";
import { compileProgram } from "./macro/program.js";
import type { Answer, NodeWork, Request } from "./redis-work.js";

const PROGRAM = join(import.meta.dirname, "redis-work.ts");
const LOOK_EVERY_MS = 5;
const PATIENCE_MS = 120_000;

/** The methods of `NodeWork`, of a node elsewhere. */
type Remote = { readonly [K in keyof NodeWork]: NodeWork[K] };

/** A node in another process. */
export class CrewNode {
  readonly work: Remote;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #requests = 0;

  private constructor(readonly process: ChildProcess) {
    const name = (_: unknown, method: string | symbol) => {
      return (...args: readonly unknown[]) => this.#ask(String(method), args);
    };
    this.work = new Proxy({}, { get: name }) as Remote;
    process.on("message", (answer: Answer) => this.#answered(answer));
    process.on("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("The node has ended."));
    });
  }

  static async start(url: string, limits: Partial<Limits>): Promise<CrewNode> {
    const child = fork(await compileProgram(PROGRAM), [url, JSON.stringify(limits)], {
      execArgv: [],
      env: { ...process.env, NODE_ENV: "production" },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const node = new CrewNode(child);
    await new Promise((resolve, reject) => node.#waiting.set(0, { resolve, reject }));
    return node;
  }

  /** As kill -9. */
  kill(): void {
    this.process.kill("SIGKILL");
  }

  #ask(name: string, args: readonly unknown[]): Promise<unknown> {
    const number = (this.#requests += 1);
    this.process.send({ number, name, args } satisfies Request);
    return new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    if ("error" in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.value);
  }
}

export interface Crew {
  readonly server: RedisServerProcess;
  readonly nodes: readonly CrewNode[];
}

/** Runs work with a server and nodes of its own, which end with it. */
export async function withCrew<T>(size: number, limits: Partial<Limits>, work: (crew: Crew) => Promise<T>): Promise<T> {
  const server = await startRedis();
  const nodes: CrewNode[] = [];
  const end = () => nodes.forEach((node) => node.kill());
  process.once("exit", end);
  try {
    for (let i = 0; i < size; i += 1) nodes.push(await CrewNode.start(server.url, limits));
    return await work({ server, nodes });
  } finally {
    end();
    process.off("exit", end);
    await server.stop();
  }
}

/** Looks until it is so. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come to be so.`);
    await pause(LOOK_EVERY_MS);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
