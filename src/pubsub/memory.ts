import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import { freeze } from "../render/freeze.js";
import { MemoryBus } from "./memory-bus.js";
import type { PubSub } from "./pubsub.js";

/** Topics of one process. Nodes that share one bus hear each other. */
export class MemoryPubSub implements PubSub {
  readonly #bus: MemoryBus<unknown>;
  readonly #stops = new Set<() => void>();
  #isClosed = false;

  constructor(logger: Logger, bus?: MemoryBus<unknown>) {
    this.#bus =
      bus ?? new MemoryBus((error) => logger.error({ error: messageOf(error) }, "a listener of a topic failed"));
  }

  publish(topic: string, message: unknown): Promise<void> {
    if (!this.#isClosed) this.#bus.publish(topic, copyOf(message));
    return Promise.resolve();
  }

  subscribe(topic: string, listener: (message: unknown) => void): () => void {
    if (this.#isClosed) return () => {};
    const unsubscribe = this.#bus.subscribe(topic, listener);
    const stop = () => {
      if (this.#stops.delete(stop)) unsubscribe();
    };
    this.#stops.add(stop);
    return stop;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    return Promise.resolve();
  }
}

/** As it would arrive over a network: JSON, so that no listener holds what the publisher goes on changing. */
function copyOf(message: unknown): unknown {
  return message === undefined ? null : freeze(JSON.parse(JSON.stringify(message) ?? "null"));
}
