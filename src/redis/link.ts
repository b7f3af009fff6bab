import type { Clock, Timer } from "../clock.js";
import { messageOf, type ConviveError } from "../errors.js";
import type { Logger } from "../logger.js";
import { describePlace, makeClients, type Client, type RedisClients, type RedisPlace } from "./clients.js";
import { Corks } from "./cork.js";
import { causeOf, redisFailure } from "./failure.js";
import { Fitness } from "./fitness.js";
import { Gate } from "./gate.js";
import { HangingServers, hearAnew, isDemoted, isTimeout, serversOf, TIMED_OUT } from "./hanging.js";
import { HearingProbe } from "./hearing.js";
import { readAtOnce } from "./prompt.js";
import { runScript, type RedisScript } from "./script.js";

export interface RedisLinkOptions {
  readonly place: RedisPlace;
  /** No command takes longer, from when it is sent. */
  readonly deadlineMs: number;
  /** Longest pause between two tries to reach a server that is away; 1 s unless given. */
  readonly retryMs?: number;
  /** How often it is tried whether what is published is heard; 5 s unless given. */
  readonly probeMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

type ChannelListener = (text: string) => void;

const CLOSED = "the link is closed";
const RETRY_MS = 1_000;
const PROBE_MS = 5_000;
/** More at once would only wait in Redis instead of here. */
const MAX_UNDER_WAY = 128;

/**
 * A node's way to Redis: one connection for commands, one for what it hears. Every call settles within the deadline; when very many are made at
 * once they wait for their turn, as long as Redis answers the others in time. One that was late may still run, so its socket is reset and nothing
 * waits behind it. A Redis that is away, or not fit, is tried again as long as the link lives.
 */
export class RedisLink {
  /** Settles with the first try: connected and fit for use, or a coded error that says why not. */
  readonly opened: Promise<void>;
  /** all keys of one command have to lie in one slot */
  readonly isCluster: boolean;
  readonly #place: string;
  readonly #clients: RedisClients;
  readonly #channels = new Map<string, Set<ChannelListener>>();
  readonly #lastErrors = new Map<Client, unknown>();
  readonly #away = new Set<Client>();
  readonly #returnListeners = new Set<() => void>();
  readonly #gates = new Map<Client, Gate>();
  readonly #hanging = new HangingServers();
  readonly #fitness: Fitness;
  #probe: HearingProbe | null = null;
  readonly #corks = new Corks();
  #leftReplicaAt = -Infinity;
  #hasTried = false;
  #isClosed = false;

