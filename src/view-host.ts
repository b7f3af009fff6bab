import type { Clock } from "./clock.js";
import type { CursorRooms } from "./cursor/rooms.js";
import type { Logger } from "./logger.js";
import type { Limits } from "./options.js";
import type { PresenceManager } from "./presence/manager.js";
import type { PresenceNode } from "./presence/node.js";
import type { SharedRooms } from "./presence/shared.js";
import type { JoinReply } from "./protocol.js";
import type { Params, Session, User } from "./register.js";

/** Handles (`share`, `presenceRoom`) stand in the context as what this method of theirs returns. */
export const CONTEXT_VALUE = Symbol("convive.contextValue");

/** How a view ended: its own wish, a closed or unloaded page whose grace is over, a broken link whose grace is over, or an order from outside. */
export type EndReason = "left" | "closed" | "timeout" | "removed";

/**
 * One trait of a view (presence, cursors, a shared value): what the view's carrier tells it along the life of the page.
 * All calls come through the mailbox but `cursor` and `status`, which are cheap and immediate.
 */
export interface ViewTrait {
  /** After `mount` and `handleParams`, before the first render; on HTTP too. */
  mounted?(): void | Promise<void>;
  /** The socket is gone; the page may come back within `graceMs`. */
  parked?(graceMs: number): void;
  /** The page is back on a new socket. */
  resumed?(): void | Promise<void>;
  /** The view is over; called once, after the view's own `unmount`. Must not throw away what others need: it is awaited. */
  ended?(reason: EndReason): void | Promise<void>;
  /** What it gives to the context. The view's own names win. */
  readonly lines?: readonly string[];
  /** The value of one of its lines. */
  line?(name: string): unknown;
  /** What the page is told when it has joined. */
  joined?(): Partial<JoinReply>;
  /** The page's own pointer; null when it left. */
  cursor?(position: { readonly x: number; readonly y: number } | null): void;
  /** The page's own status. */
  status?(status: "active" | "idle" | "away"): void;
}

/** A frame that is encoded once and written to many sockets. */
export interface SharedFrame {
  readonly bytes: Buffer;
}

/**
 * What carries a view: a channel (one mounted page), or an HTTP render, where everything that lasts does nothing.
 * Mixins reach it with `hostOf(this)`; users never see it.
 */
export interface ViewHost {
  readonly params: Params;
  readonly url: URL;
  readonly user: User | null;
  readonly session: Session;
  readonly connected: boolean;
  readonly connectionId: string;
  /** unique name of the view, also its presence key when it has none */
  readonly viewName: string;
  /** the person: the user's id, else an anonymous id that lasts as long as the session or our cookie */
  readonly userId: string;
  readonly tenant: string;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;

  /** Adds a trait; only while the view is constructed or mounted. */
  addTrait(trait: ViewTrait): void;
  /** Runs work in the mailbox, one at a time, awaited; then the view is dirty. Errors go to `handleError` and the log. Nothing after the end or on HTTP. */
  enqueue(work: () => unknown): void;
  /** The next render must happen, though no work ran: the room's list or a shared value changed. */
  changed(): void;
  /** Whether the view's template may read this name of `it`; true when that is not known. */
  templateReads(name: string): boolean;
  /** `pushEvent` of the view: delivered after the HTML of the same turn. */
  push(event: string, payload: unknown): void;
  /** Writes one frame of a room; a lossy one is dropped when the socket is slow. */
  send(frame: SharedFrame, options?: { readonly lossy?: boolean }): void;
  /** Renders and sends now, within a handler. */
  flush(): Promise<void>;
  every(ms: number, work: () => unknown): () => void;
  after(ms: number, work: () => unknown): () => void;
  subscribe(topic: string, handler: (message: unknown) => unknown): () => void;
  patchUrl(url: string, options?: { readonly replace?: boolean }): void;
  /** The services of this node: presence, cursors and shared values find theirs here. */
  readonly node: NodeServices;
}

/** The services of one node that mixins and handles work with. */
export interface NodeServices {
  /** what apps see of it */
  readonly presence: PresenceManager;
  readonly rooms: PresenceNode;
  readonly cursors: CursorRooms;
  readonly shared: SharedRooms;
}
