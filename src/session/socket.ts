import type { Clock, Timer } from "../clock.js";
import { ConviveError, messageOf } from "../errors.js";
import type { Limits } from "../options.js";
import {
  CLOSE,
  CLOSE_CODES,
  CURSOR,
  decodeFrame,
  encodeFrame,
  HEARTBEAT,
  HEARTBEAT_TOPIC,
  JOIN,
  LEAVE,
  REPLY,
  type Frame,
} from "../protocol.js";
import type { Logger } from "../logger.js";
import { Bucket, Strikes } from "./bucket.js";
import type { Identity } from "./identity.js";
import { Link, type LinkSocket } from "./link.js";
import type { RawSocket } from "./raw-socket.js";
import { refused, type JoinResult, type Parting, type Reply, type Topic, type TopicLink } from "./topic.js";

export type { RawSocket } from "./raw-socket.js";

export interface SocketOwner {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  join(link: TopicLink, payload: unknown): Promise<JoinResult>;
}

interface Joined {
  readonly topic: Topic;
  readonly joinRef: string | null;
}

/** From here on renders wait: a new one would only add to what the kernel has not taken yet. */
const SLOW_BYTES = 65_536;
const DRAIN_CHECK_MS = 20;
const MAX_TOPIC_LOGGED = 200;

/** One connection: frames in and out, topics, limits and liveness. What lies behind a topic is not its business. */
export class Socket implements LinkSocket {
  readonly #topics = new Map<string, Joined>();
  /** joins that are not answered yet; null when there are none */
  #joining: Map<string, Link> | null = null;
  /** full when null, as of most sockets most of the time */
  #events: Bucket | null = null;
  #cursors: Bucket | null = null;
  #strikes: Strikes | null = null;
  /** when something was joined last, as far as ticks can tell; before, when it was opened */
  #joinedAt: number;
  #heardAt: number;
  #pingedAt = -1;
  /** events whose reply is yet to come */
  #answering = 0;
  #isClosed = false;
  #drainTimer: Timer | null = null;
  #onDrained: (() => void)[] | null = null;

  constructor(
    private readonly raw: RawSocket,
    readonly identity: Identity,
    private readonly owner: SocketOwner,
  ) {
    this.#joinedAt = this.#heardAt = owner.clock.now();
  }

  get isSlow(): boolean {
    return this.raw.bufferedAmount > SLOW_BYTES;
  }

