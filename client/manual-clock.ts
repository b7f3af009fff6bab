import type { Clock } from "./clock.js";

/** A clock for tests, which goes on when it is told to. */
export class ManualClock implements Clock {
  private time = 1_000_000;
  constructor(readonly random: () => number = () => 0.5) {}

  private readonly timers = new Set<{ at: number; work: () => void }>();

  now = (): number => this.time;

  after = (ms: number, work: () => void): (() => void) => {
    const timer = { at: this.time + ms, work };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  };

  get pending(): number {
    return this.timers.size;
  }

  advance(ms: number): void {
    const end = this.time + ms;
    for (let next = this.next(end); next; next = this.next(end)) {
      this.time = Math.max(this.time, next.at);
      this.timers.delete(next);
      next.work();
    }
    this.time = end;
  }

  /** Time passes and no timer runs, as while a machine sleeps. */
  sleep(ms: number): void {
    this.time += ms;
  }

  private next(end: number): { at: number; work: () => void } | undefined {
    return [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}
