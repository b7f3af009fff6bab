import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A script as Redis knows it. */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

/** A script of the file `redis-<name>.lua`, which says what its KEYS and ARGV are. */
function script(name: string): RedisScript {
  return asScript(read(name));
}

/** One that changes a room: what these share stands before it. */
function roomScript(name: string): RedisScript {
  return asScript(`${read("room")}\n${read(name)}`);
}

function read(name: string): string {
  return readFileSync(new URL(`./redis-${name}.lua`, import.meta.url), "utf8");
}

function asScript(text: string): RedisScript {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

export interface RedisScripts {
  readonly apply: RedisScript;
  readonly sweep: RedisScript;
  readonly prune: RedisScript;
  readonly touch: RedisScript;
  readonly snapshot: RedisScript;
  readonly fence: RedisScript;
  readonly owners: RedisScript;
  readonly tick: RedisScript;
  readonly order: RedisScript;
  readonly condemn: RedisScript;
  readonly publish: RedisScript;
  readonly probe: RedisScript;
}

/** Reads all scripts from their files. */
export function loadScripts(): RedisScripts {
  return {
    apply: roomScript("apply"),
    sweep: roomScript("sweep"),
    prune: roomScript("prune"),
    touch: roomScript("touch"),
    snapshot: script("snapshot"),
    fence: script("fence"),
    owners: script("owners"),
    tick: script("tick"),
    order: script("order"),
    condemn: script("condemn"),
    publish: script("publish"),
    probe: script("probe"),
  };
}
