import { ConviveError, messageOf } from "../errors.js";
import type { PresenceNode } from "../presence/node.js";
import { isEmptyDiff, phoenixDiff, phoenixState } from "../presence/phoenix.js";
import type { PresenceMessage, RoomMessage } from "../presence/room-message.js";
import { RoomVisit, type Visitor } from "../presence/room-visit.js";
import type { RoomChange } from "../presence/roster.js";
import { CLOSE, encodeFrame, PRESENCE_DIFF, PRESENCE_STATE, ROOM_TOPIC } from "../protocol.js";
import { randomId } from "../token.js";
import type { SessionServices } from "./services.js";
import type { JoinResult, Parting, Reply, Topic, TopicLink } from "./topic.js";

const MAX_EVENT_LENGTH = 128;
/** What the protocol and our pages give a meaning of their own. */
const RESERVED_EVENT = /^(phx_|presence_|live-|cursors$)/;
const UNAUTHORIZED: Reply = { status: "error", response: { reason: "unauthorized" } };

/** Frames of what all members of a room hear, encoded once per room; they die with what they tell. */
class RoomFrames {
  readonly #frames = new WeakMap<object, Map<string, Buffer>>();

  of(source: object, topic: string, event: string, payload: () => unknown): Buffer {
    let byTopic = this.#frames.get(source);
    if (!byTopic) this.#frames.set(source, (byTopic = new Map()));
    let frame = byTopic.get(topic);
    if (!frame) byTopic.set(topic, (frame = Buffer.from(encodeFrame([null, null, topic, event, payload()]))));
    return frame;
  }
}

/** Topics `room:<presence key>`: rooms for any Phoenix Channels client that `authorizePresence` lets in. */
export class RoomTopics {
  readonly #frames = new RoomFrames();

  constructor(
    private readonly services: SessionServices,
    private readonly node: PresenceNode,
  ) {}

  async join(link: TopicLink, payload: unknown): Promise<JoinResult> {
    try {
      const topic = new RoomChannel(link, this.node, this.#frames);
      await topic.enter((payload as { meta?: unknown } | null)?.meta);
      return { topic, response: {} };
    } catch (error) {
      return { refusal: this.#refusalOf(error, link) };
    }
  }

  #refusalOf(error: unknown, link: TopicLink): object {
    if (error instanceof ConviveError && error.code === "PRESENCE_FORBIDDEN") return { reason: "unauthorized" };
    // A key or a meta that cannot be is the client's doing.
    if (error instanceof ConviveError && error.code.startsWith("PRESENCE_")) return { reason: error.code };
    this.services.logger.error({ topic: link.topic, error: messageOf(error) }, "a room could not be joined");
    return { reason: "join crashed" };
  }
}

/** One Phoenix client in one room. */
class RoomChannel implements Topic {
  readonly #visit: RoomVisit;
  readonly #visitor: Visitor;
  #isOpen = false;

  constructor(
    private readonly link: TopicLink,
    private readonly node: PresenceNode,
    private readonly frames: RoomFrames,
  ) {
    const { user, userId, tenant } = link.identity;
    const key = link.topic.slice(ROOM_TOPIC.length);
    this.#visitor = { tenant, key, user, userId, connectionId: randomId(), via: "channel", isLasting: true };
    this.#visit = new RoomVisit(node, this.#visitor, {
      changed: (change) => this.#changed(change),
      message: (message) => this.#heard(message),
      kicked: () => this.#kicked(),
    });
  }

  /** Sees the room; is in its list too when it brings a meta and may. @throws ConviveError PRESENCE_FORBIDDEN and what the meta is refused for */
  async enter(meta: unknown): Promise<void> {
    try {
      await this.#visit.watch({ mustSee: true });
      if (meta !== undefined) await this.#visit.track(meta as object);
    } catch (error) {
      await this.#visit.end("left");
      throw error;
    }
  }

  opened(): void {
    this.#isOpen = true;
    this.#tell(PRESENCE_STATE, phoenixState(this.#visit.presences));
  }

  /** What a client pushes is told to the room, if it may be in it. */
  receive(event: string, payload: unknown): Reply {
    if (!this.#visit.mayTrack) return UNAUTHORIZED;
    const isTellable = event.length <= MAX_EVENT_LENGTH && !RESERVED_EVENT.test(event);
    if (!isTellable) return { status: "error", response: { reason: "EVENT_INVALID" } };
    const { userId, connectionId } = this.#visitor;
    this.#visit.send({ kind: "event", event, payload, from: { userId, connectionId } });
    return { status: "ok", response: {} };
  }

  parted({ kind }: Parting): void {
    const { graceBrokenMs, graceUnloadMs } = this.node.limits;
    if (kind === "left") return this.#end();
    // Its grace runs in the room; nothing else of it stays here.
    this.#isOpen = false;
    const graceMs = kind === "broken" ? graceBrokenMs : graceUnloadMs;
    this.#visit.park(graceMs);
    this.node.clock.after(graceMs, () => this.#end());
  }

  #end(): void {
    this.#isOpen = false;
    this.#visit.end("left").catch((error: unknown) => {
      this.node.logger.error({ topic: this.link.topic, error: messageOf(error) }, "a room could not be left");
    });
  }

  #changed(change: RoomChange): void {
    if (!this.#isOpen) return;
    const diff = phoenixDiff(change);
    if (isEmptyDiff(diff)) return;
    this.link.write(this.frames.of(change, this.link.topic, PRESENCE_DIFF, () => diff));
  }

  #heard(message: RoomMessage): void {
    if (!this.#isOpen || message.kind !== "event" || !this.#isFor(message)) return;
    this.link.write(this.frames.of(message, this.link.topic, message.event, () => message.payload));
  }

  #isFor({ only, isExceptSelf, from }: PresenceMessage): boolean {
    if (only !== undefined && only !== this.#visitor.userId) return false;
    return !(isExceptSelf && from?.connectionId === this.#visitor.connectionId);
  }

  #kicked(): void {
    if (this.#visit.maySee) return;
    this.link.end(CLOSE);
    this.#end();
  }

  #tell(event: string, payload: unknown): void {
    this.link.write(encodeFrame([this.link.joinRef, null, this.link.topic, event, payload]));
  }
}