  constructor(private readonly options: RedisLinkOptions) {
    const { place, deadlineMs, retryMs = RETRY_MS } = options;
    this.#place = describePlace(place);
    this.#clients = makeClients(place, { deadlineMs, retryMs });
    this.isCluster = this.#clients.commands.isCluster;
    this.#fitness = new Fitness({
      clock: options.clock,
      everyMs: retryMs,
      place: this.#place,
      ask: () => this.#inTime(this.#clients.commands, () => this.#infos()),
      becameFit: () => this.#tellReturn(),
    });
    for (const client of this.#all) {
      this.#gates.set(client, new Gate(MAX_UNDER_WAY));
      this.#watch(client);
    }
    this.#clients.subscriber.on("message", (channel: string, text: string) => this.#heard(channel, text));
    this.opened = this.#open();
    // Whoever calls hears of it.
    this.opened.catch(() => {});
  }

  /** Runs a script; one that Redis has forgotten is sent whole. What is urgent waits for no turn among what is under way. */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
    { isUrgent = false }: { readonly isUrgent?: boolean } = {},
  ): Promise<unknown> {
    const { commands } = this.#clients;
    return this.#bounded(commands, () => runScript(commands, script, keys, args), isUrgent);
  }

  /** Runs one command. */
  call(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const { commands } = this.#clients;
    return this.#bounded(commands, () => commands.call(name, [...args]));
  }

  /** What the server says of itself: INFO; of a Cluster, each of its masters. */
  infos(): Promise<readonly string[]> {
    return this.#bounded(this.#clients.commands, () => this.#infos());
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
      // Of a Cluster the servers were asked, but not the connection that hears.
      if (this.isCluster && isTimeout((error as ConviveError).cause)) hearAnew(this.#clients.subscriber);
      throw error;
    }
    return stop;
  }

  /** Calls the listener each time that Redis can be reached again, and what is subscribed is heard again. */
  onReturn(listener: () => void): () => void {
    this.#returnListeners.add(listener);
    return () => this.#returnListeners.delete(listener);
  }

  /** Sees to it that the connection that hears is made anew when nothing comes any more. Nobody else may listen to this channel. */
  keepHearing(channel: string): void {
    const { clock, logger, probeMs = PROBE_MS } = this.options;
    this.#probe ??= new HearingProbe({
      clock,
      everyMs: probeMs,
      subscribe: (hear) => this.subscribe(channel, hear),
      publish: (text) => this.call("PUBLISH", channel, text),
      isDeaf: () => {
        logger.warn({ redis: this.#place }, "what Redis tells is not heard; the connection is made anew");
        hearAnew(this.#clients.subscriber);
      },
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#probe?.stop();
    this.#channels.clear();
    this.#returnListeners.clear();
    for (const client of this.#all) client.disconnect();
  }

  get #all(): Client[] {
    return [this.#clients.commands, this.#clients.subscriber];
  }

  #watch(client: Client): void {
    readAtOnce(client);
    client.on("error", (error: unknown) => this.#lastErrors.set(client, causeOf(error)));
    client.on("ready", () => {
      this.#away.delete(client);
      this.#lastErrors.delete(client);
      if (this.#hasTried) void this.#returned();
    });
    client.on("end", () => this.#beginAnew(client));
    client.on("close", () => {
      // Each try that fails closes a connection: told once.
      if (this.#isClosed || this.#away.has(client)) return;
      this.#away.add(client);
      const error = this.#reason(client, new Error("the connection was closed"));
      this.options.logger.warn({ redis: this.#place, error: messageOf(error) }, "Redis is away; it is tried again");
    });
  }

  /** A client gives up for good when a Sentinel tells of a new master while it is just asking one for the master. */
  #beginAnew(client: Client): void {
    const { clock, retryMs = RETRY_MS } = this.options;
    clock.after(retryMs, () => {
      if (!this.#isClosed) client.connect().catch(() => {});
    });
  }

  async #open(): Promise<void> {
    try {
      await Promise.all(this.#all.map((client) => this.#connect(client)));
      await this.#fitness.check();
    } catch (error) {
      throw redisFailure(error, this.#place);
    } finally {
      this.#hasTried = true;
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
      throw this.#reason(client, causeOf(error));
    } finally {
      client.off("error", fail);
    }
  }

  /** Why there is no connection: what this one said last, or the other, which goes the same way. */
  #reason(client: Client, otherwise: unknown): unknown {
    return this.#lastErrors.get(client) ?? this.#lastErrors.values().next().value ?? otherwise;
  }

  /** Another server may stand there now. */
  async #returned(): Promise<void> {
    const { subscriber } = this.#clients;
    if (this.#isClosed || this.#all.some((client) => client.status !== "ready")) return;
    try {
      // A Cluster has asked for all of them anew, and answers this one behind them.
      const channels = [...this.#channels.keys()].slice(0, this.isCluster ? 1 : Infinity);
      if (channels.length > 0) await this.#inTime(subscriber, () => subscriber.subscribe(...channels));
      await this.#fitness.check();
    } catch (error) {
      const { code, message } = redisFailure(error, this.#place);
      return this.options.logger.warn({ redis: this.#place, code, error: message }, "Redis cannot be used");
    }
    this.#tellReturn();
  }

  #tellReturn(): void {
    for (const listener of this.#returnListeners) listener();
  }

  #infos(): Promise<readonly string[]> {
    return Promise.all(serversOf(this.#clients.commands).map((server) => server.info()));
  }

  async #bounded<T>(client: Client, work: () => Promise<T>, isUrgent = false): Promise<T> {
    if (!this.#hasTried) await this.opened.catch(() => {});
    if (this.#isClosed) throw redisFailure(new Error(CLOSED), this.#place);
    if (!this.#fitness.isFit) await this.#fitness.checkAgain();
    try {
      return await this.#gates.get(client)!.pass(() => {
        this.#corks.cork(client);
        return this.#inTime(client, work);
      }, isUrgent);
    } catch (error) {
      // While there is no connection, why there is none says more.
      throw redisFailure(client.status === "ready" ? error : this.#reason(client, error), this.#place);
    }
  }

  async #inTime<T>(client: Client, work: () => Promise<T>): Promise<T> {
    const { clock, deadlineMs } = this.options;
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      // After a pause of this process an answer may be there already: it is read first.
      timer = clock.after(deadlineMs, () => setImmediate(() => reject(new Error(TIMED_OUT))));
    });
    try {
      return await Promise.race([work(), late]);
    } catch (error) {
      if (isTimeout(error)) {
        this.#hanging.reset(client);
        this.#gates.get(client)!.fail(error);
      } else if (isDemoted(error)) this.#leaveReplica(client);
      throw error;
    } finally {
      timer?.clear();
    }
  }

  /** Its name may lead to another server by now. */
  #leaveReplica(client: Client): void {
    const { clock, retryMs = RETRY_MS } = this.options;
    if (this.isCluster || clock.now() - this.#leftReplicaAt < retryMs) return;
    this.#leftReplicaAt = clock.now();
    this.#hanging.reset(client);
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
