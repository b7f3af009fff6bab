import type { RedisLink } from "../redis/link.js";
import { ALL_BUCKETS, bucketOf, type RedisKeys, type TypedKey } from "./redis-keys.js";
import { loadScripts } from "./redis-script.js";
import { RedisSurvey } from "./redis-survey.js";

/** Keys looked at by one command. */
const BATCH = 500;

/** A key of ours that holds something else. */
export interface ForeignKey {
  readonly key: string;
  readonly expected: string;
  readonly found: string;
}

/** A register entry in the bucket of another room. */
export interface StrayEntry {
  readonly room: string;
  readonly bucket: number;
}

/** Looks at the keys themselves: what they weigh, and whether they hold what they should. Changes nothing. */
export class RedisInspection {
  readonly #scripts = loadScripts();
  readonly #survey: RedisSurvey;

  constructor(
    private readonly link: RedisLink,
    private readonly keys: RedisKeys,
  ) {
    this.#survey = new RedisSurvey(link, keys, this.#scripts);
  }

  /** How many keys there are, and the bytes they take. */
  async weigh(told: (done: number) => void = () => {}): Promise<{ readonly keys: number; readonly bytes: number }> {
    let [count, bytes] = [0, 0];
    for await (const looked of this.#look(true)) {
      for (const { found, size } of looked) if (found !== "none") [count, bytes] = [count + 1, bytes + size];
      told(count);
    }
    return { keys: count, bytes };
  }

  /** Keys of ours that are of another type: of registers and of rooms that stand in them. */
  async foreign(): Promise<readonly ForeignKey[]> {
    const foreign: ForeignKey[] = [];
    for await (const looked of this.#look(false)) {
      for (const { key, type, found } of looked) {
        if (found !== "none" && found !== type) foreign.push({ key, expected: type, found });
      }
    }
    return foreign;
  }

  /** Rooms that are registered in a bucket which is not theirs, as by a version with another number of buckets. */
  async stray(): Promise<readonly StrayEntry[]> {
    const stray: StrayEntry[] = [];
    for await (const page of this.#survey.entries()) {
      for (const { room, bucket } of page) if (bucketOf(room) !== bucket) stray.push({ room, bucket });
    }
    return stray;
  }

  /** Fails where this user may not write, or this server cannot be written to. */
  async tryRights(): Promise<void> {
    await this.link.run(this.#scripts.rights, [this.keys.unused()], []);
  }

  async *#look(isWeighed: boolean): AsyncGenerator<readonly (TypedKey & { found: string; size: number })[]> {
    const registers = [this.keys.registries(), ...ALL_BUCKETS.map((bucket) => this.keys.registers(bucket))];
    const readable = new Set<number>();
    for (const [i, typed] of registers.entries()) {
      const looked = await this.#inspect(typed, isWeighed);
      yield looked;
      if (looked.every(({ type, found }) => found === type || found === "none")) readable.add(i - 1);
    }
    let seen = new Set<string>();
    let current = -1;
    for await (const page of this.#survey.entries((bucket) => readable.has(bucket))) {
      const { bucket } = page[0]!;
      if (bucket !== current) [seen, current] = [new Set(), bucket];
      const rooms = [...new Set(page.map(({ room }) => room))].filter((room) => !seen.has(room));
      for (const room of rooms) seen.add(room);
      // All keys of a room named in this register lie in its slot; those of a stray one do not.
      const typed = rooms.filter((room) => bucketOf(room) === bucket).flatMap((room) => this.keys.ofRoom(room));
      for (let at = 0; at < typed.length; at += BATCH)
        yield await this.#inspect(typed.slice(at, at + BATCH), isWeighed);
    }
  }

  async #inspect(typed: readonly TypedKey[], isWeighed: boolean) {
    const keys = typed.map(({ key }) => key);
    const reply = await this.link.run(this.#scripts.inspect, keys, [isWeighed ? "1" : "0"]);
    const found = reply as (string | number)[];
    return typed.map((each, i) => ({ ...each, found: String(found[2 * i]), size: Number(found[2 * i + 1]) }));
  }
}
