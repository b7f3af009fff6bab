import { ConviveError } from "../errors.js";
import type { Limits } from "../options.js";
import { RedisInspection } from "../presence/redis-inspection.js";
import type { OpenStore } from "./invocation.js";

/** What is examined. */
export interface Patient extends OpenStore {
  readonly limits: Limits;
}

/** What a check found. */
export interface Result {
  readonly state: "ok" | "warn" | "fail";
  readonly message: string;
  /** what to do about it */
  readonly next?: string;
}

export interface Finding extends Result {
  readonly check: string;
  readonly code?: string;
}

export interface Check {
  readonly title: string;
  /** One that throws has failed. */
  look(patient: Patient): Promise<Result>;
}

const PROBES = 5;
/** Beyond it joins are felt to be late. */
const SLOW_MS = 50;

export function ok(message: string): Result {
  return { state: "ok", message };
}

export function warn(message: string, next: string): Result {
  return { state: "warn", message, next };
}

export function fail(message: string, next: string): Result {
  return { state: "fail", message, next };
}

export const checkSpeed: Check = {
  title: "round trip",
  async look({ link, limits }) {
    const times: number[] = [];
    for (let i = 0; i < PROBES; i += 1) {
      const start = performance.now();
      await link.call("PING");
      times.push(performance.now() - start);
    }
    const median = times.toSorted((a, b) => a - b)[Math.floor(PROBES / 2)]!;
    const message = `Redis answers in ${median.toFixed(1)} ms`;
    if (median > limits.redisCommandMs / 2) {
      return fail(message, `redisCommandMs is ${limits.redisCommandMs}: bring Redis nearer, or raise it.`);
    }
    return median > SLOW_MS
      ? warn(message, "Each join waits for it: run Redis in the same place as the nodes.")
      : ok(message);
  },
};

export const checkRights: Check = {
  title: "rights",
  async look({ link, keys, backend }) {
    await backend.opened.catch((error: unknown) => {
      // That is a check of its own.
      if (!(error instanceof ConviveError && error.code === "REDIS_LAYOUT_OTHER")) throw error;
    });
    await new RedisInspection(link, keys).tryRights();
    const user = await link.call("ACL", "WHOAMI").catch(() => null);
    const who = typeof user === "string" ? `the user ${user}` : "this user";
    return ok(`${who} may run scripts, write our keys, publish and subscribe`);
  },
};
