import type { Clock, Timer } from "../clock.js";
import type { Cache } from "./cache.js";

interface Entry {
  readonly text: string;
  readonly until: number;
}

const SWEEP_MS = 10_000;

/** A cache of one process. What nobody reads again expires all the same. */
export class MemoryCache implements Cache {
  readonly #rooms = new Map<string, Map<string, Entry>>();
  #sweep: Timer | null = null;

  constructor(private readonly clock: Clock) {}

  /** How many rooms hold something. */
  get size(): number {
    return this.#rooms.size;
  }

  async set(room: string, fields: ReadonlyMap<string, string>, ttlMs: number): Promise<void> {
    const entries = this.#rooms.get(room) ?? new Map<string, Entry>();
    const until = this.clock.now() + ttlMs;
    for (const [field, text] of fields) entries.set(field, { text, until });
    if (entries.size > 0) this.#rooms.set(room, entries);
    this.#sweep ??= this.clock.every(SWEEP_MS, () => this.#expire());
  }

  async get(room: string): Promise<ReadonlyMap<string, string>> {
    const now = this.clock.now();
    const fresh = [...(this.#rooms.get(room) ?? [])].filter(([, { until }]) => until > now);
    return new Map(fresh.map(([field, { text }]) => [field, text]));
  }

  async delete(room: string, fields: readonly string[]): Promise<void> {
    const entries = this.#rooms.get(room);
    for (const field of fields) entries?.delete(field);
    if (entries?.size === 0) this.#rooms.delete(room);
  }

  async close(): Promise<void> {
    this.#sweep?.clear();
    this.#sweep = null;
    this.#rooms.clear();
  }

  #expire(): void {
    const now = this.clock.now();
    for (const [room, entries] of this.#rooms) {
      for (const [field, { until }] of entries) if (until <= now) entries.delete(field);
      if (entries.size === 0) this.#rooms.delete(room);
    }
    if (this.#rooms.size > 0) return;
    this.#sweep?.clear();
    this.#sweep = null;
  }
}
