import type { RoomSizes } from "./population.js";

/** What people do; the example of docs/scaling.md. Rates are per second. */
export interface Workload extends RoomSizes {
  /** how long somebody stays */
  readonly stayS: number;
  /** how often somebody falls idle or wakes up */
  readonly flipsPerS: number;
  /** clicks and forms, that change the own page */
  readonly eventsPerS: number;
  /** rooms with cursors, as a share of those … */
  readonly cursorShare: number;
  /** … that have no more viewers */
  readonly cursorMost: number;
  /** of their viewers, those whose pointer moves right now */
  readonly moving: number;
  readonly movesPerS: number;
}

export const MILLION: Workload = {
  viewers: 1_000_000,
  largest: 20_000,
  exponent: 0.8,
  stayS: 600,
  flipsPerS: 1 / 300,
  eventsPerS: 1 / 30,
  cursorShare: 0.1,
  cursorMost: 200,
  moving: 0.1,
  movesPerS: 30,
};

/** Joins, leaves and changes of status of one viewer. */
export function changesPerS({ stayS, flipsPerS }: Workload): number {
  return 2 / stayS + flipsPerS;
}
