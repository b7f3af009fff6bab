import { randomUUID } from "node:crypto";
import { ConviveError } from "../errors.js";
import { checkRedisTimes } from "../options.js";
import { parseIncarnation, type PresenceBackend } from "../presence/backend.js";
import { LAYOUT } from "../presence/redis-keys.js";
import { RedisInspection } from "../presence/redis-inspection.js";
import { fail, ok, warn, type Check } from "./doctor-check.js";
import { labelOf, namedRoom } from "./room-names.js";
import { counted } from "./text.js";

/** How many are named; the rest is counted. */
const NAMED = 3;
/** Rooms read whole. */
const READ_ROOMS = 100;
/** What takes longer is lost. */
const ECHO_MS = 5_000;
/** A living node ticks once a second. */
const SILENT_MS = 5_000;

function some(all: readonly string[]): string {
  const rest = all.length - NAMED;
  return all.slice(0, NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

export const checkPubSub: Check = {
  title: "channels",
  async look({ backend }) {
    // No key of a room contains a "!".
    const room = `!doctor-${randomUUID()}`;
    const start = performance.now();
    let heard = () => {};
    const echo = new Promise<boolean>((resolve) => (heard = () => resolve(true)));
    const stop = await backend.subscribe(room, { changed: () => {}, published: () => heard() });
    try {
      await backend.publish(room, "?");
      const late = new Promise<boolean>((resolve) => setTimeout(resolve, ECHO_MS, false).unref());
      if (!(await Promise.race([echo, late]))) {
        return fail("what is published is not heard", "See that nothing between here and Redis holds back channels.");
      }
      return ok(`a message came back in ${(performance.now() - start).toFixed(1)} ms`);
    } finally {
      stop();
    }
  },
};

export const checkLayout: Check = {
  title: "layout",
  async look({ link, keys }) {
    const found = (await link.call("HGET", keys.registry("clock"), "layout")) as string | null;
    if (found === null) return ok("no node was here yet");
    if (found === LAYOUT) return ok(`keys are laid out as this version does: ${LAYOUT}`);
    return fail(
      `keys are laid out as ${found}, and by this version as ${LAYOUT}`,
      `Give this version another prefix, or end all nodes of the other and delete ${keys.registry("clock")}.`,
    );
  },
};

export const checkLimits: Check = {
  title: "limits",
  async look({ limits }) {
    try {
      checkRedisTimes(limits);
    } catch (error) {
      if (!(error instanceof ConviveError)) throw error;
      return fail(error.message, "Raise leaseMs, or lower the others.");
    }
    return ok(`a lease of ${limits.leaseMs / 1_000} s outlives a reconnect`);
  },
};

export const checkLeases: Check = {
  title: "nodes",
  async look({ backend }) {
    const { nodes, silentMs } = await backend.nodes();
    const alive = nodes
      .filter(({ state }) => state === "alive")
      .map(({ incarnation }) => parseIncarnation(incarnation).process);
    const ended = nodes.filter(({ state }) => state === "ended").map(({ incarnation }) => incarnation);
    const orphans = (await backend.orphans()).filter((incarnation) => !ended.includes(incarnation));
    const count = counted(new Set(alive).size, "node");
    if (alive.length > 0 && (silentMs ?? 0) > SILENT_MS) {
      const seconds = Math.round((silentMs ?? 0) / 1_000);
      return warn(
        `${count} with a lease, and none has ticked for ${seconds} s`,
        "Do the nodes run, and reach this Redis? If they are gone: convive prune presences --wait.",
      );
    }
    if (ended.length > 0) {
      return warn(
        `${count}; to be swept: ${some(ended)}`,
        "Nodes do it within a second; without any: convive prune presences.",
      );
    }
    if (orphans.length > 0) {
      return warn(
        `${count}; without a lease: ${some(orphans)}`,
        "Nodes sweep them in a minute; without any: convive prune presences --wait.",
      );
    }
    return ok(`${count}${silentMs === null ? "; none was here yet" : ""}`);
  },
};

export const checkRegisters: Check = {
  title: "registers",
  async look({ backend, link, keys }) {
    const stray = await new RedisInspection(link, keys).stray();
    if (stray.length > 0) {
      return fail(
        `rooms in buckets that are not theirs: ${some(stray.map(({ room, bucket }) => `${room} in ${bucket}`))}`,
        "A version with another number of buckets writes here: give it another prefix, or end it.",
      );
    }
    const empty = (await backend.pruneRooms(true)).map((name) => labelOf(namedRoom(name)));
    if (empty.length === 0) return ok("rooms and registers agree");
    return warn(`registered, and nobody is there: ${some(empty)}`, "Keys were lost or deleted: convive prune rooms.");
  },
};

export const checkForeign: Check = {
  title: "values",
  async look({ backend, link, keys }) {
    const foreign = await new RedisInspection(link, keys).foreign();
    if (foreign.length > 0) {
      const named = foreign.map(({ key, found, expected }) => `${key} is a ${found}, not a ${expected}`);
      return fail(
        some(named),
        "Another program writes to our keys: give Convive a prefix of its own, and delete these.",
      );
    }
    const unreadable: string[] = [];
    let read = 0;
    for await (const page of backend.rooms()) {
      for (const { room } of page.slice(0, READ_ROOMS - read)) {
        read += 1;
        if (!(await isReadable(backend, room))) unreadable.push(labelOf(namedRoom(room)));
      }
      if (read >= READ_ROOMS) break;
    }
    if (unreadable.length === 0) return ok(`keys hold what they should; ${counted(read, "room")} read`);
    return fail(`cannot be read: ${some(unreadable)}`, "Something else wrote into these rooms: delete their keys.");
  },
};

async function isReadable(backend: PresenceBackend, room: string): Promise<boolean> {
  try {
    await backend.snapshot(room);
    return true;
  } catch (error) {
    if (error instanceof ConviveError && error.code === "REDIS_VALUE_FOREIGN") return false;
    throw error;
  }
}
