import { doctorCommand } from "./doctor.js";
import type { Command, CommandOption } from "./invocation.js";
import { kickCommand } from "./kick.js";
import { newCommand } from "./new.js";
import { pruneCommand } from "./prune.js";
import { roomsCommand } from "./rooms.js";
import { statsCommand } from "./stats.js";
import { watchCommand } from "./watch.js";
import { whoCommand } from "./who.js";

export const COMMANDS: readonly Command[] = [
  roomsCommand,
  whoCommand,
  watchCommand,
  kickCommand,
  pruneCommand,
  statsCommand,
  doctorCommand,
  newCommand,
];

/** What every command takes. */
export const COMMON_OPTIONS: Readonly<Record<string, CommandOption>> = {
  redis: { type: "string", value: "URL", help: "where Redis is, or a place as JSON; REDIS_URL unless given" },
  sentinel: { type: "string", multiple: true, value: "HOST:PORT", help: "a Sentinel; may be given several times" },
  name: { type: "string", value: "NAME", help: "what the Sentinels call the master" },
  cluster: {
    type: "string",
    multiple: true,
    value: "HOST:PORT",
    help: "a server of a Cluster; may be given several times",
  },
  prefix: { type: "string", value: "TEXT", help: 'the app\'s prefix; "convive" unless given' },
  timeout: { type: "string", value: "SECONDS", help: "how long Redis may take to answer; 5 unless given" },
  json: { type: "boolean", help: "print JSON, for machines" },
  help: { type: "boolean", short: "h", help: "say how it is used" },
};

const EXITS = `Ends with 0 when all is well, 1 when a check failed or nobody matched, 2 when the command line
was not understood, 3 when Redis cannot be reached or used.`;

/** What `convive --help` says. */
export function overview(): string {
  const rows = COMMANDS.map((command) => [usage(command), command.summary] as const);
  return [
    "convive: who is where, in the Redis of an app made with Convive.",
    "",
    columns(rows),
    "",
    "convive <command> --help tells more; convive --version tells which this is.",
    "",
    columns(describe(COMMON_OPTIONS)),
    "",
    "The environment may hold REDIS_URL, and for Sentinels and a Cluster REDIS_USERNAME and",
    "REDIS_PASSWORD. NO_COLOR turns colors off.",
    "",
    EXITS,
    "",
  ].join("\n");
}

/** What `convive <command> --help` says. */
export function helpOf(command: Command): string {
  const own = describe(command.options);
  return [
    `convive ${usage(command)}: ${command.summary}.`,
    "",
    command.more,
    "",
    ...(own.length > 0 ? [columns(own), ""] : []),
    columns(describe(COMMON_OPTIONS)),
    "",
    EXITS,
    "",
  ].join("\n");
}

function usage({ name, words }: Command): string {
  return [name, ...words].join(" ");
}

function describe(options: Readonly<Record<string, CommandOption>>): (readonly [string, string])[] {
  return Object.entries(options).map(([name, { value, short, help }]) => {
    return [`--${name}${value === undefined ? "" : ` ${value}`}${short === undefined ? "" : `, -${short}`}`, help];
  });
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}
