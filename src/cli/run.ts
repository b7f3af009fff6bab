import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { systemClock } from "../clock.js";
import { ConviveError, messageOf } from "../errors.js";
import { nearest } from "../render/nearest.js";
import { RedisKeys } from "../presence/redis-keys.js";
import { RedisPresenceBackend } from "../presence/redis.js";
import { RedisLink } from "../redis/link.js";
import { COMMANDS, COMMON_OPTIONS, helpOf, overview } from "./commands.js";
import { EXIT, exitOf, misused, type Exit } from "./exit.js";
import type { Command, Invocation, OpenStore } from "./invocation.js";
import { remarking, silent } from "./logging.js";
import { readPlace, type PlaceOptions } from "./place.js";
import { Printer } from "./printer.js";
import type { Terminal } from "./terminal.js";

const PATIENCE_MS = 5_000;

type Options = Invocation["options"];

/** Runs the command line: `words` is what stands behind `convive`. Throws nothing; all it has to say it says to the terminal. */
export async function run(words: readonly string[], terminal: Terminal): Promise<Exit> {
  const [name, ...rest] = words;
  // Told in the form that was asked for, also when the words are not understood.
  const print = new Printer(terminal, rest.includes("--json"));
  try {
    if (name === undefined || name === "--help" || name === "-h" || name === "help")
      return say(terminal, overview(), name);
    if (name === "--version" || name === "-V") return say(terminal, `${version()}\n`, name);
    const command = commandOf(name);
    const { options, positionals } = parse(command, rest);
    if (options["help"] === true) return say(terminal, helpOf(command), name);
    checkWords(command, positionals);
    return await perform(command, positionals, options, terminal, print);
  } catch (error) {
    print.error(error instanceof ConviveError ? error.code : "UNEXPECTED", messageOf(error));
    return exitOf(error);
  }
}

async function perform(
  command: Command,
  words: readonly string[],
  options: Options,
  terminal: Terminal,
  print: Printer,
): Promise<Exit> {
  let store: OpenStore | null = null;
  const connect = () => (store = storeOf(options, terminal, command.name === "watch" ? remarking(print) : silent));
  const open = async () => {
    const opened = connect();
    await opened.link.opened;
    await opened.backend.opened;
    return opened;
  };
  try {
    return await command.run({ words, options, print, terminal, connect, open });
  } finally {
    await (store as OpenStore | null)?.backend.close();
  }
}

function storeOf(options: Options, { env }: Terminal, logger: typeof silent): OpenStore {
  const { place, prefix } = readPlace(options as PlaceOptions, env);
  const link = new RedisLink({ place, deadlineMs: patienceOf(options["timeout"]), clock: systemClock, logger });
  return { link, keys: new RedisKeys(prefix), backend: new RedisPresenceBackend(link, { prefix }) };
}

function patienceOf(text: Options[string]): number {
  if (typeof text !== "string") return PATIENCE_MS;
  const seconds = Number(text);
  if (seconds > 0 && seconds < 3_600) return seconds * 1_000;
  throw misused("--timeout is a number of seconds, above 0.");
}

function commandOf(name: string): Command {
  const command = COMMANDS.find((each) => each.name === name);
  if (command) return command;
  const near = nearest(
    name,
    COMMANDS.map((each) => each.name),
  );
  const hint = near === null ? "See `convive --help`." : `Did you mean \`convive ${near}\`?`;
  throw misused(`There is no command ${JSON.stringify(name)}. ${hint}`);
}

function parse({ name, options: own }: Command, args: readonly string[]): { options: Options; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...own, ...COMMON_OPTIONS },
      allowPositionals: true,
    });
    return { options: values as Options, positionals };
  } catch (error) {
    throw misused(`${messageOf(error).replace(/\.?$/, ".")} See \`convive ${name} --help\`.`);
  }
}

function checkWords({ name, words }: Command, given: readonly string[]): void {
  const needed = words.filter((word) => !word.startsWith("[")).length;
  const usage = ["convive", name, ...words].join(" ");
  if (given.length < needed) throw misused(`Something is missing: ${usage}. See \`convive ${name} --help\`.`);
  if (given.length > words.length) throw misused(`That is a word too many: ${usage}. See \`convive ${name} --help\`.`);
  if (given.some((word) => word === "")) throw misused(`An empty word is none: ${usage}.`);
}

/** Without a word the help is no answer to what was asked. */
function say(terminal: Terminal, text: string, name: string | undefined): Exit {
  if (name !== undefined) terminal.out(text);
  else terminal.err(text);
  return name === undefined ? EXIT.usage : EXIT.ok;
}

function version(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
