import type { Clock } from "../clock.js";
import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import type { RedisLink } from "../redis/link.js";
import { publishScript } from "../redis/script.js";
import { freeze } from "../render/freeze.js";
import type { PubSub } from "./pubsub.js";

const RETRY_MS = 1_000;
const TEXT_SIGN = "t";

export interface RedisPubSubOptions {
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** parts apps that share a Redis */
  readonly prefix?: string;
}

/** Topics of all processes that share a Redis. Who made the link closes it. */
export class RedisPubSub implements PubSub {
  readonly #script = publishScript();
  readonly #prefix: string;
  readonly #stops = new Set<() => void>();
  #isClosed = false;

  constructor(private readonly options: RedisPubSubOptions) {
    this.#prefix = encodeURIComponent(options.prefix ?? "convive");
  }

  async publish(topic: string, message: unknown): Promise<void> {
    if (this.#isClosed) return;
    const channel = this.#channel(topic);
    // One key for all topics: in a Cluster one server tells them all, so that they keep their order; every server hears them anyway.
    await this.options.link.run(
      this.#script,
      [`{${this.#prefix}:topics}`],
      [channel, JSON.stringify(message) ?? "null"],
    );
  }

  subscribe(topic: string, listener: (message: unknown) => void): () => void {
    if (this.#isClosed) return () => {};
    const subscription = new Subscription(this.options, this.#channel(topic), (text) => {
      listener(freeze(JSON.parse(text.slice(TEXT_SIGN.length))));
    });
    const stop = () => {
      if (this.#stops.delete(stop)) subscription.stop();
    };
    this.#stops.add(stop);
    return stop;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    return Promise.resolve();
  }

  #channel(topic: string): string {
    return `${this.#prefix}:topic:${topic}`;
  }
}

/** Asked for until it holds: while Redis is away, nothing could be heard anyway. */
class Subscription {
  #isStopped = false;
  #unsubscribe: () => void = () => {};

  constructor(
    private readonly options: RedisPubSubOptions,
    private readonly channel: string,
    private readonly hear: (text: string) => void,
  ) {
    void this.#ask();
  }

  stop(): void {
    this.#isStopped = true;
    this.#unsubscribe();
  }

  async #ask(): Promise<void> {
    const { link, clock, logger } = this.options;
    try {
      const unsubscribe = await link.subscribe(this.channel, (text) => {
        if (!this.#isStopped) this.hear(text);
      });
      if (this.#isStopped) unsubscribe();
      else this.#unsubscribe = unsubscribe;
    } catch (error) {
      if (this.#isStopped) return;
      logger.warn({ error: messageOf(error) }, "a topic could not be subscribed; it is tried again");
      clock.after(RETRY_MS, () => {
        if (!this.#isStopped) void this.#ask();
      });
    }
  }
}
