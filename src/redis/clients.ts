import type { ConnectionOptions } from "node:tls";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { ConviveError } from "../errors.js";
import { nearest } from "../render/nearest.js";

/** Where a server listens. */
export interface RedisServer {
  readonly host: string;
  readonly port: number;
}

interface RedisLogin {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** as `tls.connect` takes it; `{}` for the usual */
  readonly tls?: ConnectionOptions | undefined;
}

/** One server, by the parts of its URL. */
export interface RedisParts extends RedisLogin {
  readonly host: string;
  /** 6379 unless given */
  readonly port?: number | undefined;
  readonly db?: number | undefined;
}

export interface RedisSentinels extends RedisLogin {
  readonly sentinels: readonly RedisServer[];
  /** of the master, as the Sentinels call it */
  readonly name: string;
  readonly sentinelUsername?: string | undefined;
  readonly sentinelPassword?: string | undefined;
  /** of the Sentinels themselves; `tls` is of the servers that they name */
  readonly sentinelTls?: ConnectionOptions | undefined;
  readonly db?: number | undefined;
}

export interface RedisCluster extends RedisLogin {
  /** some of its servers; the others are found */
  readonly cluster: readonly RedisServer[];
}

/** A client of ioredis that the app has: connections of our own are made as it was; it is not used itself. */
export interface RedisClient {
  duplicate(...overrides: never[]): unknown;
}

/** `redis://user:password@host:6379/0`, a server, the Sentinels that know the master, servers of a Cluster, or a client of ioredis. */
export type RedisPlace = string | RedisParts | RedisSentinels | RedisCluster | RedisClient;

/** `convive({ redis })`: a place, or one with a prefix that parts apps which share a Redis. */
export type RedisOption =
  | string
  | RedisClient
  | ({ readonly prefix?: string | undefined } & (
      { readonly url: string } | { readonly client: RedisClient } | RedisParts | RedisSentinels | RedisCluster
    ));

const DEFAULT_PREFIX = "convive";
const NAMES: readonly string[] = [
  ..."url client host port db username password tls".split(" "),
  ..."sentinels name sentinelUsername sentinelPassword sentinelTls cluster".split(" "),
];

/** @throws ConviveError OPTION_INVALID for a name that is none */
export function parseOption(option: RedisOption): { readonly place: RedisPlace; readonly prefix: string } {
  if (typeof option === "string" || isClient(option)) return { place: option, prefix: DEFAULT_PREFIX };
  const { prefix = DEFAULT_PREFIX, ...rest } = option;
  for (const name of Object.keys(rest)) if (!NAMES.includes(name)) throw unknownName(name);
  if ("url" in rest) return { place: rest.url, prefix };
  return { place: "client" in rest ? rest.client : rest, prefix };
}

function unknownName(name: string): ConviveError {
  const near = nearest(name, NAMES);
  return new ConviveError(
    "OPTION_INVALID",
    `There is no option named "redis.${name}"${near ? `; did you mean "${near}"?` : "."}`,
  );
}

export type Server = Redis;
export type Client = Redis | Cluster;

/** What runs commands and what hears channels: the one that hears may be made anew without stopping the other. */
export interface RedisClients {
  readonly commands: Client;
  readonly subscriber: Client;
}

/** How long things may take, in ms. */
export interface RedisTimes {
  readonly deadlineMs: number;
  /** longest pause between two tries to reach a server that is away */
  readonly retryMs: number;
}

const RETRY_STEP_MS = 50;
/** Of the library. Before 7.2 no server knows that command, nor a rule that allows it; since, each connection would be an entry in the log of what was refused. */
const TELLS_NOTHING = { disableClientInfo: true } as const;
const DEFAULT_PORT = 6379;

/** Clients that are not connected yet. A command is never queued nor sent twice: after a doubt, nodes assert what they own. */
export function makeClients(place: RedisPlace, times: RedisTimes): RedisClients {
  const make = makerOf(place, times);
  return { commands: make(), subscriber: make() };
}

function makerOf(place: RedisPlace, times: RedisTimes): () => Client {
  if (isClient(place)) return likeClient(asClient(place), times);
  if (typeof place === "object" && "cluster" in place) return byCluster(place, times);
  return typeof place === "object" && "sentinels" in place ? bySentinels(place, times) : byAddress(place, times);
}

/**
 * Where it is, without user and password.
 * @throws ConviveError REDIS_URL_INVALID
 */
