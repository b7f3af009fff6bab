import { CALM_MS, FIRST_PAUSE_MS, PAUSE_CAP_MS } from "./limits.js";

/** Time, in ms, and chance, as an argument; tests bring their own. */
export interface Clock {
  /** Wall time, because it goes on while the machine sleeps. It may jump: only ever compared with itself. */
  now(): number;
  /** Returns what cancels it. */
  after(ms: number, work: () => void): () => void;
  /** in [0, 1) */
  random(): number;
}

export const browserClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  after(ms, work) {
    const handle = setTimeout(work, ms);
    return () => clearTimeout(handle);
  },
};

/** One timer: each call ends the last one, and starts the next if there is work. */
export type Timer = (ms?: number, work?: () => void) => void;

export function createTimer(clock: Clock): Timer {
  let cancel = () => {};
  return (ms, work) => {
    cancel();
    if (work) cancel = clock.after(ms!, work);
  };
}

/** Full jitter: a crowd that fell together comes back spread out. */
export function pauseMs(failures: number, { random }: Clock): number {
  return random() * Math.min(PAUSE_CAP_MS, FIRST_PAUSE_MS * 2 ** failures);
}

/** Pauses before the next try, which grow with tries that failed one soon after the other; `least` failures are taken for granted. */
export function createPauses(clock: Clock): (least?: number) => number {
  let failures = 0;
  let failedAt = 0;
  return (least = 0) => {
    if (clock.now() - failedAt > CALM_MS) failures = 0;
    failedAt = clock.now();
    failures = Math.max(failures, least);
    return pauseMs(failures++, clock);
  };
}
