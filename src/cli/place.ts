import { parseOption, type RedisOption, type RedisPlace, type RedisServer } from "../redis/clients.js";
import { misused } from "./exit.js";

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;

/** The options that say where Redis is. */
export interface PlaceOptions {
  readonly redis?: string | undefined;
  readonly sentinel?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly cluster?: readonly string[] | undefined;
  readonly prefix?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where Redis is, by the command line and the environment. Passwords come from the environment or a URL.
 * @throws ConviveError COMMAND_LINE
 */
export function readPlace(options: PlaceOptions, env: Environment): { place: RedisPlace; prefix: string } {
  const { place, prefix } = parseOption(namedPlace(options, env));
  return { place, prefix: options.prefix ?? prefix };
}

function namedPlace({ redis, sentinel, name, cluster }: PlaceOptions, env: Environment): RedisOption {
  const ways = [redis, sentinel, cluster].filter((way) => way !== undefined);
  if (ways.length > 1) throw misused("Give one of --redis, --sentinel and --cluster.");
  if (name !== undefined && !sentinel)
    throw misused("--name is what the Sentinels call the master: give --sentinel too.");
  const login = { username: env["REDIS_USERNAME"], password: env["REDIS_PASSWORD"] };
  if (cluster) return { cluster: cluster.map((text) => serverOf(text, DEFAULT_PORT)), ...login };
  if (sentinel) {
    if (name === undefined) throw misused("--sentinel needs --name: what the Sentinels call the master.");
    return { sentinels: sentinel.map((text) => serverOf(text, DEFAULT_SENTINEL_PORT)), name, ...login };
  }
  const text = redis ?? env["REDIS_URL"];
  if (text === undefined || text === "") {
    throw misused("Where is Redis? Give --redis redis://localhost:6379, or set REDIS_URL.");
  }
  return text.trimStart().startsWith("{") ? parseJson(text) : text;
}

function parseJson(text: string): RedisOption {
  try {
    return JSON.parse(text) as RedisOption;
  } catch {
    // The text itself may hold a password.
    throw misused(
      'The place of Redis begins like JSON and is none; write {"sentinels":[{"host":…,"port":…}],"name":…}.',
    );
  }
}

function serverOf(text: string, defaultPort: number): RedisServer {
  const found = /^(?:\[([0-9a-fA-F:]+)\]|([^:@/\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  if (host === undefined) throw misused("A server is written host:port, without a login.");
  return { host, port: Number(found?.[3] ?? defaultPort) };
}
