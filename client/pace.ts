import { type Clock, createTimer, type Timer } from "./clock.js";

/** In ms. With both, `debounce` counts. */
export interface Pace {
  readonly throttle?: number | undefined;
  /** `Infinity`: until it is flushed */
  readonly debounce?: number | undefined;
}

/** Holds work back, by owner and name, and never loses the last of it. */
export interface Pacer<Owner> {
  run(owner: Owner, name: string, pace: Pace, work: () => void): void;
  /** Does what is held back for these owners now, in order. */
  flush(isMeant: (owner: Owner) => boolean): void;
}

interface Lane<Owner> {
  readonly owner: Owner;
  readonly name: string;
  readonly timer: Timer;
  work?: (() => void) | undefined;
}

export function createPacer<Owner>(clock: Clock): Pacer<Owner> {
  const lanes = new Set<Lane<Owner>>();

  /** Does the work of a lane, which is closed then, or after a rest with nothing new. */
  const release = (lane: Lane<Owner>, restMs?: number) => {
    const { work, timer } = lane;
    lane.work = undefined;
    if (work && restMs) timer(restMs, () => release(lane, restMs));
    else {
      timer();
      lanes.delete(lane);
    }
    work?.();
  };
  return {
    run(owner, name, { debounce, throttle }, work) {
      if (!debounce && !throttle) return work();
      const open = [...lanes].find((each) => each.owner === owner && each.name === name);
      const lane = open ?? { owner, name, timer: createTimer(clock) };
      lanes.add(lane);
      lane.work = work;
      if (!debounce) open || release(lane, throttle);
      else if (debounce < Infinity) lane.timer(debounce, () => release(lane));
    },
    flush(isMeant) {
      for (const lane of lanes) if (lane.work && isMeant(lane.owner)) release(lane);
    },
  };
}
