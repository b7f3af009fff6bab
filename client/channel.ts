import {
  CLOSE,
  ERROR,
  EVENT,
  type EventPayload,
  type EventReply,
  type Frame,
  JOIN,
  type JoinPayload,
  type JoinReply,
} from "../src/protocol.js";
import type { Clock } from "./clock.js";
import type { Connection } from "./connection.js";
import { MAX_WAITING, WAIT_MS } from "./limits.js";
import { DISCONNECTED, failure, type Requests } from "./requests.js";

/** One topic: its joins, one after the other, and its events in order and at most once. */
export interface Channel {
  /** From the answered join to the end of the link. */
  isJoined(): boolean;
  /** @throws PushError */
  join(payload: JoinPayload): Promise<JoinReply>;
  /** Resolves with what the handler returned. Without a join it waits a while; what was sent is never sent again. @throws PushError */
  push(event: EventPayload): Promise<unknown>;
  /** Answered, but worthless later. @throws PushError */
  ask(event: string, payload: unknown): Promise<unknown>;
  /** Never answered; false, and lost, when not joined. */
  tell(event: string, payload: unknown): boolean;
  /** Whether the frame is for the join there is. */
  hears(frame: Frame): boolean;
  /** The link is gone, or the join; what was not answered is rejected. */
  dropped(): void;
}

export interface ChannelWorld {
  readonly connection: Pick<Connection, "send" | "nextRef">;
  readonly requests: Pick<Requests, "ask" | "dropped">;
  readonly clock: Clock;
}

export function createChannel(topic: string, { connection, requests, clock }: ChannelWorld): Channel {
  const waiting: (() => void)[] = [];
  let joinRef: string | null = null;
  let isJoined = false;

  const ask = (event: string, payload: unknown) => requests.ask(joinRef, topic, event, payload);
  const joined = () => {
    if (isJoined) return;
    if (waiting.length >= MAX_WAITING) throw failure({ reason: "TOO_MANY" });
    const until = clock.now() + WAIT_MS;
    return new Promise<void>((resolve, reject) => {
      waiting.push(() => (clock.now() > until ? reject(failure({ reason: DISCONNECTED })) : resolve()));
    });
  };
  return {
    ask,
    isJoined: () => isJoined,
    async join(payload) {
      joinRef = connection.nextRef();
      const reply = (await requests.ask(joinRef, topic, JOIN, payload, joinRef)) as JoinReply;
      isJoined = true;
      for (const go of waiting.splice(0)) go();
      return reply;
    },
    async push(event) {
      await joined();
      return ((await ask(EVENT, event)) as EventReply).reply;
    },
    tell: (event, payload) => isJoined && connection.send(joinRef, null, topic, event, payload),
    hears: ([ref, , to, event]) =>
      to === topic && (!ref || ref === joinRef) && (isJoined || event === ERROR || event === CLOSE),
    dropped() {
      isJoined = false;
      joinRef = null;
      requests.dropped(topic);
    },
  };
}
