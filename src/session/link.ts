import type { CLOSE, ERROR } from "../protocol.js";
import type { Identity } from "./identity.js";
import type { ChannelSocket } from "./outbox.js";
import type { TopicLink } from "./topic.js";

/** What a link asks of its socket. */
export interface LinkSocket extends ChannelSocket {
  readonly identity: Identity;
  /** The topic ends by itself. */
  endTopic(link: Link, event: typeof CLOSE | typeof ERROR): void;
}

/** One join of one topic, from the topic's side. */
export class Link implements TopicLink {
  #abandoned: (() => void) | null = null;

  constructor(
    private readonly socket: LinkSocket,
    readonly topic: string,
    readonly joinRef: string | null,
  ) {}

  get identity(): Identity {
    return this.socket.identity;
  }

  get isSlow(): boolean {
    return this.socket.isSlow;
  }

  write(data: string | Buffer): void {
    this.socket.write(data);
  }

  whenDrained(work: () => void): void {
    this.socket.whenDrained(work);
  }

  whenAbandoned(work: () => void): void {
    this.#abandoned = work;
  }

  abandoned(): void {
    this.#abandoned?.();
  }

  /** The join is answered: nobody can abandon it any more. */
  answered(): void {
    this.#abandoned = null;
  }

  end(event: typeof CLOSE | typeof ERROR): void {
    this.socket.endTopic(this, event);
  }
}
