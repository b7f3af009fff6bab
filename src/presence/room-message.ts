import { ConviveError } from "../errors.js";
import { freeze } from "../render/freeze.js";

/** What travels in a room's stream beside its changes. */
export type RoomMessage = PresenceMessage | SharedMessage | CursorsMessage | TypingMessage | TextMessage;

/** `broadcastToPresence`, or `broadcast` of the manager. */
export interface PresenceMessage {
  readonly kind: "event";
  readonly event: string;
  readonly payload: unknown;
  /** who sent it; null when no view did */
  readonly from: { readonly userId: string; readonly connectionId: string } | null;
  /** not to the view that sent it */
  readonly isExceptSelf?: boolean;
  /** to this user alone */
  readonly only?: string;
}

/** A change of a shared value, or the wish that it is loaded anew. */
export interface SharedMessage {
  readonly kind: "shared";
  readonly name: string;
  readonly event: string | null;
  readonly payload: unknown;
}

/** Pointers that moved on another node. */
export interface CursorsMessage {
  readonly kind: "cursors";
  /** connection or `@user`, x, y; null where it left */
  readonly moves: readonly (readonly [id: string, x: number | null, y: number | null, meta?: object])[];
  /** the sender has just come and asks for everything */
  readonly asks?: boolean;
}

/** A connection writes in a field, or no more. */
export interface TypingMessage {
  readonly kind: "typing";
  readonly connectionId: string;
  readonly field: string | null;
}

/** `broadcast` of a room without views, encoded already. */
export interface TextMessage {
  readonly kind: "text";
  readonly text: string;
}

interface Envelope {
  readonly sender: string;
  readonly number: number;
  readonly message: RoomMessage;
}

const MAX_SENDERS = 1_000;

/** @throws ConviveError EVENT_INVALID for what is not JSON */
export function encodeMessage(sender: string, number: number, message: RoomMessage): string {
  try {
    return JSON.stringify({ sender, number, message } satisfies Envelope);
  } catch (cause) {
    throw new ConviveError("EVENT_INVALID", "What is sent to a room must be plain JSON.", { cause });
  }
}

/** Reads the messages of a room and notices what is missing: each sender numbers its own. */
export class MessageReader {
  readonly #last = new Map<string, number>();

  constructor(private readonly onGap: () => void) {}

  /** Null for what came before. */
  read(text: string): { readonly sender: string; readonly message: RoomMessage } | null {
    const { sender, number, message } = JSON.parse(text) as Envelope;
    const last = this.#last.get(sender);
    if (last !== undefined && number <= last) return null;
    if (this.#last.size >= MAX_SENDERS && last === undefined) this.#last.clear();
    this.#last.set(sender, number);
    // Of a sender heard for the first time nobody knows what came before.
    if (number > (last ?? 0) + 1) this.onGap();
    return { sender, message: freeze(message) as RoomMessage };
  }
}
