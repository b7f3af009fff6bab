import { Redis } from "ioredis";
import { PresenceManager } from "../../src/index.js";
import type { Limits } from "../../src/options.js";
import { FaultProxy } from "../../src/testing/fault-proxy.js";
import { startRedis, type RedisServerProcess } from "../../src/testing/redis-server.js";
import { silentLogger } from "../../src/testing/silent-logger.js";
import { until } from "../../src/testing/until.js";
import { AppProcess, type AppStart, type AppStats } from "./app-process.js";
import { Tab, type TabOptions } from "./tab.js";

/** About a fifth of the real times: a lease ends soon, and still not while a loaded machine pauses. */
export const NODE_LIMITS = {
  pingMs: 5_000,
  pongDeadlineMs: 10_000,
  leaseMs: 3_000,
  nodeTickMs: 200,
  auditMs: 500,
  storeClockStepMs: 300,
  redisCommandMs: 700,
  redisRetryMs: 150,
  graceUnloadMs: 1_000,
  graceBrokenMs: 4_000,
} satisfies Partial<Limits>;

export interface ClusterOptions {
  /** 2 unless given */
  readonly nodes?: number;
  /** other than NODE_LIMITS */
  readonly limits?: Partial<Limits>;
  readonly drainMs?: number;
  /** Nodes reach Redis by `ways`. */
  readonly hasWays?: boolean;
}

/** Node processes over one Redis, each behind a door of its own, and the tabs of a test. */
export class AppCluster {
  readonly nodes: AppProcess[] = [];
  /** Between the tabs and the nodes: one of each node, then more. */
  readonly doors: FaultProxy[] = [];
  /** Between each node and Redis, if asked for. */
  readonly ways: FaultProxy[] = [];
  readonly tabs: Tab[] = [];
  /** Each node when nobody is there. */
  readonly #rest = new Map<AppProcess, AppStats>();
  readonly #ends: (() => unknown)[] = [];
  redis!: RedisServerProcess;
  /** Reads rooms in the store itself, without hosting one. */
  store!: PresenceManager;
  #admin!: Redis;
  #rooms = 0;

  private constructor(private readonly options: ClusterOptions) {}

  static async start(options: ClusterOptions = {}): Promise<AppCluster> {
    const cluster = new AppCluster(options);
    try {
      await cluster.#begin(options.nodes ?? 2);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** A name that no other test of the cluster has. */
  room(): string {
    this.#rooms += 1;
    return `r${this.#rooms}`;
  }

  /** Nodes that answer. */
  get alive(): readonly AppProcess[] {
    return this.nodes.filter(({ isGone }) => !isGone);
  }

  /** A tab that comes by this door, at first and whenever it comes back. */
  async open(door: number, options: Omit<TabOptions, "origin">): Promise<Tab> {
    const tab = await Tab.open({ origin: this.origin(door), ...options });
    this.tabs.push(tab);
    return tab;
  }

  origin(door: number): string {
    return `http://127.0.0.1:${this.doors[door]!.port}`;
  }

  /** Another door to a node, for who is to go his own way. */
  async door(node: number): Promise<number> {
    return this.doors.push(await FaultProxy.start(this.nodes[node]!.port)) - 1;
  }

  /** Who comes by this door from now on gets to this node. */
  lead(door: number, node: number): void {
    this.doors[door]!.retarget(this.nodes[node]!.port);
  }

  /** Another process in the place of one that is gone. */
  async replace(node: number): Promise<AppProcess> {
    const started = await this.#startNode(node);
    this.doors[node]!.retarget(started.port);
    return started;
  }

  async restartRedis(): Promise<void> {
    const { port } = this.redis;
    await this.redis.stop();
    this.redis = await startRedis([], port);
  }

  /** Runs a command in Redis, beside the nodes. */
  command(name: string, ...words: string[]): Promise<unknown> {
    return this.#admin.call(name, ...words);
  }

  /** Which life of the store a room's head is of; none when it has no head. */
  async epoch(room: string): Promise<string | undefined> {
    const keys = (await this.command("KEYS", `*:head:room%3A${room}`).catch(() => [])) as string[];
    const head = keys[0] === undefined ? null : await this.#admin.get(keys[0]);
    return head?.split(".")[0];
  }

  /** What a node was like when nobody was there. */
  restOf(node: AppProcess): AppStats {
    return this.#rest.get(node)!;
  }

  /** It is at rest again: what was under way when it was looked at first does not belong to that. */
  rested(node: AppProcess, stats: AppStats): void {
    this.#rest.set(node, stats);
  }

  async stop(): Promise<void> {
    for (const tab of this.tabs) tab.terminate();
    this.#admin?.disconnect();
    await this.store?.close();
    await Promise.all(this.nodes.map((node) => node.kill()));
    for (const proxy of [...this.doors, ...this.ways]) await proxy.stop();
    for (const end of this.#ends.toReversed()) await end();
    await this.redis?.stop();
  }

  async #begin(nodes: number): Promise<void> {
    this.redis = await startRedis();
    const { url } = this.redis;
    this.#admin = new Redis(url, { retryStrategy: () => 50 });
    // A Redis that is away is part of some tests.
    this.#admin.on("error", () => {});
    this.store = new PresenceManager({ redis: url, logger: silentLogger });
    if (this.options.hasWays) {
      for (let i = 0; i < nodes; i += 1) this.ways.push(await FaultProxy.start(this.redis.port));
    }
    const started = await Promise.allSettled(Array.from({ length: nodes }, (_, i) => this.#startNode(i)));
    for (const each of started) if (each.status === "rejected") throw each.reason;
    for (const { port } of this.nodes) this.doors.push(await FaultProxy.start(port));
    for (const node of this.nodes) await this.#warm(node);
  }

  async #startNode(at: number): Promise<AppProcess> {
    const { limits, drainMs } = this.options;
    const start: AppStart = {
      redis: this.ways[at]?.url ?? this.redis.url,
      limits: { ...NODE_LIMITS, ...limits },
      ...(drainMs === undefined ? {} : { drainMs }),
    };
    const node = await AppProcess.start(start);
    this.nodes[at] = node;
    if (this.doors[at]) await this.#warm(node);
    return node;
  }

  /** What a process makes once and keeps is no leak: so its rest is measured behind a first visit. */
  async #warm(node: AppProcess): Promise<void> {
    const tab = await Tab.open({ origin: node.url, user: "first", room: "warm-up" });
    await tab.leave();
    let stats = await node.ask("stats");
    await until(
      async () => {
        stats = await node.ask("stats");
        return stats.sockets + stats.pages + stats.rooms === 0;
      },
      () => stats,
    );
    this.#rest.set(node, stats);
  }
}
