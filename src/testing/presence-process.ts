import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Limits } from "../options.js";
import type { LeaveReason } from "../presence/presence.js";
import { endWithUs } from "./end-with-us.js";
import type { NaiveRule } from "./naive-rules.js";

const MAIN = join(import.meta.dirname, "presence-process-main.ts");

/** What a process is started with. */
export interface PresenceStart {
  /** of Redis, or of a proxy before it */
  readonly url: string;
  /** other than QUICK_LIMITS */
  readonly limits?: Partial<Limits>;
  /** a rule of ours to be replaced, to see what breaks */
  readonly naive?: NaiveRule;
}

/** Something that the watchers of a room heard. */
export interface Told {
  /** ms of the machine's monotonic clock, which all processes share */
  readonly at: number;
  readonly key: string;
  /** `+ann` a join · `-ann node` a leave and its reason · `~ann` an update */
  readonly change: string;
}

export interface ListedPerson {
  readonly id: string;
  readonly connections: number;
  readonly meta: object;
}

export interface ProcessStats {
  readonly heapBytes: number;
  /** what keeps the process alive: how many of each kind */
  readonly resources: Readonly<Record<string, number>>;
  readonly rooms: number;
  readonly visits: number;
}

/** What a process can be told to do. */
export interface PresenceCommands {
  /** Hosts a room and tells from now on what changes; resolves with who is there. */
  observe(key: string): Promise<string[]>;
  /** Resolves with the id of the new connection; what is asked of it before happens after it. */
  join(key: string, userId: string, meta?: object, connectionId?: string): Promise<string>;
  update(connectionId: string, meta: object): Promise<void>;
  /** The socket ends: the connection lingers for its grace. */
  drop(connectionId: string, graceMs?: number): Promise<void>;
  /** The socket is back; after its grace it enters anew. */
  resume(connectionId: string): Promise<void>;
  /** Leaves the list by its own wish, and goes on seeing it. */
  leave(connectionId: string): Promise<void>;
  /** The visit is over, as when a page is closed. */
  end(connectionId: string, reason?: LeaveReason): Promise<void>;
  /** What this process shows of a room that it hosts. */
  list(key: string): Promise<ListedPerson[]>;
  count(key: string): Promise<number>;
  /** How many people the store counts. */
  stored(key: string): Promise<number>;
  stats(): Promise<ProcessStats>;
  state(): Promise<{ incarnation: string; isDegraded: boolean }>;
  /** Leaves a rejection that nobody handles. */
  reject(message: string): Promise<void>;
  /** As a server that is told to end: what it carries lingers until its lease ends. */
  close(): Promise<void>;
}

export interface ToChild {
  readonly id: number;
  readonly name: keyof PresenceCommands;
  readonly words: readonly unknown[];
}

export type ToParent =
  | { readonly ready: true }
  | { readonly failure: string }
  | { readonly told: Told }
  | { readonly begun: { readonly key: string; readonly ids: readonly string[] } }
  | { readonly id: number; readonly answer?: unknown; readonly error?: string };

interface Asked {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A node in a process of its own, over a real Redis, that can be told what to do, killed and stopped. What goes wrong in it, rejections that
 * nobody handles and warnings of Node included, is kept in `failures`, and `stop` throws it.
 *
 * @example
 * const one = await PresenceProcess.start({ url: proxy.url });
 * await one.ask("observe", "doc:1");
 * const ann = await one.ask("join", "doc:1", "ann");
 * await one.kill();
 */
export class PresenceProcess {
  /** What its watchers heard, in order. */
  readonly told: Told[] = [];
  /** Who was in a room when it began to be observed; what is told of it comes after. */
  readonly begun = new Map<string, readonly string[]>();
  readonly failures: string[] = [];
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, Asked>();
  readonly #letBe: () => void;
  #asks = 0;
  #isEnding = false;

  private constructor(start: PresenceStart) {
    const execArgv = ["--import", "tsx", "--expose-gc"];
    this.#child = fork(MAIN, [JSON.stringify(start)], { execArgv, serialization: "advanced" });
    this.#letBe = endWithUs(this.#child);
    this.#child.on("message", (message) => this.#heard(message as ToParent));
    this.#child.once("exit", (code, signal) => this.#ended(`the process ended with ${signal ?? code}`));
  }

  static async start(start: PresenceStart): Promise<PresenceProcess> {
    const started = new PresenceProcess(start);
    try {
      await new Promise<void>((resolve, reject) => {
        started.#asked.set(0, { resolve: () => resolve(), reject });
      });
    } catch (error) {
      await started.kill();
      throw error;
    }
    return started;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Rejects when the command fails, or the process ends before it has answered; a paused process answers when it goes on. */
  ask<N extends keyof PresenceCommands>(
    name: N,
    ...words: Parameters<PresenceCommands[N]>
  ): ReturnType<PresenceCommands[N]> {
    const id = (this.#asks += 1);
    const answer = new Promise<unknown>((resolve, reject) => {
      if (!this.isRunning) return reject(new Error(`${name}: the process has ended`));
      this.#asked.set(id, { resolve, reject });
      this.#child.send({ id, name, words } satisfies ToChild);
    });
    return answer as ReturnType<PresenceCommands[N]>;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#isEnding = true;
    if (!this.isRunning) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  /** SIGSTOP: nothing runs in it until `goOn`. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  goOn(): void {
    this.#child.kill("SIGCONT");
  }

  /** Closes its node and ends it. @throws what went wrong in it */
  async stop(): Promise<void> {
    this.goOn();
    if (this.isRunning) {
      await this.ask("close");
      this.#isEnding = true;
      const ended = once(this.#child, "exit");
      this.#child.disconnect();
      await ended;
    }
    if (this.failures.length > 0) throw new Error(`in the process of a node:\n${this.failures.join("\n")}`);
  }

  #heard(message: ToParent): void {
    if ("told" in message) this.told.push(message.told);
    else if ("begun" in message) this.begun.set(message.begun.key, message.begun.ids);
    else if ("failure" in message) {
      this.failures.push(message.failure);
      this.#answered(0, ({ reject }) => reject(new Error(message.failure)));
    } else if ("ready" in message) this.#answered(0, (asked) => asked.resolve(null));
    else {
      const { id, answer, error } = message;
      this.#answered(id, ({ resolve, reject }) => (error === undefined ? resolve(answer) : reject(new Error(error))));
    }
  }

  #answered(id: number, settle: (asked: Asked) => void): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (asked) settle(asked);
  }

  #ended(how: string): void {
    this.#letBe();
    if (!this.#isEnding) this.failures.push(how);
    for (const { reject } of this.#asked.values()) reject(new Error(how));
    this.#asked.clear();
  }
}
