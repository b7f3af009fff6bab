import type { RedisLink } from "../redis/link.js";
import type { NodesSummary, NodeSummary, RoomSummary } from "./backend.js";
import { ALL_BUCKETS, type RedisKeys } from "./redis-keys.js";
import { encodeUser } from "./redis-record.js";
import type { RoomScripts } from "./redis-script.js";

/** Entries of a register read at once. */
const PAGE = 500;

/** A bucket's register names a room once for each incarnation in it. */
export interface RegisterEntry {
  readonly bucket: number;
  readonly owner: string;
  readonly room: string;
}

/** Looks at what is in Redis, by the registers and never by a search among all keys. Leaves no trace. */
export class RedisSurvey {
  constructor(
    private readonly link: RedisLink,
    private readonly keys: RedisKeys,
    private readonly scripts: RoomScripts,
  ) {}

  /** Which rooms hold connections of whom, a page at a time; only in some buckets if told so. */
  async *entries(isMeant: (bucket: number) => boolean = () => true): AsyncGenerator<readonly RegisterEntry[]> {
    for (const bucket of ALL_BUCKETS.filter(isMeant)) {
      let after = "-";
      for (;;) {
        const page = (await this.link.call(
          "ZRANGEBYLEX",
          this.keys.rooms(bucket),
          after,
          "+",
          "LIMIT",
          0,
          PAGE,
        )) as string[];
        if (page.length > 0) yield page.map((text) => entryOf(bucket, text));
        if (page.length < PAGE) break;
        after = `(${page.at(-1)!}`;
      }
    }
  }

  async *rooms(userId?: string): AsyncGenerator<readonly RoomSummary[]> {
    let seen = new Set<string>();
    let current = -1;
    for await (const page of this.entries()) {
      const { bucket } = page[0]!;
      // A room is of one bucket: what the others hold need not be remembered.
      if (bucket !== current) [seen, current] = [new Set(), bucket];
      const rooms = [...new Set(page.map(({ room }) => room))].filter((room) => !seen.has(room));
      for (const room of rooms) seen.add(room);
      const found = await this.#summaries(rooms, userId);
      if (found.length > 0) yield found;
    }
  }

  /** Rooms that are registered and hold nobody, with those they are registered for. */
  async *empty(): AsyncGenerator<ReadonlyMap<string, readonly string[]>> {
    for await (const page of this.entries()) {
      const owners = new Map<string, string[]>();
      for (const { room, owner } of page) owners.set(room, [...(owners.get(room) ?? []), owner]);
      for (const { room } of await this.#summaries([...owners.keys()])) owners.delete(room);
      if (owners.size > 0) yield owners;
    }
  }

  async nodes(): Promise<NodesSummary> {
    const keys = (["clock", "leases", "unswept"] as const).map((part) => this.keys.registry(part));
    const reply = await this.link.run(this.scripts.nodes, keys, []);
    const [time, silent, leases, unswept] = reply as [string, string, string[], string[]];
    const storeTime = Number(time);
    const alive: NodeSummary[] = [];
    for (let at = 0; at < leases.length; at += 2) {
      const leaseMs = Math.max(Number(leases[at + 1]) - storeTime, 0);
      alive.push({ incarnation: leases[at]!, state: "alive", leaseMs });
    }
    const ended = unswept.map((incarnation): NodeSummary => ({ incarnation, state: "ended", leaseMs: 0 }));
    return { storeTime, silentMs: silent === "" ? null : Number(silent), nodes: [...alive, ...ended] };
  }

  async #summaries(rooms: readonly string[], userId?: string): Promise<RoomSummary[]> {
    if (rooms.length === 0) return [];
    const keys = rooms.flatMap((room) => this.keys.summary(room));
    const user = userId === undefined ? "" : encodeUser(userId);
    const found = (await this.link.run(this.scripts.rooms, keys, [user])) as [number, number, string[]][];
    return rooms.flatMap((room, i) => {
      const [people, connections, owners] = found[i]!;
      return connections > 0 ? [{ room, people, connections, owners: countsOf(owners) }] : [];
    });
  }
}

function countsOf(pairs: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at < pairs.length; at += 2) counts.set(pairs[at]!, Number(pairs[at + 1]));
  return counts;
}

function entryOf(bucket: number, text: string): RegisterEntry {
  const tab = text.indexOf("\t");
  return { bucket, owner: text.slice(0, tab), room: text.slice(tab + 1) };
}
