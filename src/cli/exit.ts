import { ConviveError, type ErrorCode } from "../errors.js";

/** How a command ends, for scripts. */
export const EXIT = {
  ok: 0,
  /** a check failed, or nobody matched */
  failed: 1,
  /** the command line was not understood */
  usage: 2,
  /** Redis cannot be reached or used */
  redis: 3,
} as const;

export type Exit = (typeof EXIT)[keyof typeof EXIT];

const USAGE_CODES: readonly ErrorCode[] = [
  "COMMAND_LINE",
  "OPTION_INVALID",
  "REDIS_URL_INVALID",
  "PRESENCE_KEY_INVALID",
  "PRESENCE_USER_INVALID",
];

/** What an error ends a command with. */
export function exitOf(error: unknown): Exit {
  if (!(error instanceof ConviveError)) return EXIT.failed;
  if (USAGE_CODES.includes(error.code)) return EXIT.usage;
  return error.code.startsWith("REDIS_") ? EXIT.redis : EXIT.failed;
}

/** The error of a command line that was not understood. */
export function misused(message: string): ConviveError {
  return new ConviveError("COMMAND_LINE", message);
}
