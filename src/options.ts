import type { IncomingMessage } from "node:http";
import type { Request } from "express";
import { systemClock, type Clock } from "./clock.js";
import { ConviveError } from "./errors.js";
import type { Logger } from "./logger.js";
import type { PresencePermission, PresenceRequest } from "./presence/presence.js";
import { BASE_PATH } from "./protocol.js";
import type { User } from "./register.js";
import type { RedisOption } from "./redis/clients.js";
import { nearest } from "./render/nearest.js";
import type { Store } from "./store.js";

/** Every time, size and rate, each an option: `convive({ limits: { pingMs: 20_000 } })`. `docs/options.md` says what each means. */
export const DEFAULT_LIMITS = {
  pingMs: 15_000,
  pongDeadlineMs: 10_000,
  leaseMs: 15_000,
  nodeTickMs: 1_000,
  auditMs: 5_000,
  graceUnloadMs: 3_000,
  graceBrokenMs: 15_000,
  presenceTtlMs: 60_000,
  prunePresencesMs: 60_000,
  pruneRoomsMs: 600_000,
  redisCommandMs: 500,
  redisRetryMs: 1_000,
  tokenAgeMs: 24 * 3_600_000,
  storeClockStepMs: 2_000,
  overtakenEventMs: 120,
  roomTickMs: 50,
  cursorTickMs: 33,
  cursorTickPeople: 200,
  cursorTickStepPeople: 100,
  cursorTickMaxMs: 200,
  cursorTimeoutMs: 10_000,
  statusFlipMs: 5_000,
  typingMs: 3_000,
  typingRepeatMs: 1_000,
  metaBytes: 4_096,
  metaDepth: 8,
  metaKeys: 64,
  presenceKeyBytes: 1_024,
  largeRoom: 1_000,
  frameBytes: 65_536,
  queueBytes: 1_048_576,
  eventsPerSecond: 50,
  eventsBurst: 100,
  cursorsPerSecond: 60,
  strikes: 3,
  strikeDecayMs: 10_000,
  unmountedSocketMs: 10_000,
  channelsPerSocket: 100,
  socketsPerUser: 200,
  socketsPerAddress: 1_000,
  mailboxLength: 1_000,
  handlerMs: 30_000,
} as const;

/** All limits, resolved. */
export type Limits = { readonly [K in keyof typeof DEFAULT_LIMITS]: number };

/** Defaults with the given limits laid over; throws on what cannot work together. */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const limits: Limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) throw unknown("limit", name, Object.keys(DEFAULT_LIMITS));
    if (!Number.isFinite(value) || value <= 0) throw invalid(`limits.${name} must be a positive number, not ${value}.`);
  }
  if (limits.nodeTickMs * 2 >= limits.leaseMs) throw invalid("limits.nodeTickMs must be less than half of leaseMs.");
  if (limits.auditMs * 2 >= limits.leaseMs) throw invalid("limits.auditMs must be less than half of leaseMs.");
  if (limits.graceUnloadMs > limits.graceBrokenMs) throw invalid("limits.graceUnloadMs must not exceed graceBrokenMs.");
  if (limits.typingRepeatMs * 2 >= limits.typingMs)
    throw invalid("limits.typingRepeatMs must be less than half of typingMs.");
  if (limits.cursorTickMs > limits.cursorTickMaxMs)
    throw invalid("limits.cursorTickMs must not exceed cursorTickMaxMs.");
  return limits;
}

/**
 * A node that finds Redis again must still have its lease.
 * @throws ConviveError OPTION_INVALID
 */
export function checkRedisTimes({ redisRetryMs, redisCommandMs, storeClockStepMs, leaseMs }: Limits): void {
  if (redisRetryMs + redisCommandMs + 2 * storeClockStepMs < leaseMs / 2) return;
  throw invalid(
    "limits.redisRetryMs + redisCommandMs + 2 × storeClockStepMs must be less than half of leaseMs, " +
      "or nodes that find Redis again would have lost their lease.",
  );
}

function invalid(message: string): ConviveError {
  return new ConviveError("OPTION_INVALID", message);
}

