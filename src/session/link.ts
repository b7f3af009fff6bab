import type { CLOSE, ERROR } from "../protocol.js";
import type { Identity } from "./identity.js";
import type { ChannelSocket } from "./outbox.js";
import type { TopicLink } from "./topic.js";

/** One join of one topic, from the topic's side. */
export class Link implements TopicLink {
  #abandoned = (): void => {};

  constructor(
    private readonly socket: ChannelSocket & { readonly identity: Identity },
    readonly topic: string,
    readonly joinRef: string | null,
    private readonly onEnd: (event: typeof CLOSE | typeof ERROR) => void,
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
    this.#abandoned();
  }

  end(event: typeof CLOSE | typeof ERROR): void {
    this.onEnd(event);
  }
}
