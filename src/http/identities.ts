import type { IncomingMessage } from "node:http";
import type { Request } from "express";
import { ConviveError } from "../errors.js";
import type { Session, User } from "../register.js";
import type { Identity } from "../session/identity.js";
import { randomId, type Tokens } from "../token.js";

export interface IdentityOptions {
  readonly identify?: ((request: Request | IncomingMessage) => User | null | Promise<User | null>) | undefined;
  readonly userId?: ((user: User) => string) | undefined;
  readonly tenant?: ((user: User | null, request: IncomingMessage) => string) | undefined;
  readonly trustProxy?: boolean | undefined;
}

const COOKIE = "convive_id";
const COOKIE_PURPOSE = "anonymous";
const COOKIE_AGE_MS = 365 * 24 * 3_600_000;
const NO_SESSION: Session = Object.freeze({}) as Session;

/** What Express and session middleware add to a request, where they do. */
type AppRequest = IncomingMessage & {
  readonly user?: User;
  readonly session?: Session;
  readonly sessionID?: string;
  readonly protocol?: string;
  readonly ip?: string;
};

/** Who sends a request: the app's user, else a person known by session or by our own signed cookie. */
export class Identities {
  constructor(
    private readonly tokens: Tokens,
    private readonly options: IdentityOptions,
  ) {}

  /** @param newcomer called with a cookie to set when nothing tells this person from another; without it such a person gets a passing id */
  async of(plain: Request | IncomingMessage, newcomer?: (cookie: string) => void): Promise<Identity> {
    const request = plain as AppRequest;
    const user = (this.options.identify ? await this.options.identify(request) : request.user) ?? null;
    return {
      user,
      session: request.session ?? NO_SESSION,
      userId: user ? this.#userId(user) : this.#anonymousId(request, newcomer),
      isAnonymous: !user,
      tenant: this.options.tenant?.(user, request) ?? "",
      origin: originOf(request, this.options.trustProxy ?? false),
      address: request.ip ?? request.socket.remoteAddress ?? "",
    };
  }

  #userId(user: User): string {
    const id: unknown = this.options.userId ? this.options.userId(user) : (user as { id?: unknown }).id;
    if ((typeof id === "string" && id !== "") || typeof id === "number") return String(id);
    throw new ConviveError(
      "PRESENCE_USER_INVALID",
      "The user has no id: give convive({ userId: (user) => … }) that returns a non-empty string.",
    );
  }

  #anonymousId(request: AppRequest, newcomer?: (cookie: string) => void): string {
    const known = this.tokens.verify<string>(COOKIE_PURPOSE, cookieOf(request, COOKIE));
    if (known.ok) return this.#publicId(known.data);
    if (isSessionKept(request)) return this.#publicId(`session ${request.sessionID}`);
    const secret = randomId(18);
    newcomer?.(this.#cookie(secret, request));
    return this.#publicId(secret);
  }

  /** An id is public; what it is made from is not. */
  #publicId(secret: string): string {
    return `anon_${this.tokens.publicId(COOKIE_PURPOSE, secret)}`;
  }

  #cookie(secret: string, request: AppRequest): string {
    const value = this.tokens.sign(COOKIE_PURPOSE, secret, COOKIE_AGE_MS);
    const isSecure = originOf(request, this.options.trustProxy ?? false).startsWith("https:");
    return `${COOKIE}=${value}; Path=/; Max-Age=${COOKIE_AGE_MS / 1_000}; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
  }
}

/** A session that the browser does not hold yet has another id on its next request. */
function isSessionKept(request: AppRequest): boolean {
  const { sessionID } = request;
  const cookies = request.headers.cookie;
  if (!sessionID || !cookies) return false;
  return cookies.includes(encodeURIComponent(sessionID)) || cookies.includes(sessionID);
}

function cookieOf(request: IncomingMessage, name: string): string | undefined {
  const pair = (request.headers.cookie ?? "").split(";").find((part) => part.trimStart().startsWith(`${name}=`));
  return pair?.slice(pair.indexOf("=") + 1).trim();
}

/** The last one: most requests come to one host. */
let lastOrigin = { text: "", origin: "" };

/** Scheme, host and port as the browser knows them; behind a proxy its word counts when it is trusted. */
export function originOf(request: IncomingMessage, trustProxy: boolean): string {
  const isEncrypted = "encrypted" in request.socket && request.socket.encrypted === true;
  const forwarded = (name: string) =>
    trustProxy
      ? String(request.headers[name] ?? "")
          .split(",")[0]!
          .trim()
      : "";
  const scheme = forwarded("x-forwarded-proto") || (isEncrypted ? "https" : "http");
  const host = forwarded("x-forwarded-host") || request.headers.host || "localhost";
  const text = `${scheme}://${host}`;
  if (text !== lastOrigin.text) lastOrigin = { text, origin: parsedOrigin(text) };
  return lastOrigin.origin;
}

function parsedOrigin(text: string): string {
  try {
    return new URL(text).origin;
  } catch {
    return "http://invalid.invalid";
  }
}
