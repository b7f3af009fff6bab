import { messageOf } from "../errors.js";
import type { Logger } from "../logger.js";
import type { PresenceBackend } from "./backend.js";
import { encodeMessage, type RoomMessage } from "./room-message.js";

/** What a sender asks of its node. */
interface SenderNode {
  readonly backend: PresenceBackend;
  readonly logger: Logger;
  newId(): string;
}

/** What a node sends in a room's stream, numbered. */
export class RoomSender {
  readonly #id: string;
  #sent = 0;
  #isMute = false;

  constructor(
    private readonly node: SenderNode,
    private readonly room: string,
    /** What could not be sent: this process hears it all the same. Should it arrive later, its number is an old one. */
    private readonly unsent: (text: string) => void,
  ) {
    this.#id = node.newId();
  }

  isSelf(sender: string): boolean {
    return sender === this.#id;
  }

  /**
   * Resolves with how many nodes hear it, with null when the store cannot tell, with 0 when it does not answer.
   * @throws ConviveError EVENT_INVALID for what is not JSON
   */
  send(message: RoomMessage): Promise<number | null> {
    const text = encodeMessage(this.#id, this.#sent + 1, message);
    this.#sent += 1;
    return this.#publish(text);
  }

  async #publish(text: string): Promise<number | null> {
    try {
      const heard = await this.node.backend.publish(this.room, text);
      this.#isMute = false;
      return heard;
    } catch (error) {
      const about = { room: this.room, error: messageOf(error) };
      // Said once: a pointer moves thirty times a second.
      if (!this.#isMute) this.node.logger.warn(about, "a message of a room could not be sent");
      this.#isMute = true;
      this.unsent(text);
      return 0;
    }
  }
}
