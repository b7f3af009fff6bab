import type { CLOSE, ERROR } from "../protocol.js";
import type { Identity } from "./identity.js";
import type { ChannelSocket } from "./outbox.js";

/** What a topic is answered with; null for no answer. */
export type Reply = { readonly status: "ok" | "error"; readonly response: object } | null;

/** How a topic's socket left it. */
export type Parting = { readonly kind: "left" } | { readonly kind: "replaced" | "unloaded" | "broken" };

/** One joined topic of a socket. */
export interface Topic {
  /** The join was answered: from here on the topic may write. */
  opened?(): void;
  receive(event: string, payload: unknown): Reply | Promise<Reply>;
  parted(parting: Parting): void;
}

export type JoinResult = { readonly topic: Topic; readonly response: object } | { readonly refusal: object };

/** What a topic may ask of the socket it was joined on. */
export interface TopicLink extends ChannelSocket {
  readonly topic: string;
  readonly joinRef: string | null;
  readonly identity: Identity;
  /** Calls when nobody waits for the answer of this join any more: it was left, replaced, or its socket is gone. */
  whenAbandoned(work: () => void): void;
  /** Ends the topic for good (`phx_close`), or so that the client joins anew (`phx_error`). */
  end(event: typeof CLOSE | typeof ERROR): void;
}

export function refused(reason: string): NonNullable<Reply> {
  return { status: "error", response: { reason } };
}
