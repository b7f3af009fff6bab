import { ConviveError } from "../errors.js";
import { encodeFrame, PUSH, TITLE, type PushPayload } from "../protocol.js";
import { changeBetween } from "../render/frames.js";
import type { Rendered } from "../render/rendered.js";
import type { SharedFrame } from "../view-host.js";

/** What a channel asks of its socket. */
export interface ChannelSocket {
  /** So much waits to be written that a new render would only add to it. */
  readonly isSlow: boolean;
  write(data: string | Buffer): void;
  /** Calls once, when the socket is no longer slow. */
  whenDrained(work: () => void): void;
}

/** What a page that is away finds when it is back. */
const MAX_KEPT_PUSHES = 100;

/** What goes down to one page: diffs against what it shows, then what the view pushed in the same turn. */
export class Outbox {
  #socket: ChannelSocket | null = null;
  #joinRef: string | null = null;
  #shown: Rendered | null = null;
  #title = "";
  /** as JSON */
  #pushes: string[] | null = null;
  #isWaiting = false;
  #isAnswered = false;
  /** what must not come before the answer to the join */
  #held: (() => void)[] | null = null;

  constructor(readonly topic: string) {}

  /** The page is told this tree in its join reply; once it has that, it is sent changes. */
  open(socket: ChannelSocket, joinRef: string | null, shown: Rendered, title: string): void {
    this.#socket = socket;
    this.#joinRef = joinRef;
    this.#shown = shown;
    this.#title = title;
  }

  /** The page has the answer to its join. */
  answered(): void {
    this.#isAnswered = true;
    const held = this.#held ?? [];
    this.#held = null;
    for (const tell of held) tell();
  }

  close(): void {
    this.#socket = null;
    this.#shown = null;
    this.#isAnswered = this.#isWaiting = false;
    this.#held = null;
  }

  /** @throws ConviveError EVENT_INVALID for what is not JSON */
  push(payload: PushPayload): void {
    const text = textOf(payload);
    this.#pushes ??= [];
    if (!this.#socket && this.#pushes.length >= MAX_KEPT_PUSHES) this.#pushes.shift();
    this.#pushes.push(text);
  }

  /**
   * True when the page can take a render now; else `retry` is called when it can. What was pushed cannot be left out, and comes
   * after the HTML of its turn: with it a slow page gets both, up to the limit of its queue.
   */
  isReady(retry: () => void): boolean {
    const socket = this.#socket;
    if (!socket || !this.#isAnswered) return false;
    if (!socket.isSlow || this.#pushes) return true;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      socket.whenDrained(() => {
        if (this.#socket !== socket) return;
        this.#isWaiting = false;
        retry();
      });
    }
    return false;
  }

  /** Sends the difference to what the page shows, if there is one. */
  show(next: Rendered, title: string): void {
    if (!this.#socket || !this.#shown) return;
    const change = changeBetween(this.#shown, next);
    this.#shown = next;
    if (change) this.#socket.write(change.frame(this.topic));
    if (title !== this.#title) this.tell(TITLE, { title });
    this.#title = title;
  }

  flushPushes(): void {
    const pushes = this.#pushes;
    if (!this.#socket || !this.#isAnswered || !pushes) return;
    this.#pushes = null;
    const head = JSON.stringify([this.#joinRef, null, this.topic, PUSH]).slice(0, -1);
    for (const text of pushes) this.#socket?.write(`${head},${text}]`);
  }

  tell(event: string, payload: unknown): void {
    if (this.#isAnswered) this.#socket?.write(encodeFrame([this.#joinRef, null, this.topic, event, payload]));
    else this.#hold(() => this.tell(event, payload));
  }

  send(frame: SharedFrame, isLossy: boolean): void {
    if (!this.#socket || (isLossy && (this.#socket.isSlow || !this.#isAnswered))) return;
    if (this.#isAnswered) this.#socket.write(frame.bytes);
    else this.#hold(() => this.#socket?.write(frame.bytes));
  }

  #hold(tell: () => void): void {
    (this.#held ??= []).push(tell);
  }
}

/** Read where it is pushed: what the view does with it later, the page does not see. */
function textOf(payload: PushPayload): string {
  try {
    return JSON.stringify(payload);
  } catch (cause) {
    throw new ConviveError(
      "EVENT_INVALID",
      `The payload of pushEvent(${JSON.stringify(payload.event)}) must be plain JSON.`,
      {
        cause,
      },
    );
  }
}
