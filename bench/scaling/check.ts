// What the model says of things it was not fitted to, beside what was measured.
import { DEFAULT_LIMITS } from "../../src/options.js";
import { changeCosts, changeUsAt, costsFrom, CURSOR_CASES, cursorCosts, cursorUsAt } from "./costs.js";
import { figureOf, type Figures } from "./figures.js";
import { cursorTickMs, tellingsPerS } from "./model.js";
import { simulate } from "./simulate.js";
import { MILLION } from "./workload.js";

const STORM = 2_000;
const QUIET_ONE = "10000 connections, 5000 rooms, 2 nodes, a quiet minute: commands";
const QUIET_CLUSTER = "1000 connections, 500 rooms, 2 nodes, a quiet minute on a Cluster: commands";

export interface Checked {
  readonly what: string;
  readonly unit: string;
  readonly measured: number;
  readonly predicted: number;
}

/** How far the prediction is off, as a share of what was measured. */
export function errorOf({ measured, predicted }: Checked): number {
  return predicted / measured - 1;
}

export function checks(figures: Figures): Checked[] {
  return [fanOut(figures), cursors(figures), storm(figures), ...quiet(figures)];
}

/** Fitted without the middle size. */
function fanOut(figures: Figures): Checked {
  const { changeUs, changeViewerUs } = changeCosts(figures, [100, 5_000]);
  const predicted = (changeUs + 1_000 * changeViewerUs) / 1_000;
  const measured = changeUsAt(figures, 1_000) / 1_000;
  return { what: "a change told to 1000 viewers, fitted to 100 and 5000", unit: "ms", measured, predicted };
}

/** Fitted without this one. */
function cursors(figures: Figures): Checked {
  const [name, movers, viewers] = CURSOR_CASES.find(([each]) => each === "200 users")!;
  const { moveUs, tickViewerUs, tickPairUs } = cursorCosts(
    figures,
    CURSOR_CASES.filter(([each]) => each !== name),
  );
  const ticks = 1_000 / cursorTickMs(movers, DEFAULT_LIMITS);
  const us = movers * 30 * moveUs + ticks * viewers * (tickViewerUs + movers * tickPairUs);
  const measured = cursorUsAt(figures, name) / 10_000;
  return { what: "cursors of 200, fitted to the other sizes", unit: "%", measured, predicted: us / 10_000 };
}

/** Nothing of the storm is fitted: their sockets are open, so it is so many views, and as many tellings as fit into the time it took. */
function storm(figures: Figures): Checked {
  const { node } = costsFrom(figures);
  const of = `${STORM} join at once`;
  const seconds = figureOf(figures, "storm", `${of}: until all know of all`, "ms") / 1_000;
  const tellings = tellingsPerS(STORM / seconds) * seconds;
  // On average half of them are there.
  const us = STORM * node.viewUs + tellings * (node.changeUs + (STORM / 2) * node.changeViewerUs);
  const measured = figureOf(figures, "storm", `${of}: CPU`, "ms");
  return { what: "2000 who join one room at once, CPU", unit: "ms", measured, predicted: us / 1_000 };
}

/** Two nodes, nobody comes or goes: commands are counted, not fitted. */
function quiet(figures: Figures): Checked[] {
  const costs = costsFrom(figures);
  const still = { ...MILLION, stayS: Infinity, flipsPerS: 1e-9, cursorShare: 0 };
  const commands = (rooms: number, shards: number) => {
    const sizes = Array.from({ length: rooms }, () => 2);
    return simulate(still, sizes, costs, { nodes: 2, shards, seconds: 1 }).commands;
  };
  const measured = (name: string) => figureOf(figures, "redis", name, "per second");
  const row = (what: string, name: string, rooms: number, shards: number): Checked => {
    return { what, unit: "commands/s", measured: measured(name), predicted: commands(rooms, shards) };
  };
  return [
    row("two quiet nodes, one Redis", QUIET_ONE, 5_000, 1),
    row("two quiet nodes, Cluster", QUIET_CLUSTER, 500, 3),
  ];
}