  write(data: string | Buffer): void {
    if (this.#isClosed) return;
    if (this.#answering > 0) this.raw.gather?.();
    this.raw.send(data);
    // A blocked peer never answers a close frame: the slow are cut.
    if (this.raw.bufferedAmount > this.owner.limits.queueBytes) this.cut(CLOSE_CODES.tooSlow, "too slow");
  }

  whenDrained(work: () => void): void {
    (this.#onDrained ??= []).push(work);
    this.#drainTimer ??= this.owner.clock.every(DRAIN_CHECK_MS, () => this.#checkDrained());
  }

  /** A frame of the client; whatever it is, the process lives on. */
  receive(text: string): void {
    this.heard();
    if (this.#isClosed) return;
    const frame = decodeFrame(text);
    if (!frame) return this.close(CLOSE_CODES.badFrame, "not the protocol");
    if (!this.#isWithinLimits(frame)) return;
    const [, , topic, event] = frame;
    if (topic === HEARTBEAT_TOPIC && event === HEARTBEAT) this.#reply(frame, null, { status: "ok", response: {} });
    else if (event === LEAVE) this.#leave(frame);
    else this.#attempt(frame);
  }

  /** Any sign of life: a frame or a pong. */
  heard(): void {
    this.#heardAt = this.owner.clock.now();
    this.#pingedAt = -1;
  }

  /** Once a second: pings, ends the silent and those who never joined anything. */
  tick(): void {
    if (this.#isClosed) return;
    const { clock, limits } = this.owner;
    const now = clock.now();
    if (this.#pingedAt >= 0) {
      if (now - this.#pingedAt >= limits.pongDeadlineMs) this.cut(CLOSE_CODES.goingAway, "no pong");
      return;
    }
    if (this.#events?.isFull) this.#events = null;
    if (this.#cursors?.isFull) this.#cursors = null;
    if (this.#topics.size > 0 || this.#joining) this.#joinedAt = now;
    if (now - this.#joinedAt >= limits.unmountedSocketMs) {
      return this.close(CLOSE_CODES.unmounted, "nothing joined");
    }
    if (now - this.#heardAt < limits.pingMs) return;
    this.#pingedAt = now;
    this.raw.ping();
  }

  /** Asks the peer to close; what it has joined parts when the close is done. */
  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.raw.close(code, reason);
    this.#end({ kind: "broken" });
  }

  /** Ends it without waiting for the peer. */
  cut(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.raw.close(code, reason);
    this.raw.terminate();
    this.#end({ kind: "broken" });
  }

  /** Lets go of a peer that was asked to close and does not answer. */
  terminate(): void {
    this.raw.terminate();
  }

  /** The connection is gone; a page that was unloaded says so with 1000 or 1001. */
  closed(code: number): void {
    this.#end({ kind: code === 1_000 || code === 1_001 ? "unloaded" : "broken" });
  }

  #end(parting: Parting): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drainTimer?.clear();
    this.#onDrained = null;
    for (const topic of this.#joining?.keys() ?? []) this.#abandon(topic);
    const topics = [...this.#topics.values()];
    this.#topics.clear();
    for (const { topic } of topics) topic.parted(parting);
  }

  async #join(frame: Frame): Promise<void> {
    const [joinRef, ref, topic, , payload] = frame;
    const link = new Link(this, topic, joinRef ?? ref);
    const old = this.#topics.get(topic);
    if (!old && this.#topics.size + (this.#joining?.size ?? 0) >= this.owner.limits.channelsPerSocket) {
      return this.#reply(frame, link.joinRef, refused("too many channels joined"));
    }
    this.#abandon(topic);
    (this.#joining ??= new Map()).set(topic, link);
    if (old) this.#part(topic, old, { kind: "replaced" });
    const result = await this.#resultOf(link, payload);
    const isCurrent = this.#joining?.get(topic) === link;
    link.answered();
    if (isCurrent) this.#forget(topic);
    if ("refusal" in result) {
      if (isCurrent) this.#reply(frame, link.joinRef, { status: "error", response: result.refusal });
    } else if (!isCurrent || this.#isClosed) {
      result.topic.parted({ kind: this.#isClosed ? "broken" : "replaced" });
    } else {
      this.#topics.set(topic, { topic: result.topic, joinRef: link.joinRef });
      this.#reply(frame, link.joinRef, { status: "ok", response: result.response });
      result.topic.opened?.();
    }
    if (old) this.#tell([old.joinRef, old.joinRef, topic, CLOSE, {}]);
  }

  async #resultOf(link: TopicLink, payload: unknown): Promise<JoinResult> {
    try {
      return await this.owner.join(link, payload);
    } catch (error) {
      this.#log(link.topic, error);
      return { refusal: { reason: "join crashed" } };
    }
  }

  /** What a frame sets off may fail in any way, its answer may be no JSON: it is answered with an error all the same. */
  #attempt(frame: Frame): void {
    try {
      const done = frame[3] === JOIN ? this.#join(frame) : this.#push(frame);
      if (done instanceof Promise) done.catch((error: unknown) => this.#failed(frame, error));
    } catch (error) {
      this.#failed(frame, error);
    }
  }

  #failed(frame: Frame, error: unknown): void {
    const reason = frame[3] === JOIN ? "join crashed" : "EVENT_FAILED";
    this.#log(frame[2], error);
    this.#reply(frame, frame[0], refused(error instanceof ConviveError ? error.code : reason));
  }

  #log(topic: string, error: unknown): void {
    const facts = { topic: topic.slice(0, MAX_TOPIC_LOGGED), error: messageOf(error) };
    this.owner.logger.error(facts, "a frame could not be answered");
  }

  #leave(frame: Frame): void {
    const [joinRef, , topic] = frame;
    const joined = this.#topics.get(topic);
    const joining = this.#joining?.get(topic);
    if (joining && joinRef !== null && joinRef !== joining.joinRef) return;
    this.#abandon(topic);
    if (!joined) return this.#reply(frame, joinRef, { status: "ok", response: {} });
    if (joinRef !== null && joinRef !== joined.joinRef) return;
    this.#part(topic, joined, { kind: "left" });
    this.#reply(frame, joined.joinRef, { status: "ok", response: {} });
    this.#tell([joined.joinRef, joined.joinRef, topic, CLOSE, {}]);
  }

  /** What is done at once, as a pointer's move is, costs no promise. */
  #push(frame: Frame): unknown {
    const [joinRef, , topic, event, payload] = frame;
    const joined = this.#topics.get(topic);
    if (!joined) return this.#reply(frame, null, refused("unmatched topic"));
    if (joinRef !== null && joinRef !== joined.joinRef) return;
    const reply = joined.topic.receive(event, payload);
    return reply instanceof Promise ? this.#answer(frame, joined, reply) : this.#reply(frame, joined.joinRef, reply);
  }

  async #answer(frame: Frame, { joinRef }: Joined, replying: Promise<Reply>): Promise<void> {
    this.#answering += 1;
    try {
      this.#reply(frame, joinRef, await replying);
    } finally {
      this.#answering -= 1;
    }
  }

  #abandon(topic: string): void {
    this.#joining?.get(topic)?.abandoned();
    this.#forget(topic);
  }

  #forget(topic: string): void {
    this.#joining?.delete(topic);
    if (this.#joining?.size === 0) this.#joining = null;
  }

  #part(topic: string, joined: Joined, parting: Parting): void {
    this.#topics.delete(topic);
    joined.topic.parted(parting);
  }

  endTopic({ topic, joinRef }: Link, event: string): void {
    if (this.#topics.get(topic)?.joinRef !== joinRef) return;
    this.#topics.delete(topic);
    this.#tell([joinRef, joinRef, topic, event, {}]);
  }

  #isWithinLimits(frame: Frame): boolean {
    const [joinRef, ref, , event] = frame;
    const { clock, limits } = this.owner;
    const isCursor = event === CURSOR && ref === null;
    if (isCursor) return (this.#cursors ??= new Bucket(clock, limits.cursorsPerSecond)).take();
    this.#events ??= new Bucket(clock, limits.eventsPerSecond, limits.eventsBurst);
    if (this.#events.take()) return true;
    this.#reply(frame, joinRef, refused("RATE_LIMITED"));
    this.#strikes ??= new Strikes(clock, limits.strikes, limits.strikeDecayMs);
    if (this.#strikes.strike()) this.close(CLOSE_CODES.flood, "too many events");
    return false;
  }

  #reply([, ref, topic]: Frame, joinRef: string | null, reply: Reply): void {
    if (reply && ref !== null) this.#tell([joinRef, ref, topic, REPLY, reply]);
  }

  #tell(frame: Frame): void {
    this.write(encodeFrame(frame));
  }

  #checkDrained(): void {
    if (this.isSlow) return;
    this.#drainTimer?.clear();
    this.#drainTimer = null;
    const works = this.#onDrained ?? [];
    this.#onDrained = null;
    for (const work of works) work();
  }
}
