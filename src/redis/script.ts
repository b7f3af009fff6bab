import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

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

/** Sends text in a channel, in the order of what else the server of its key does. */
export function publishScript(): RedisScript {
  return readScript(new URL("./publish.lua", import.meta.url));
}
