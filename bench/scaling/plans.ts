// Ways to carry a million viewers, each simulated.
import type { Costs } from "./costs.js";
import { DEFAULT_LIMITS } from "../../src/options.js";
import { roomSizes } from "./population.js";
import type { Outcome } from "./simulate.js";
import { inCells, sizeFor, type Rest } from "./size.js";
import { MILLION, type Workload } from "./workload.js";

export interface Planned {
  readonly plan: string;
  readonly nodes: number | null;
  /** of each cell, where there are several */
  readonly shards: number | null;
  /** of the fullest cell */
  readonly outcome: Outcome;
}

export interface Plan {
  readonly name: string;
  readonly workload?: Partial<Workload>;
  readonly rest?: Rest;
  /** deployments with a Redis each, over which rooms are dealt by key */
  readonly cells?: number;
}

const QUIET_PRUNES = { ...DEFAULT_LIMITS, pruneRoomsMs: 6 * 3_600_000 };

export const PLANS: readonly Plan[] = [
  { name: "as it is: least connections, one Redis Cluster" },
  { name: "the same, cursors off", workload: { cursorShare: 0 } },
  { name: "100 cells, cursors on", cells: 100 },
  { name: "20 cells, cursors on", cells: 20 },
  { name: "rooms kept together, cursors on", rest: { balancer: "by room" } },
  {
    name: "cursors off, `roomTickMs: 250`",
    workload: { cursorShare: 0 },
    rest: { limits: { ...DEFAULT_LIMITS, roomTickMs: 250 } },
  },
  { name: "cursors off, `pruneRoomsMs: 21_600_000`", workload: { cursorShare: 0 }, rest: { limits: QUIET_PRUNES } },
];

export function plan({ name, workload: changed = {}, rest = {}, cells = 1 }: Plan, costs: Costs): Planned {
  const workload = { ...MILLION, ...changed };
  const sizes = roomSizes(workload);
  if (cells === 1) return { plan: name, ...sizeFor(workload, sizes, costs, rest) };
  const sized = inCells(sizes, cells).map((own) => sizeFor(workload, own, costs, rest));
  const sum = (of: (each: (typeof sized)[number]) => number | null) => {
    return sized.some((each) => of(each) === null) ? null : sized.reduce((all, each) => all + of(each)!, 0);
  };
  const fullest = sized.toSorted((a, b) => b.outcome.cpu.p99 - a.outcome.cpu.p99)[0]!;
  return {
    plan: name,
    nodes: sum(({ nodes }) => nodes),
    shards: sum(({ shards }) => shards),
    outcome: fullest.outcome,
  };
}
