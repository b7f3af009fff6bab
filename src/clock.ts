/** A running timer; `clear` is idempotent. */
export interface Timer {
  clear(): void;
}

/** Time as an argument: monotonic milliseconds and timers. Tests bring their own. */
export interface Clock {
  /** Monotonic, in ms; never compared with another machine's. */
  now(): number;
  /** Milliseconds since 1970, for `joinedAt` only. */
  wallTime(): number;
  after(ms: number, work: () => void): Timer;
  every(ms: number, work: () => void): Timer;
}

/** The machine's clock. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(ms, work) {
    const handle = setTimeout(work, ms).unref();
    return { clear: () => clearTimeout(handle) };
  },
  every(ms, work) {
    const handle = setInterval(work, ms).unref();
    return { clear: () => clearInterval(handle) };
  },
};
