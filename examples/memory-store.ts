const MAX_ENTRIES = 100;

/** What rooms share, in memory: a bounded number of them, those that changed last. A database would do the same. */
export class MemoryStore<T> {
  readonly #entries = new Map<string, T>();

  constructor(private readonly initial: T) {}

  load(id: string): T {
    return this.#entries.get(id) ?? this.initial;
  }

  change<P>(id: string, change: (value: T, payload: P) => T, payload: P): void {
    const value = change(this.load(id), payload);
    this.#entries.delete(id);
    this.#entries.set(id, value);
    if (this.#entries.size > MAX_ENTRIES) this.#entries.delete(this.#entries.keys().next().value!);
  }
}
