import { Cluster, Redis, type RedisOptions } from "ioredis";
import { ConviveError } from "../errors.js";

export interface RedisServer {
  readonly host: string;
  readonly port: number;
}

interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
}

export interface RedisSentinels extends RedisLogin {
  readonly sentinels: readonly RedisServer[];
  /** of the master, as the Sentinels call it */
  readonly name: string;
  readonly db?: number;
}

export interface RedisCluster extends RedisLogin {
  /** some of its servers; the others are found */
  readonly cluster: readonly RedisServer[];
}

/** `redis://user:password@host:6379/0`, the Sentinels that know the master, or servers of a Cluster. */
export type RedisPlace = string | RedisSentinels | RedisCluster;

/** What runs commands and what hears channels; of a Cluster, one object that holds both kinds of connection. */
export interface RedisClients {
  readonly commands: Redis | Cluster;
  readonly subscriber: Redis | Cluster;
}

/** Below half a lease together with the command deadline: a node that finds Redis again still has its lease. */
const MAX_RETRY_MS = 1_000;
const RETRY_STEP_MS = 50;

/** Clients that are not connected yet. A command is never queued nor sent twice: after a doubt, nodes assert what they own. */
export function makeClients(place: RedisPlace, deadlineMs: number): RedisClients {
  if (typeof place !== "string" && "cluster" in place) {
    const cluster = makeCluster(place, deadlineMs);
    return { commands: cluster, subscriber: cluster };
  }
  const make = typeof place === "string" ? byUrl(place, deadlineMs) : bySentinels(place, deadlineMs);
  return { commands: make(), subscriber: make() };
}

/** Where it is, without user and password. */
export function describePlace(place: RedisPlace): string {
  if (typeof place === "string") return parseUrl(place).host;
  const servers = "cluster" in place ? place.cluster : place.sentinels;
  return servers.map(({ host, port }) => `${host}:${port}`).join(", ");
}

function byUrl(url: string, deadlineMs: number): () => Redis {
  parseUrl(url);
  return () => new Redis(url, connectionOptions(deadlineMs));
}

function bySentinels({ sentinels, ...rest }: RedisSentinels, deadlineMs: number): () => Redis {
  return () =>
    new Redis({
      ...connectionOptions(deadlineMs),
      ...rest,
      sentinels: sentinels.map((each) => ({ ...each })),
      sentinelRetryStrategy: retryMs,
      // Without it a client goes on writing to a master that was replaced while it hung.
      failoverDetector: true,
    });
}

function makeCluster({ cluster, username, password }: RedisCluster, deadlineMs: number): Cluster {
  const login = { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
  return new Cluster(
    cluster.map((each) => ({ ...each })),
    {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: retryMs,
      slotsRefreshTimeout: deadlineMs,
      redisOptions: { ...login, commandTimeout: deadlineMs, maxRetriesPerRequest: 0, connectTimeout: deadlineMs },
    },
  );
}

function connectionOptions(deadlineMs: number) {
  return {
    lazyConnect: true,
    commandTimeout: deadlineMs,
    connectTimeout: deadlineMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: retryMs,
  } satisfies RedisOptions;
}

function retryMs(attempt: number): number {
  return Math.min(RETRY_STEP_MS * attempt, MAX_RETRY_MS);
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== "") return url;
  // The text itself may hold a password.
  throw new ConviveError(
    "REDIS_URL_INVALID",
    "The place of Redis is no Redis URL; give one such as redis://user:password@localhost:6379/0.",
  );
}