/** Everything that `convive()` can be told; each has a default. */
export interface ConviveOptions {
  /** Directory of the app's Eta templates; `"templates"`. Built-in parts stand behind it as `convive/…`. */
  templates?: string | undefined;
  /** Template around each page on HTTP; `"convive/layout"`. It must print `it.head` and `it.body`. */
  layout?: string | undefined;
  /** Template shown when a page cannot be mounted; `"convive/error"`. */
  errorTemplate?: string | undefined;
  /** Names that every template can read. */
  helpers?: Readonly<Record<string, unknown>> | undefined;
  /** What tokens and cookies are signed with, at least 16 characters; the first of several signs, all verify. Needed in production. */
  secret?: string | readonly string[] | undefined;
  /** Origins whose pages may connect; the own host unless given. */
  origins?: readonly string[] | undefined;
  /** Whether `X-Forwarded-*` is believed; true only behind a proxy that sets them. `false` */
  trustProxy?: boolean | undefined;
  /** Makes many processes one app: a URL, `{ host, port }`, `{ sentinels, name }`, `{ cluster }` or a client of ioredis. In memory unless given. */
  redis?: RedisOption | undefined;
  /** A store of another kind in place of `redis`: `docs/deploy.md` says what it must do. */
  store?: Store | undefined;
  /** pino's shape; the console unless given. */
  logger?: Logger | undefined;
  /** Who sends a request; `request.user` unless given. */
  identify?: ((request: Request | IncomingMessage) => User | null | Promise<User | null>) | undefined;
  /** The id of a user; `user.id` unless given. */
  userId?: ((user: User) => string) | undefined;
  /** Separates rooms of one name; nothing unless given. */
  tenant?: ((user: User | null, request: IncomingMessage) => string) | undefined;
  /** Who may see a room and who may be in it; views may and foreign clients may not unless given. */
  authorizePresence?:
    ((request: PresenceRequest) => boolean | PresencePermission | Promise<boolean | PresencePermission>) | undefined;
  /** `"production"` says less and asks for more; NODE_ENV unless given. */
  mode?: "development" | "production" | undefined;
  /** Where socket and assets live; `"/convive"`. */
  basePath?: string | undefined;
  /** Times, sizes and rates other than the defaults. */
  limits?: Partial<Limits> | undefined;
  /** Another clock; for tests. */
  clock?: Clock | undefined;
}

/** Options with their defaults laid under. */
export interface Settings {
  readonly templates: string;
  readonly layout: string;
  readonly errorTemplate: string;
  readonly helpers: Readonly<Record<string, unknown>>;
  readonly secrets: readonly string[] | null;
  readonly trustProxy: boolean;
  readonly isProduction: boolean;
  readonly basePath: string;
  readonly limits: Limits;
  readonly clock: Clock;
}

/** @throws ConviveError OPTION_INVALID, SECRET_MISSING */
export function resolveOptions(options: ConviveOptions): Settings {
  checkNames(options, Object.keys(OPTION_NAMES));
  if (options.redis !== undefined && options.store !== undefined) throw invalid("Give `redis` or `store`, not both.");
  const limits = resolveLimits(options.limits);
  if (options.redis !== undefined) checkRedisTimes(limits);
  const isProduction = (options.mode ?? process.env["NODE_ENV"]) === "production";
  const basePath = options.basePath ?? BASE_PATH;
  if (!/^(\/[\w.-]+)+$/.test(basePath))
    throw invalid(`basePath must look like "/convive", not ${JSON.stringify(basePath)}.`);
  const secrets = options.secret === undefined ? null : [options.secret].flat();
  if (!secrets && isProduction) {
    throw new ConviveError(
      "SECRET_MISSING",
      "Production needs convive({ secret }), the same on every node: make one with `openssl rand -base64 32`.",
    );
  }
  return {
    templates: options.templates ?? "templates",
    layout: options.layout ?? "convive/layout",
    errorTemplate: options.errorTemplate ?? "convive/error",
    helpers: options.helpers ?? {},
    secrets,
    trustProxy: options.trustProxy ?? false,
    isProduction,
    basePath,
    limits,
    clock: options.clock ?? systemClock,
  };
}

const OPTION_NAMES: Readonly<Record<keyof ConviveOptions, true>> = {
  templates: true,
  layout: true,
  errorTemplate: true,
  helpers: true,
  secret: true,
  origins: true,
  trustProxy: true,
  redis: true,
  store: true,
  logger: true,
  identify: true,
  userId: true,
  tenant: true,
  authorizePresence: true,
  mode: true,
  basePath: true,
  limits: true,
  clock: true,
};

/**
 * An option that is misspelt, or that this version does not have, must not be passed over.
 * @throws ConviveError OPTION_INVALID
 */
export function checkNames(options: object, names: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !names.includes(name)) throw unknown("option", name, names);
  }
}

function unknown(what: string, name: string, names: readonly string[]): ConviveError {
  const hint = nearest(name, names);
  return invalid(`There is no ${what} named "${name}"${hint ? `; did you mean "${hint}"?` : "."}`);
}
