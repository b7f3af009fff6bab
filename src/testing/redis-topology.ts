import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, startRedis, type RedisServerProcess } from "./redis-server.js";

const MASTERS = 3;
const READY_DEADLINE_MS = 30_000;
const LOOK_EVERY_MS = 20;
const FAILOVER = { downAfterMs: 1_000, timeoutMs: 3_000 };

const run = promisify(execFile);

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A Cluster of three masters. */
export interface RedisClusterProcesses {
  readonly servers: readonly Address[];
  readonly masters: readonly RedisServerProcess[];
  stop(): Promise<void>;
}

export async function startRedisCluster(): Promise<RedisClusterProcesses> {
  const masters: RedisServerProcess[] = [];
  const stop = async () => {
    await Promise.all(masters.map((master) => master.stop()));
  };
  try {
    for (let i = 0; i < MASTERS; i += 1) {
      const bus = String(await freePort());
      masters.push(await startRedis(["--cluster-enabled", "yes", "--cluster-port", bus]));
    }
    const places = masters.map(({ port }) => `127.0.0.1:${port}`);
    await run("redis-cli", ["--cluster", "create", ...places, "--cluster-replicas", "0", "--cluster-yes"]);
    for (const { port } of masters) await untilSays(port, ["CLUSTER", "INFO"], /cluster_state:ok/);
  } catch (error) {
    await stop();
    throw error;
  }
  return { servers: masters.map(addressOf), masters, stop };
}

/** A master, a replica, and a Sentinel that watches them. */
export interface RedisSentinelProcesses {
  readonly sentinels: readonly Address[];
  readonly name: string;
  readonly master: RedisServerProcess;
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
    const master = await startRedis();
    started.push(master);
    const replica = await startRedis(["--replicaof", "127.0.0.1", String(master.port)]);
    started.push(replica);
    await untilSays(replica.port, ["INFO", "replication"], /master_link_status:up/);
    const config = join(folder, "sentinel.conf");
    writeFileSync(config, sentinelConfig(name, master.port));
    const sentinel = await startRedis([config, "--sentinel"]);
    started.push(sentinel);
    await untilSays(sentinel.port, ["SENTINEL", "replicas", name], new RegExp(String(replica.port)));
    return { sentinels: [addressOf(sentinel)], name, master, stop };
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

async function untilSays(port: number, words: readonly string[], pattern: RegExp): Promise<void> {
  const deadline = Date.now() + READY_DEADLINE_MS;
  for (;;) {
    const { stdout } = await run("redis-cli", ["-p", String(port), ...words]);
    if (pattern.test(stdout)) return;
    if (Date.now() > deadline) throw new Error(`Redis does not come to say ${String(pattern)}:\n${stdout}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
