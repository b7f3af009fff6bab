import type { RedisKeys } from "../presence/redis-keys.js";
import type { RedisPresenceBackend } from "../presence/redis.js";
import type { RedisLink } from "../redis/link.js";
import type { Exit } from "./exit.js";
import type { Printer } from "./printer.js";
import type { Terminal } from "./terminal.js";

/** A Redis with rooms in it, as a command uses it. */
export interface OpenStore {
  readonly link: RedisLink;
  readonly keys: RedisKeys;
  readonly backend: RedisPresenceBackend;
}

/** What was asked of a command. */
export interface Invocation {
  /** what stands behind the command's name */
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly print: Printer;
  readonly terminal: Terminal;
  /** Not connected yet. @throws ConviveError COMMAND_LINE, REDIS_URL_INVALID */
  connect(): OpenStore;
  /** Connected and fit. @throws ConviveError REDIS_… */
  open(): Promise<OpenStore>;
}

export interface CommandOption {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly multiple?: boolean;
  /** how its value is called in the help; none for a switch */
  readonly value?: string;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** how its words are called in the help, such as `<key>` or `[key]` */
  readonly words: readonly string[];
  readonly summary: string;
  /** what the help says beside */
  readonly more: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  run(invocation: Invocation): Promise<Exit>;
}

/** The text of an option that takes one. */
export function textOf({ options }: Invocation, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}
