import { traffic } from "./line.js";

/** What the load did while it waited without sleeping. */
export interface Spun {
  readonly ms: number;
  /** of it: turns of the loop in which something was read or sent */
  readonly workMs: number;
}

/**
 * Waits without ever sleeping: a sleeping reader has to be woken by whoever writes to it, at the server's cost. What `begin` does is
 * within the time.
 */
export function spinUntil(isSo: () => boolean, patienceMs: number, begin: () => void = () => {}): Promise<Spun> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    let turnedAt = startedAt;
    let exchanged = traffic.reads + traffic.writes;
    let workMs = 0;
    begin();
    const turn = () => {
      const now = performance.now();
      if (traffic.reads + traffic.writes !== exchanged) workMs += now - turnedAt;
      exchanged = traffic.reads + traffic.writes;
      turnedAt = now;
      if (isSo() || now - startedAt > patienceMs) resolve({ ms: now - startedAt, workMs });
      else setImmediate(turn);
    };
    setImmediate(turn);
  });
}

/** Lets time pass, awake. */
export async function spinFor(ms: number): Promise<void> {
  await spinUntil(() => false, ms);
}
