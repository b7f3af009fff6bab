import type { Clock } from "./clock.js";
import { AWAY_MS, FLIP_MS, IDLE_JITTER, IDLE_MS, LOOK_MS } from "./limits.js";

export type Status = "active" | "idle" | "away";

export interface StatusWatch {
  /** as it was told last; `active` before */
  current(): Status;
  /** The user did something, or looks again, or stopped looking. */
  stirred(): void;
  stop(): void;
}

/** Active, idle or away, from input and visibility. `tell` hears of changes only. */
export function watchStatus(
  { now, after, random }: Clock,
  tell: (status: Status) => void,
  isHidden = () => document.hidden,
): StatusWatch {
  const idleMs = IDLE_MS * (1 + IDLE_JITTER * (2 * random() - 1));
  let told: Status = "active";
  let toldAt = 0;
  let stirredAt = now();
  let stop = () => {};

  const look = () => {
    const quietMs = now() - stirredAt;
    const seen = quietMs > idleMs ? "idle" : "active";
    const status = isHidden() ? (quietMs < AWAY_MS ? told : "away") : seen;
    if (status === told || now() - toldAt < FLIP_MS) return;
    toldAt = now();
    tell((told = status));
  };
  const watch = () => {
    look();
    stop = after(LOOK_MS, watch);
  };
  watch();
  return {
    current: () => told,
    stirred() {
      stirredAt = now();
      look();
    },
    stop: () => stop(),
  };
}
