import type { Cluster, Redis } from "ioredis";
import type { Clock, Timer } from "../clock.js";
import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import { describePlace, makeClients, type RedisClients, type RedisPlace } from "./clients.js";
import { checkServer, redisFailure } from "./failure.js";
import type { RedisScript } from "./script.js";

export interface RedisLinkOptions {
  readonly place: RedisPlace;
  /** No command takes longer. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Client = Redis | Cluster;
type ChannelListener = (text: string) => void;

const CLOSED = "the link is closed";

/**
 * A node's way to Redis: one connection for commands, one for what it hears. Every call settles within the deadline; one that did not in time
 * may still run, so its socket is reset and nothing waits behind it.
 */
export class RedisLink {
  /** Settles once: connected and fit for use, or a coded error that says why not. */
  readonly opened: Promise<void>;
  /** all keys of one command have to lie in one slot */
  readonly isCluster: boolean;
  readonly #place: string;
  readonly #clients: RedisClients;
  readonly #channels = new Map<string, Set<ChannelListener>>();
  readonly #lastErrors = new Map<Client, unknown>();
  #isClosed = false;

  constructor(private readonly options: RedisLinkOptions) {
    this.#place = describePlace(options.place);
    this.#clients = makeClients(options.place, options.deadlineMs);
    this.isCluster = this.#clients.commands.isCluster;
    for (const client of this.#all) this.#watch(client);
    this.#clients.subscriber.on("message", (channel: string, text: string) => this.#heard(channel, text));
    this.opened = this.#open();
    // Whoever calls hears of it.
    this.opened.catch(() => {});
  }

  /** Runs a script; one that Redis has forgotten is sent whole. */
  run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const { commands } = this.#clients;
    return this.#bounded(commands, async () => {
      try {
        return await commands.evalsha(script.sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
        return await commands.eval(script.text, keys.length, ...keys, ...args);
      }
    });
  }

  /** Runs one command. */
  call(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const { commands } = this.#clients;
    return this.#bounded(commands, () => commands.call(name, [...args]));
  }

  /** How many connections hear a channel, on all servers of a Cluster. */
  async listeners(channel: string): Promise<number> {
    const { commands } = this.#clients;
    const counts = await this.#bounded(commands, () =>
      Promise.all(serversOf(commands).map((server) => server.call("PUBSUB", "NUMSUB", channel))),
    );
    return counts.reduce<number>((sum, reply) => sum + Number((reply as unknown[])[1]), 0);
  }

  /** Resolves when Redis has said that the subscription holds. */
  async subscribe(channel: string, listener: ChannelListener): Promise<() => void> {
    const listeners = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, listeners.add(listener));
    const stop = () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      this.#channels.delete(channel);
      if (!this.#isClosed) this.#unsubscribe(channel);
    };
    try {
      await this.#bounded(this.#clients.subscriber, () => this.#clients.subscriber.subscribe(channel));
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#channels.clear();
    for (const client of this.#all) client.disconnect();
  }

  get #all(): Set<Client> {
    return new Set([this.#clients.commands, this.#clients.subscriber]);
  }

  #watch(client: Client): void {
    const { logger } = this.options;
    client.on("error", (error: unknown) => this.#lastErrors.set(client, error));
    client.on("close", () => {
      if (this.#isClosed) return;
      const error = messageOf(this.#lastErrors.get(client) ?? "the connection was closed");
      logger.warn({ redis: this.#place, error }, "Redis is away; it is tried again");
    });
  }

  async #open(): Promise<void> {
    try {
      await Promise.all([...this.#all].map((client) => this.#connect(client)));
      const infos = await Promise.all(serversOf(this.#clients.commands).map((server) => server.info()));
      for (const info of infos) checkServer(info, this.#place);
    } catch (error) {
      await this.close();
      throw redisFailure(error, this.#place);
    }
  }

  /** A connection that fails says so beside its promise, and says there what it was. */
  async #connect(client: Client): Promise<void> {
    let fail: (error: unknown) => void = () => {};
    const failed = new Promise<never>((_, reject) => (fail = reject));
    client.once("error", fail);
    try {
      await Promise.race([client.connect(), failed]);
    } catch (error) {
      throw causeOf(this.#lastErrors.get(client) ?? error);
    } finally {
      client.off("error", fail);
    }
  }

  async #bounded<T>(client: Client, work: () => Promise<T>): Promise<T> {
    const { clock, deadlineMs } = this.options;
    await this.opened;
    if (this.#isClosed) throw redisFailure(new Error(CLOSED), this.#place);
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = clock.after(deadlineMs, () => reject(new Error("Command timed out")));
    });
    try {
      return await Promise.race([work(), late]);
    } catch (error) {
      if (messageOf(error) === "Command timed out") reset(client);
      throw redisFailure(error, this.#place);
    } finally {
      timer?.clear();
    }
  }

  #heard(channel: string, text: string): void {
    for (const listener of this.#channels.get(channel) ?? []) {
      try {
        listener(text);
      } catch (error) {
        this.options.logger.error({ error: messageOf(error) }, "a listener of a channel failed");
      }
    }
  }

  #unsubscribe(channel: string): void {
    this.#bounded(this.#clients.subscriber, () => this.#clients.subscriber.unsubscribe(channel)).catch(() => {
      // What still comes meets no listener; the next connection subscribes to what is heard only.
    });
  }
}

function serversOf(client: Client): Redis[] {
  return client.isCluster ? (client as Cluster).nodes("master") : [client as Redis];
}

/** Closes the socket at once, so that nothing waits behind what hangs. What the server has received it may still run. */
function reset(client: Client): void {
  for (const server of client.isCluster ? (client as Cluster).nodes("all") : [client as Redis]) {
    server.stream?.resetAndDestroy();
  }
}

/** A Cluster and Sentinels wrap what a server said. */
function causeOf(error: unknown): unknown {
  return (error as { lastNodeError?: unknown } | null)?.lastNodeError ?? error;
}
