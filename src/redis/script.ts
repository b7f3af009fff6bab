import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { messageOf } from "../errors.js";

/** A script as Redis knows it. */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

/** A script of these files, one behind another; the last says what its KEYS and ARGV are. */
export function readScript(...files: readonly URL[]): RedisScript {
  const text = files.map((file) => readFileSync(file, "utf8")).join("\n");
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

interface Runner {
  call(command: string, args: (string | number)[]): Promise<unknown>;
}

/** Runs a script; one that Redis has forgotten is sent whole. */
export async function runScript(
  runner: Runner,
  script: RedisScript,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  // In a list: a room of ten thousand is more arguments than a call of a function bears.
  try {
    return await runner.call("EVALSHA", [script.sha, keys.length, ...keys, ...args]);
  } catch (error) {
    if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
    return await runner.call("EVAL", [script.text, keys.length, ...keys, ...args]);
  }
}

/** Sends text in a channel, in the order of what else the server of its key does. */
export function publishScript(): RedisScript {
  return readScript(new URL("./publish.lua", import.meta.url));
}
