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

/** Some 24 days: Node's timers bear no more, and end at once when they are given more. */
const LONGEST_MS = 2 ** 31 - 1;

/** The machine's clock. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(ms, work) {
    if (ms > LONGEST_MS) return afterSteps(ms, work);
    const handle = setTimeout(work, ms).unref();
    return { clear: () => clearTimeout(handle) };
  },
  every(ms, work) {
    if (ms > LONGEST_MS) return everyTime(ms, work);
    const handle = setInterval(work, ms).unref();
    return { clear: () => clearInterval(handle) };
  },
};

function afterSteps(ms: number, work: () => void): Timer {
  let step = systemClock.after(LONGEST_MS, () => (step = systemClock.after(ms - LONGEST_MS, work)));
  return { clear: () => step.clear() };
}

function everyTime(ms: number, work: () => void): Timer {
  const begin = () => systemClock.after(ms, next);
  const next = () => {
    turn = begin();
    work();
  };
  let turn = begin();
  return { clear: () => turn.clear() };
}