export function describePlace(place: RedisPlace): string {
  if (typeof place === "string") return parseUrl(place).host;
  if (isClient(place)) return describeClient(asClient(place));
  if ("cluster" in place || "sentinels" in place) {
    const servers = "cluster" in place ? place.cluster : place.sentinels;
    return servers.map(({ host, port }) => `${host}:${port}`).join(", ");
  }
  if (typeof place.host === "string" && place.host !== "") return `${place.host}:${place.port ?? DEFAULT_PORT}`;
  throw new ConviveError(
    "REDIS_URL_INVALID",
    "This is no place of Redis; give a URL, { host, port }, { sentinels, name }, { cluster }, or a client of ioredis.",
  );
}

function byAddress(place: string | RedisParts, times: RedisTimes): () => Redis {
  const options = connectionOptions(times);
  if (typeof place === "string") return () => new Redis(place, options);
  return () => new Redis({ port: DEFAULT_PORT, ...definedOf(place), ...options });
}

function bySentinels({ sentinels, sentinelTls, ...rest }: RedisSentinels, times: RedisTimes): () => Redis {
  return () =>
    new Redis({
      ...definedOf(rest),
      // Without it ioredis speaks to the master in the open, whatever `tls` says.
      enableTLSForSentinelMode: rest.tls !== undefined,
      ...(sentinelTls && { sentinelTLS: sentinelTls }),
      ...connectionOptions(times),
      ...sentinelOptions(times),
      sentinels: sentinels.map((each) => ({ ...each })),
    });
}

function byCluster({ cluster, ...login }: RedisCluster, times: RedisTimes): () => Cluster {
  const servers = cluster.map((each) => ({ ...each }));
  const options = { ...clusterOptions(times), redisOptions: serverOptions(times, definedOf(login)) };
  return () => new Cluster(servers, options);
}

function likeClient(client: Client, times: RedisTimes): () => Client {
  if (client.isCluster) {
    const redisOptions = serverOptions(times, { keyPrefix: "" });
    return () => (client as Cluster).duplicate([], { ...clusterOptions(times), keyPrefix: "", redisOptions });
  }
  const like = client as Redis;
  const more = like.options.sentinels ? sentinelOptions(times) : {};
  return () => like.duplicate({ ...connectionOptions(times), ...more, keyPrefix: "" });
}

function isClient(place: RedisOption): place is RedisClient {
  return typeof place === "object" && "duplicate" in place;
}

/** Of this version of ioredis or another, which has the same ways. */
function asClient(client: RedisClient): Client {
  return client as unknown as Client;
}

function describeClient(client: Client): string {
  if (client.isCluster) return "the Cluster of the client";
  const { sentinels, host, port } = (client as Redis).options;
  return sentinels ? sentinels.map((each) => `${each.host}:${each.port}`).join(", ") : `${host}:${port}`;
}

function connectionOptions({ deadlineMs, retryMs }: RedisTimes) {
  return {
    lazyConnect: true,
    commandTimeout: ownDeadline(deadlineMs),
    connectTimeout: deadlineMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    ...TELLS_NOTHING,
    // Its own would leave a rejection that nobody handles when the connection ends meanwhile, and with it the process.
    autoResubscribe: false,
    retryStrategy: retry(retryMs),
  } satisfies RedisOptions;
}

function sentinelOptions({ deadlineMs, retryMs }: RedisTimes) {
  return {
    sentinelRetryStrategy: retry(retryMs),
    // Else a Sentinel that hangs is waited for, while others would answer.
    sentinelCommandTimeout: deadlineMs,
    // Without it a client goes on writing to a master that was replaced while it hung.
    failoverDetector: true,
  } satisfies RedisOptions;
}

function clusterOptions({ deadlineMs, retryMs }: RedisTimes) {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: retry(retryMs),
    // Else what was under way when a connection closed is sent again.
    retryDelayOnFailover: 0,
    slotsRefreshTimeout: deadlineMs,
  };
}

/** Of each server of a Cluster, which makes its own tries. */
function serverOptions<T extends object>({ deadlineMs }: RedisTimes, more: T) {
  const commandTimeout = ownDeadline(deadlineMs);
  return { ...more, ...TELLS_NOTHING, commandTimeout, maxRetriesPerRequest: 0, connectTimeout: deadlineMs };
}

/** Of what a client asks by itself when it connects. Else the link's deadline comes first, which tells a late answer from an unread one. */
function ownDeadline(deadlineMs: number): number {
  return 2 * deadlineMs;
}

function retry(maxMs: number): (attempt: number) => number {
  return (attempt) => Math.min(RETRY_STEP_MS * attempt, maxMs);
}

/** ioredis takes `undefined` for a value. */
function definedOf<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const defined = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as { [K in keyof T]: Exclude<T[K], undefined> };
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
