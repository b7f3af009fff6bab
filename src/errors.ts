/** Every code we throw or answer with, and what it means. `docs/errors.md` lists the same table; a test keeps both equal. */
export const ERROR_CODES = {
  OPTION_INVALID: "An option given to convive() is not possible, or two options contradict each other.",
  SECRET_MISSING: "Production needs a secret to sign tokens with.",
  ORIGINS_EMPTY: "The list of allowed origins is empty, so no browser could ever connect.",
  TEMPLATE_UNKNOWN: "No template of that name in any template directory.",
  TEMPLATE_SYNTAX: "A template does not compile.",
  TEMPLATE_RUNTIME: "A template threw while it was rendered.",
  VIEW_INVALID: "A view class cannot be registered as it is.",
  VIEW_UNKNOWN: "A token names a view that this server does not have.",
  EVENT_UNKNOWN: "The client sent an event that the view has no @event method for.",
  EVENT_INVALID: "The payload of an event does not fit its schema.",
  EVENT_FAILED: "An event handler threw.",
  MOUNT_FAILED: "A view threw while it was mounted.",
  HANDLER_TIMEOUT: "A handler, or mount, took too long.",
  PRESENCE_KEY_INVALID: "A presence key is empty, too long, or not valid text.",
  PRESENCE_KEY_VARIABLE: "A variable of a presence key template is missing or empty.",
  PRESENCE_META_INVALID: "A meta is not a plain JSON object, is too large, or uses a reserved name.",
  PRESENCE_USER_INVALID: "A user id is missing or empty.",
  PRESENCE_NOT_WATCHED: "The list of a room was read before the view watches the room.",
  PRESENCE_NOT_TRACKED: "A presence was changed before it was tracked.",
  PRESENCE_FORBIDDEN: "authorizePresence() refused, or the user was disconnected while entering.",
  PRESENCE_ROOM_FULL: "A room has as many people as its maxMembers allows.",
  SHARED_NOT_READY: "A shared value was read before it was loaded.",
  SHARED_UNKNOWN_EVENT: "A shared value was sent an event it has no reducer for.",
  CURSOR_INVALID: "A cursor position is not two finite numbers.",
  ORIGIN_REFUSED: "The Origin of a connection is not allowed.",
  TOKEN_INVALID: "A token is missing, malformed or was not signed by us for this purpose.",
  TOKEN_EXPIRED: "A token is too old.",
  FRAME_INVALID: "A frame is not the protocol.",
  RATE_LIMITED: "A connection sent more than its bucket allows.",
  REDIRECT_UNSAFE: "A redirect or navigation leaves the site.",
  FORBIDDEN: "A guard or the view itself answered forbidden().",
  NOT_FOUND: "A guard or the view itself answered notFound().",
  HANDLER_OUTSIDE: "A method of a view was called where it cannot work.",
  SERVER_CLOSED: "The server is closing or closed.",
  STORE_UNAVAILABLE: "The store of rooms that the app was given did not answer.",
  REDIS_UNAVAILABLE: "Redis cannot be reached, or did not answer in time.",
  REDIS_URL_INVALID: "The place of Redis is not a URL or a list of servers.",
  REDIS_LOGIN_REFUSED: "Redis refuses the user or the password.",
  REDIS_TOO_OLD: "Redis is older than 6.2.",
  REDIS_FORBIDDEN: "Redis forbids a command, a key or a channel that is needed.",
  REDIS_EVICTS: "Redis may drop our keys when its memory is full.",
  REDIS_REPLICA: "Redis is a replica, and cannot be written to.",
  REDIS_FULL: "Redis has no memory left for a write.",
  COMMAND_LINE: "The command line was not understood.",
  REDIS_UNSAVED: "Redis takes no writes, since it cannot save or copy them.",
  REDIS_BUSY: "Redis answers nothing for now: it loads, runs a long script, or looks for a master.",
  REDIS_LAYOUT_OTHER: "Another version of Convive has laid out these keys in another way.",
  REDIS_VALUE_FOREIGN: "A key of ours holds what another program wrote.",
} as const;

/** One of `ERROR_CODES`. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What a `ConviveError` is made with, besides its code and message. */
export interface ErrorDetails {
  /** HTTP status that fits, for Express's error handler; 500 unless told. */
  readonly status?: number;
  readonly cause?: unknown;
  /** Facts for programs: `{ file, line }`, `{ issues }`. Never secrets, tokens or metas. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * The one error class of Convive. `code` is stable and meant for programs; `message` says what is wrong and the next step.
 *
 * @example
 * try { await view.trackPresence(meta); }
 * catch (error) { if (error instanceof ConviveError && error.code === "PRESENCE_FORBIDDEN") return; throw error; }
 */
export class ConviveError extends Error {
  override readonly name = "ConviveError";
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    readonly code: ErrorCode,
    message: string,
    { status = 500, cause, details = {} }: ErrorDetails = {},
  ) {
    super(`${message} [${code}]`, cause === undefined ? undefined : { cause });
    this.status = status;
    this.details = details;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
