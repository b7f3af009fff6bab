import type { Store } from "./store.js";

const MAX_ENTRIES = 100;

/** In memory: a bounded number of rooms, those that changed last. */
export class MemoryStore<T> implements Store<T> {
  readonly #entries = new Map<string, T>();

  constructor(private readonly initial: T) {}

  async load(id: string): Promise<T> {
    return this.#entries.get(id) ?? this.initial;
  }

  async change<P>(id: string, change: (value: T, payload: P) => T, payload: P): Promise<void> {
    const value = change(this.#entries.get(id) ?? this.initial, payload);
    this.#entries.delete(id);
    this.#entries.set(id, value);
    if (this.#entries.size > MAX_ENTRIES) this.#entries.delete(this.#entries.keys().next().value!);
  }
}
