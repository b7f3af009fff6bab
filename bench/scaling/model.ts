// Closed formulas, for rooms that are all alike or for one room; the simulation is held against them.
import { DEFAULT_LIMITS, type Limits } from "../../src/options.js";
import type { Costs } from "./costs.js";

/** How often a room tells its viewers, when it changes so often a second: the first change at once, further ones with the tick. */
export function tellingsPerS(changesPerS: number, { roomTickMs }: Pick<Limits, "roomTickMs"> = DEFAULT_LIMITS): number {
  if (changesPerS === 0) return 0;
  const tickS = roomTickMs / 1_000;
  return 1 / (tickS + Math.exp(-changesPerS * tickS) / changesPerS);
}

/** Time between two frames of cursors, when so many move. */
export function cursorTickMs(movers: number, limits: Limits = DEFAULT_LIMITS): number {
  const { cursorTickMs: tick, cursorTickPeople, cursorTickStepPeople, cursorTickMaxMs } = limits;
  const steps = Math.max(0, Math.ceil((movers - cursorTickPeople) / cursorTickStepPeople));
  return Math.min(tick * (1 + steps), cursorTickMaxMs);
}

/** On how many nodes the viewers of a room are to be expected, when each comes to any node. */
export function hostsOf(viewers: number, nodes: number): number {
  return nodes * (1 - (1 - 1 / nodes) ** viewers);
}

/** µs per second that a node takes to tell its viewers of one room. */
export function tellingUs({ node }: Costs, localViewers: number, tellings: number): number {
  return tellings * (node.changeUs + localViewers * node.changeViewerUs);
}

/** µs per second of cursors on a node: so many move before so many local viewers, of them so many here. */
export function cursorUs({ node }: Costs, movers: number, localMovers: number, localViewers: number): number {
  const ticks = 1_000 / cursorTickMs(movers);
  return localMovers * 30 * node.moveUs + ticks * localViewers * (node.tickViewerUs + movers * node.tickPairUs);
}

/** The largest whole number for which it is so, when it is so up to some number and never beyond; 0 when it is so for none. */
export function most(isSo: (count: number) => boolean, limit = 100_000_000): number {
  let [holds, fails] = [0, 1];
  while (fails < limit && isSo(fails)) [holds, fails] = [fails, fails * 2];
  if (fails >= limit) return limit;
  while (fails - holds > 1) {
    const middle = Math.floor((holds + fails) / 2);
    if (isSo(middle)) holds = middle;
    else fails = middle;
  }
  return holds;
}
