import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../clock.js";
import { RedisLink } from "../redis/link.js";
import { freePort, startRedis, type RedisServerProcess } from "./redis-server.js";
import { silentLogger } from "./silent-logger.js";

const MASTERS = 3;
const CLUSTER_BUS_ABOVE = 10_000;
const READY_DEADLINE_MS = 30_000;
const LOOK_EVERY_MS = 20;
/** Else a master waits 5 s for more replicas. */
const SYNC_AT_ONCE = ["--repl-diskless-sync-delay", "0"];
/** How often a Sentinel looks at its servers, else each 10 s, and tells of itself, else each 2 s; it demotes an old master after four of the latter. */
const SENTINEL_PERIODS = ["info-period", "500", "publish-period", "500"];
const FAILOVER = { downAfterMs: 1_000, timeoutMs: 3_000 };
/** A silent master is taken for dead after so long, where that is wanted; else after 15 s, so that a loaded machine may pause. */
const QUICK_FAILOVER_MS = 2_000;

const run = promisify(execFile);

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A Cluster of three masters, each with as many replicas as were asked for. */
export interface RedisClusterProcesses {
  readonly servers: readonly Address[];
  readonly masters: readonly RedisServerProcess[];
  /** From now on a replica takes over soon. */
  hurry(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedisCluster({ replicas = 0 } = {}): Promise<RedisClusterProcesses> {
  const started: RedisServerProcess[] = [];
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    for (let i = 0; i < MASTERS * (1 + replicas); i += 1) started.push(await startClusterServer());
    const places = started.map(({ port }) => `127.0.0.1:${port}`);
    await run("redis-cli", ["--cluster", "create", ...places, "--cluster-replicas", String(replicas), "--cluster-yes"]);
    for (const { port } of started) await untilSays(port, ["CLUSTER", "INFO"], /cluster_state:ok/);
    // redis-cli makes the first ones masters.
    for (const { port } of started.slice(MASTERS)) await untilSays(port, ["INFO", "replication"], /_link_status:up/);
    await untilAllHearAll(started);
  } catch (error) {
    await stop();
    throw error;
  }
  const hurry = async () => {
    const setting = ["CONFIG", "SET", "cluster-node-timeout", String(QUICK_FAILOVER_MS)];
    const living = started.filter(({ process }) => process.exitCode === null && process.signalCode === null);
    for (const { port } of living) await untilSays(port, setting, /OK/);
  };
  return { servers: started.map(addressOf), masters: started.slice(0, MASTERS), hurry, stop };
}

async function startClusterServer(): Promise<RedisServerProcess> {
  return startRedis([...SYNC_AT_ONCE, "--cluster-enabled", "yes"], freePortOfCluster);
}

/** What one server is told in a channel is soon heard at all others: a young Cluster says that it is well before its servers hear each other. */
async function untilAllHearAll(servers: readonly RedisServerProcess[]): Promise<void> {
  const heard = new Set<string>();
  const options = { deadlineMs: READY_DEADLINE_MS, clock: systemClock, logger: silentLogger };
  const links = servers.map(({ url: place }) => new RedisLink({ ...options, place }));
  try {
    for (const [at, link] of links.entries()) await link.subscribe("ready", (from) => heard.add(`${from} at ${at}`));
    const deadline = Date.now() + READY_DEADLINE_MS;
    while (heard.size < servers.length ** 2) {
      if (Date.now() > deadline) throw new Error(`Not all servers hear each other: ${[...heard].join(", ")}`);
      await Promise.all(links.map((link, from) => link.call("PUBLISH", "ready", from)));
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  } finally {
    await Promise.all(links.map((link) => link.close()));
  }
}

/** Servers of a Cluster talk so many ports above their own; only since 7 may it be another. */
export async function freePortOfCluster(): Promise<number> {
  for (;;) {
    const port = await freePort();
    const above = await freePort(port + CLUSTER_BUS_ABOVE).catch(() => null);
    if (above !== null) return port;
  }
}

/** A master, a replica, and a Sentinel that watches them. */
export interface RedisSentinelProcesses {
  readonly sentinels: readonly Address[];
  readonly name: string;
  readonly master: RedisServerProcess;
  readonly replica: RedisServerProcess;
  /** Has the replica take over from a master that lives; resolves when it has. */
  failOver(): Promise<void>;
  /** Resolves when the Sentinel has made this server the master. */
  untilMaster(server: RedisServerProcess): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedisSentinel(): Promise<RedisSentinelProcesses> {
  const name = "convive";
  const folder = mkdtempSync(join(tmpdir(), "convive-sentinel-"));
  const started: RedisServerProcess[] = [];
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const master = await startRedis(SYNC_AT_ONCE);
    started.push(master);
    const replica = await startRedis([...SYNC_AT_ONCE, "--replicaof", "127.0.0.1", String(master.port)]);
    started.push(replica);
    await untilSays(replica.port, ["INFO", "replication"], /master_link_status:up/);
    const config = join(folder, "sentinel.conf");
    writeFileSync(config, sentinelConfig(name, master.port));
    const sentinel = await startRedis([config, "--sentinel"]);
    started.push(sentinel);
    await run("redis-cli", ["-p", String(sentinel.port), "SENTINEL", "DEBUG", ...SENTINEL_PERIODS]);
    await untilSays(sentinel.port, ["SENTINEL", "replicas", name], new RegExp(String(replica.port)));
    const untilMaster = async ({ port }: RedisServerProcess) => {
      await untilSays(sentinel.port, ["SENTINEL", "get-master-addr-by-name", name], new RegExp(String(port)));
      await untilSays(port, ["ROLE"], /^master/);
    };
    const failOver = async () => {
      const isMaster = new RegExp(String(replica.port));
      // A Sentinel gives up when it has heard nothing of the replica lately; one that is at it says so, and goes on.
      const orderAgain = () => run("redis-cli", ["-p", String(sentinel.port), "SENTINEL", "FAILOVER", name]);
      await untilSays(sentinel.port, ["SENTINEL", "get-master-addr-by-name", name], isMaster, orderAgain);
      await untilMaster(replica);
    };
    return { sentinels: [addressOf(sentinel)], name, master, replica, failOver, untilMaster, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function sentinelConfig(name: string, port: number): string {
  return [
    `sentinel monitor ${name} 127.0.0.1 ${port} 1`,
    `sentinel down-after-milliseconds ${name} ${FAILOVER.downAfterMs}`,
    `sentinel failover-timeout ${name} ${FAILOVER.timeoutMs}`,
    "",
  ].join("\n");
}

function addressOf({ port }: RedisServerProcess): Address {
  return { host: "127.0.0.1", port };
}

/** @param meanwhile done each time that it does not say so */
async function untilSays(
  port: number,
  words: readonly string[],
  pattern: RegExp,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const deadline = Date.now() + READY_DEADLINE_MS;
  for (;;) {
    const { stdout } = await run("redis-cli", ["-p", String(port), ...words]);
    if (pattern.test(stdout)) return;
    if (Date.now() > deadline) throw new Error(`Redis does not come to say ${String(pattern)}:\n${stdout}`);
    await meanwhile();
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
