import type { Clock } from "../clock.js";
import type { PubSub } from "../pubsub/pubsub.js";

/** What apps publish has a name of its own before it, so that no topic of theirs is one of ours. */
export function appTopic(topic: string): string {
  return `app:${topic}`;
}

/** What a view started and what ends with it: timers and subscriptions, each delivered through the mailbox. */
export class Lasting {
  readonly #stops = new Set<() => void>();
  #hasEnded = false;

  constructor(
    private readonly clock: Clock,
    private readonly topics: PubSub,
    private readonly enqueue: (work: () => unknown) => void,
  ) {}

  every(ms: number, work: () => unknown): () => void {
    let isWaiting = false;
    const run = async () => {
      try {
        await work();
      } finally {
        isWaiting = false;
      }
    };
    return this.#start(() => {
      const timer = this.clock.every(ms, () => {
        // A view that is slower than its timer is called again only when it is done.
        if (isWaiting) return;
        isWaiting = true;
        this.enqueue(run);
      });
      return () => timer.clear();
    });
  }

  after(ms: number, work: () => unknown): () => void {
    const stop = this.#start(() => {
      const timer = this.clock.after(ms, () => {
        stop();
        this.enqueue(work);
      });
      return () => timer.clear();
    });
    return stop;
  }

  subscribe(topic: string, handler: (message: unknown) => unknown): () => void {
    return this.#start(() => this.topics.subscribe(appTopic(topic), (message) => this.enqueue(() => handler(message))));
  }

  /** Idempotent; nothing can be started any more. */
  end(): void {
    this.#hasEnded = true;
    for (const stop of this.#stops) stop();
  }

  #start(begin: () => () => void): () => void {
    if (this.#hasEnded) return () => {};
    const undo = begin();
    const stop = () => {
      if (this.#stops.delete(stop)) undo();
    };
    this.#stops.add(stop);
    return stop;
  }
}
