import { ConviveError } from "../errors.js";
import { freeze } from "../render/freeze.js";

/** What travels in a room's stream beside its changes. */
export type RoomMessage = PresenceMessage | SharedMessage | CursorsMessage | SignMessage | TextMessage;

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

/** Where pointers are that another node, or a server without the room, moved. */
export interface CursorsMessage {
  readonly kind: "cursors";
  readonly moves: readonly SentMove[];
  /** the sender shows the cursors of this room, or does so no more; unset, it only passes by */
  readonly hosts?: boolean;
  /** whoever shows the cursors of this room is to tell all of its own */
  readonly asks?: boolean;
  /** these are all of the sender's */
  readonly isWhole?: boolean;
}

/** What a connection shows for a while, null when it ends; or the wish of who has just come to be told of all. */
export type SignMessage =
  | { readonly kind: "sign"; readonly name: string; readonly connectionId: string; readonly value: unknown }
  | { readonly kind: "sign"; readonly name: string; readonly asks: true };

/** Connection or `@user`, x, y, null where it left; meta of a pointer without a connection; ms since 1970 of a move that is not of now. */
export type SentMove = readonly [
  id: string,
  x: number | null,
  y: number | null,
  meta?: object | null,
  timestamp?: number,
];

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
    this.#remember(sender, number);
    // Of a sender heard for the first time nobody knows what came before.
    if (number > (last ?? 0) + 1) this.onGap();
    return { sender, message: freeze(message) as RoomMessage };
  }

  /** Whoever was silent longest is forgotten first: of those who only pass by there may be many. */
  #remember(sender: string, number: number): void {
    this.#last.delete(sender);
    this.#last.set(sender, number);
    if (this.#last.size <= MAX_SENDERS) return;
    for (const [oldest] of this.#last) return void this.#last.delete(oldest);
  }
}
