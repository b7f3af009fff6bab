type Listener<T> = (message: T) => void;

/**
 * Delivers messages within one process: in the order published, never in the middle of the publisher's own work,
 * and to each listener whatever another one throws.
 */
export class MemoryBus<T> {
  readonly #listeners = new Map<string, Set<Listener<T>>>();
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly onError: (error: unknown) => void) {}

  /** How many topics somebody listens to. */
  get size(): number {
    return this.#listeners.size;
  }

  listeners(topic: string): number {
    return this.#listeners.get(topic)?.size ?? 0;
  }

  subscribe(topic: string, listener: Listener<T>): () => void {
    // A listener of its own for each subscription, so that one function can subscribe twice.
    const hear: Listener<T> = (message) => listener(message);
    const listeners = this.#listeners.get(topic);
    if (listeners) listeners.add(hear);
    else this.#listeners.set(topic, new Set([hear]));
    return () => this.#unsubscribe(topic, hear);
  }

  publish(topic: string, message: T): void {
    if (!this.#listeners.has(topic)) return;
    this.#waiting.push(() => this.#deliver(topic, message));
    if (this.#waiting.length === 1) queueMicrotask(() => this.#drain());
  }

  #unsubscribe(topic: string, listener: Listener<T>): void {
    const listeners = this.#listeners.get(topic);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(topic);
  }

  #drain(): void {
    for (const deliver of this.#waiting.splice(0)) deliver();
  }

  #deliver(topic: string, message: T): void {
    for (const listener of this.#listeners.get(topic) ?? []) {
      try {
        listener(message);
      } catch (error) {
        this.onError(error);
      }
    }
  }
}
