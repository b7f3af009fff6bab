/**
 * The wire: Phoenix Channels V2 JSON, shared by server and browser. `docs/protocol.md` describes it for a stranger.
 * A frame is `[join_ref, ref, topic, event, payload]`.
 */
import type { Edit, Statics, WireRendered } from "./render/rendered.js";

/** Rises when an old client would misread a new server. */
export const PROTOCOL_VERSION = 1;
/** Where assets and the socket live unless `basePath` says otherwise. */
export const BASE_PATH = "/convive";

export type Frame = readonly [
  joinRef: string | null,
  ref: string | null,
  topic: string,
  event: string,
  payload: unknown,
];

export function encodeFrame(frame: Frame): string {
  return JSON.stringify(frame);
}

/** Null for whatever is not a frame; extra elements are allowed, as in Phoenix. */
export function decodeFrame(text: string): Frame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value) || value.length < 5) return null;
  const isFrame = isRef(value[0]) && isRef(value[1]) && typeof value[2] === "string" && typeof value[3] === "string";
  return isFrame ? (value as unknown as Frame) : null;
}

/** Refs are counters; whatever is longer is kept by nobody. */
const MAX_REF_LENGTH = 64;

function isRef(value: unknown): boolean {
  return value === null || (typeof value === "string" && value.length <= MAX_REF_LENGTH);
}

export const VIEW_TOPIC = "lv:";
export const ROOM_TOPIC = "room:";
export const HEARTBEAT_TOPIC = "phoenix";

export const JOIN = "phx_join";
export const LEAVE = "phx_leave";
export const REPLY = "phx_reply";
export const CLOSE = "phx_close";
export const ERROR = "phx_error";
export const HEARTBEAT = "heartbeat";

/** {@link EventPayload}; answered with `phx_reply`. */
export const EVENT = "event";
/** `[x, y]`, or `[]` when the pointer left; never answered. */
export const CURSOR = "cursor";
/** `{ url }`: the browser moved in its history or a `live-patch` link was followed; answered. */
export const URL_CHANGED = "url";
/** `"active" | "idle" | "away"`, told by the page; never answered. */
export const STATUS = "status";

/** {@link DiffPayload} */
export const DIFF = "diff";
/** {@link PushPayload}: `pushEvent` of the view, or `live.push`. */
export const PUSH = "push";
/** `{ url, replace? }`: show this URL without leaving the page. */
export const PATCH_URL = "patch_url";
/** `{ to }`: leave for another page of the site. */
export const REDIRECT = "redirect";
/** `{ title }` */
export const TITLE = "title";

export const PRESENCE_STATE = "presence_state";
export const PRESENCE_DIFF = "presence_diff";
/** {@link CursorsPayload}; the same frame for all of a room, each client drops its own. */
export const CURSORS = "cursors";
/** {@link PushPayload} of `broadcastToPresence`, one frame for all views that do not override `handlePresenceEvent`. */
export const PRESENCE_EVENT = "presence_event";
/** An event of a page with text carets, `{ caret: { field, start, end } | null }`; answered with {@link CaretPayload}. */
export const CARET = "live-caret";
/** A push with {@link CaretPayload}: all carets of the room, the page's own too. */
export const CARETS = "live-carets";

export interface JoinPayload {
  readonly v: number;
  /** the mount token from `data-live-token` */
  readonly token: string;
  /** path, query and hash of the page now */
  readonly url: string;
  /** the resume token of the last join of this page, if any */
  readonly resume?: string | undefined;
}

export interface JoinReply {
  readonly rendered: WireRendered;
  readonly statics: Statics;
  /** the own user id, for `data-self` */
  readonly user: string;
  readonly connection: string;
  readonly resume: string;
  readonly title?: string;
  /** throttle and debounce of `@event(…, options)`, per event, in ms */
  readonly timing?: Readonly<Record<string, { readonly throttle?: number; readonly debounce?: number }>>;
  /** topics of rooms whose frames this view hears without a join of its own */
  readonly rooms?: readonly string[];
  /** there when the view has live cursors */
  readonly cursors?: { readonly room: string; readonly intervalMs: number };
}

/** Reasons of an error reply to a join. */
export type JoinRefusal =
  | { readonly reason: "stale" } /* token or protocol too old: load the page anew */
  | { readonly reason: "redirect"; readonly to: string }
  | { readonly reason: "unauthorized" | "forbidden" | "not_found" | "unmatched topic" | "too many channels joined" }
  | {
      readonly reason: "failed";
      readonly code: string;
      readonly html?: string;
    }; /* mount threw; html of the error template */

export interface EventPayload {
  readonly name: string;
  readonly value: unknown;
  /** id of the element that caused it */
  readonly target?: string | null;
}

/** Response of an `ok` reply to an event: what the handler returned. HTML of the same turn was sent before it. */
export interface EventReply {
  readonly reply?: unknown;
}

/** Response of an `error` reply to an event. */
export interface EventRefusal {
  /** code of the error, from the table of errors */
  readonly reason: string;
  /** development only, but for payloads that do not fit their schema */
  readonly message?: string;
}

export interface DiffPayload {
  readonly d: Edit;
  /** statics of templates that are not reachable from the root by literal includes */
  readonly s?: Statics;
}

export interface PushPayload {
  readonly event: string;
  readonly payload: unknown;
}

/** One cursor on the wire: connection, x, y. */
export type CursorMove = readonly [connection: string, x: number, y: number];

export interface CursorPerson {
  readonly user: string;
  readonly name?: string;
  readonly color?: string;
}

export interface CursorsPayload {
  /** rises by one per frame of this room and node; a client drops frames that are not newer than the last */
  readonly n: number;
  /** who moved */
  readonly c: readonly CursorMove[];
  /** who they are, told once per connection and when it changes */
  readonly p?: Readonly<Record<string, CursorPerson>>;
  /** connections whose cursor is gone */
  readonly l?: readonly string[];
  /** the whole room at once, for one who came late: whoever is not in it is gone */
  readonly all?: true;
}

/** Text carets and selections: offsets in UTF-16 units, equal for a caret. */
export interface CaretPayload {
  readonly carets: readonly {
    readonly connectionId: string;
    readonly field: string;
    readonly start: number;
    readonly end: number;
    readonly name: string;
    readonly color: string;
  }[];
  /** the page's own connection; in the answer only */
  readonly own?: string;
}

// Enums, because a bundler writes their members in place.
export enum CLOSE_CODES {
  goingAway = 1001,
  serviceRestart = 1012,
  badFrame = 4400,
  unmounted = 4408,
  tooSlow = 4008,
  flood = 4029,
  disconnected = 4401,
}

export enum ATTRIBUTES {
  /** root element of a view; its value is the id behind `lv:` */
  view = "data-live",
  token = "data-live-token",
  self = "data-self",
  userId = "data-user-id",
  key = "live-key",
  ignore = "live-ignore",
  hook = "live-hook",
  cursors = "live-cursors",
  cursor = "data-cursor",
  flash = "live-flash",
  loading = "live-loading",
  patch = "live-patch",
  debounce = "live-debounce",
  throttle = "live-throttle",
  value = "live-value-",
  style = "live-style:",
  window = "live-window-",
}

/** DOM events bound by `live-NAME`; `click-away` and `window-*` beside them. */
export const BOUND_EVENTS = ["click", "submit", "change", "input", "keydown", "keyup", "focus", "blur"] as const;
