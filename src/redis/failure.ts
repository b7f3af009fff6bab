import { ConviveError, messageOf, type ErrorCode } from "../errors.js";

const OLDEST_REDIS = [6, 2] as const;

/** What Redis, or the way to it, answered: by the beginning or a part of its message. */
const FAILURES: readonly { readonly pattern: RegExp; readonly code: ErrorCode; readonly advice: string }[] = [
  {
    pattern: /^(WRONGPASS|NOAUTH|ERR (invalid password|Client sent AUTH|AUTH ))/,
    code: "REDIS_LOGIN_REFUSED",
    advice: "Check user and password of the Redis URL: redis://user:password@host:6379.",
  },
  {
    pattern: /DB index is out of range/,
    code: "REDIS_URL_INVALID",
    advice: "It has no database of that number: correct the end of the URL, or leave it out.",
  },
  {
    // Of what a script does, servers speak otherwise: until 7.0, and since.
    pattern: /NOPERM|ERR unknown command|the user executing the script|ACL failure in script/i,
    code: "REDIS_FORBIDDEN",
    advice: "Allow the user scripts, publish and subscribe on our keys and channels: see ACL SETUSER.",
  },
  {
    pattern: /\bREADONLY\b/,
    code: "REDIS_REPLICA",
    advice: "Give the address of the master, or those of the Sentinels.",
  },
  {
    pattern: /WRONGTYPE/,
    code: "REDIS_VALUE_FOREIGN",
    advice:
      "Another program writes to these keys: give Convive a prefix or a Redis of its own, and delete the keys of that room.",
  },
  {
    pattern: /\bLAYOUT\b/,
    code: "REDIS_LAYOUT_OTHER",
    advice:
      "Give this version of Convive another prefix, or end all nodes of the other one and delete the key {prefix:nodes}:clock.",
  },
  {
    pattern: /\b(MISCONF|NOREPLICAS)\b/,
    code: "REDIS_UNSAVED",
    advice: "See in its log why it cannot save or copy what is written.",
  },
  {
    pattern: /\b(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN)\b/,
    code: "REDIS_BUSY",
    advice: "It is asked again by itself; a script that does not end is ended with SCRIPT KILL.",
  },
  {
    pattern: /\bOOM\b/,
    code: "REDIS_FULL",
    advice: "Raise maxmemory, or give Convive a Redis of its own.",
  },
];

const REACH = "Check that it runs, and the URL: host, port, and rediss: where it wants TLS.";
/** What is said of a certificate, the server's or ours, holds that word. */
const TRUST =
  "Renew the certificate, or say in `tls` who signed it (ca) or what name it is for (servername); to a server that asks for yours, show it (cert, key).";

/** The coded error of whatever a command, or the way to Redis, failed with. */
export function redisFailure(error: unknown, place: string): ConviveError {
  if (error instanceof ConviveError) return error;
  const message = messageOf(error);
  const cause = bare(error);
  const known = FAILURES.find(({ pattern }) => pattern.test(message));
  if (known)
    return new ConviveError(known.code, `Redis at ${place} says: ${sentence(message)} ${known.advice}`, { cause });
  return new ConviveError(
    "REDIS_UNAVAILABLE",
    `Redis at ${place} cannot be reached: ${sentence(message)} ${/certificate/.test(message) ? TRUST : REACH}`,
    { status: 503, cause },
  );
}

function sentence(message: string): string {
  const text = message.trim();
  return text.endsWith(".") ? text : `${text}.`;
}

/** A Cluster and Sentinels wrap what a server said. */
export function causeOf(error: unknown): unknown {
  return (error as { lastNodeError?: unknown } | null)?.lastNodeError ?? error;
}

/** Beside its message an error of ioredis holds what was sent: passwords and metas, which whoever logs the error must not tell. */
function bare(error: unknown): Error {
  const { stack } = error instanceof Error ? error : {};
  const cause = new Error(messageOf(error));
  if (stack !== undefined) cause.stack = stack;
  return cause;
}

/**
 * Refuses a server that cannot hold rooms, by what its INFO says.
 * @throws ConviveError REDIS_TOO_OLD or REDIS_EVICTS
 */
export function checkServer(info: string, place: string): void {
  const fact = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
  const [major = 0, minor = 0] = fact("redis_version").split(".").map(Number);
  if (major < OLDEST_REDIS[0] || (major === OLDEST_REDIS[0] && minor < OLDEST_REDIS[1])) {
    throw new ConviveError(
      "REDIS_TOO_OLD",
      `Redis at ${place} is ${fact("redis_version") || "of no known version"}; install ${OLDEST_REDIS.join(".")} or newer.`,
    );
  }
  const policy = fact("maxmemory_policy");
  if (policy.startsWith("allkeys-") && fact("maxmemory") !== "0") {
    throw new ConviveError(
      "REDIS_EVICTS",
      `Redis at ${place} drops keys when its memory is full (maxmemory-policy ${policy}); set it to noeviction.`,
    );
  }
}
