import { randomBytes } from "node:crypto";
import { Balancer } from "./balancer.js";
import { NodeProcess } from "./node-process.js";
import { RedisProcess } from "./redis-process.js";

/** Several nodes that are one app: a Redis between them, a balancer before them, one secret for all. */
export class Cluster {
  readonly #redis = new RedisProcess();
  readonly #size: number;
  readonly #redisUrl: string | undefined;
  #nodes: readonly NodeProcess[] = [];
  #balancer: Balancer<NodeProcess> | null = null;
  #ending: Promise<void> | null = null;

  constructor({ nodes, redisUrl }: { nodes: number; redisUrl?: string | undefined }) {
    this.#size = nodes;
    this.#redisUrl = redisUrl;
  }

  /**
   * Serves until a signal ends it, or the end of the process that started it; a second signal does not wait.
   * @returns the port of the balancer
   */
  async run(port: number): Promise<number> {
    const end = () => {
      if (this.#ending) process.exit(1);
      void this.stop().then(() => process.exit(0));
    };
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, end);
    process.once("disconnect", end);
    try {
      return await this.#start(port);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Pages are sent away first, what they need goes last. */
  stop(): Promise<void> {
    return (this.#ending ??= this.#stop());
  }

  async #start(port: number): Promise<number> {
    const redisUrl = this.#redisUrl ?? (await this.#redis.start());
    const secret = process.env["SECRET"] ?? randomBytes(32).toString("base64");
    const env = { ...process.env, REDIS_URL: redisUrl, SECRET: secret };
    this.#nodes = Array.from({ length: this.#size }, (_, index) => new NodeProcess(`node ${index + 1}`, env));
    await Promise.all(this.#nodes.map((node) => node.start()));
    this.#balancer = new Balancer(this.#nodes);
    return this.#balancer.listen(port);
  }

  async #stop(): Promise<void> {
    void this.#balancer?.refuse();
    await Promise.all(this.#nodes.map((node) => node.stop()));
    await this.#balancer?.close();
    await this.#redis.stop();
  }
}
