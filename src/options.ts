import { ConviveError } from "./errors.js";

/** Every time, size and rate of design "Constants", each an option; ms and bytes. */
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
  tokenAgeMs: 24 * 3_600_000,
  storeClockStepMs: 2_000,
  overtakenEventMs: 120,
  roomTickMs: 50,
  cursorTickMs: 33,
  cursorTickPeople: 200,
  cursorTickStepPeople: 100,
  cursorTickMaxMs: 200,
  cursorTimeoutMs: 10_000,
  idleAfterMs: 60_000,
  awayAfterMs: 5_000,
  statusFlipMs: 5_000,
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
} as const;

export type Limits = { readonly [K in keyof typeof DEFAULT_LIMITS]: number };

/** Defaults with the given limits laid over; throws on what cannot work together. */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const limits: Limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!(name in DEFAULT_LIMITS)) throw invalid(`There is no limit named "${name}".`);
    if (!Number.isFinite(value) || value <= 0) throw invalid(`limits.${name} must be a positive number, not ${value}.`);
  }
  if (limits.nodeTickMs * 2 >= limits.leaseMs) throw invalid("limits.nodeTickMs must be less than half of leaseMs.");
  if (limits.auditMs * 2 >= limits.leaseMs) throw invalid("limits.auditMs must be less than half of leaseMs.");
  if (limits.graceUnloadMs > limits.graceBrokenMs) throw invalid("limits.graceUnloadMs must not exceed graceBrokenMs.");
  if (limits.cursorTickMs > limits.cursorTickMaxMs)
    throw invalid("limits.cursorTickMs must not exceed cursorTickMaxMs.");
  return limits;
}

function invalid(message: string): ConviveError {
  return new ConviveError("OPTION_INVALID", message);
}
