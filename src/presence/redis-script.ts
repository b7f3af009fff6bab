import { publishScript, readScript, type RedisScript } from "../redis/script.js";

export interface RoomScripts {
  readonly apply: RedisScript;
  readonly sweep: RedisScript;
  readonly prune: RedisScript;
  readonly touch: RedisScript;
  readonly vacate: RedisScript;
  readonly snapshot: RedisScript;
  readonly fence: RedisScript;
  readonly owners: RedisScript;
  readonly rooms: RedisScript;
  readonly nodes: RedisScript;
  readonly inspect: RedisScript;
  readonly rights: RedisScript;
  readonly tick: RedisScript;
  readonly order: RedisScript;
  readonly condemn: RedisScript;
  readonly publish: RedisScript;
  readonly probe: RedisScript;
}

/** Reads the scripts of rooms and nodes from their files. */
export function loadScripts(): RoomScripts {
  const script = (name: string) => readScript(file(name));
  /** One that changes a room: what these share stands before it. */
  const roomScript = (name: string) => readScript(file("room"), file(name));
  return {
    apply: readScript(file("join"), file("room"), file("apply")),
    sweep: roomScript("sweep"),
    prune: roomScript("prune"),
    touch: roomScript("touch"),
    vacate: roomScript("vacate"),
    snapshot: script("snapshot"),
    fence: script("fence"),
    owners: script("owners"),
    rooms: script("rooms"),
    nodes: script("nodes"),
    inspect: script("inspect"),
    rights: script("rights"),
    tick: script("tick"),
    order: script("order"),
    condemn: script("condemn"),
    publish: publishScript(),
    probe: script("probe"),
  };
}

function file(name: string): URL {
  return new URL(`./redis-${name}.lua`, import.meta.url);
}
