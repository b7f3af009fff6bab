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

const MAX_KEPT_PUSHES = 100;

/** What goes down to one page: diffs against what it shows, then what the view pushed in the same turn. */
export class Outbox {
  #socket: ChannelSocket | null = null;
  #joinRef: string | null = null;
  #shown: Rendered | null = null;
  #title = "";
  #pushes: PushPayload[] = [];
  #isWaiting = false;

  constructor(readonly topic: string) {}

  get isOpen(): boolean {
    return this.#socket !== null;
  }

  /** The page shows this tree, told in its join reply; from here on it is sent changes. */
  open(socket: ChannelSocket, joinRef: string | null, shown: Rendered, title: string): void {
    this.#socket = socket;
    this.#joinRef = joinRef;
    this.#shown = shown;
    this.#title = title;
  }

  close(): void {
    this.#socket = null;
    this.#shown = null;
  }

  push(payload: PushPayload): void {
    if (this.#pushes.length >= MAX_KEPT_PUSHES) this.#pushes.shift();
    this.#pushes.push(payload);
  }

  /**
   * True when the page can take a render now; else `retry` is called when it can. What was pushed cannot be left out, and comes
   * after the HTML of its turn: with it a slow page gets both, up to the limit of its queue.
   */
  isReady(retry: () => void): boolean {
    if (!this.#socket) return false;
    if (!this.#socket.isSlow || this.#pushes.length > 0) return true;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#socket.whenDrained(() => {
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
    if (!this.#socket) return;
    for (const payload of this.#pushes.splice(0)) this.tell(PUSH, payload);
  }

  tell(event: string, payload: unknown): void {
    this.#socket?.write(encodeFrame([this.#joinRef, null, this.topic, event, payload]));
  }

  send(frame: SharedFrame, isLossy: boolean): void {
    if (!this.#socket || (isLossy && this.#socket.isSlow)) return;
    this.#socket.write(frame.bytes);
  }
}
