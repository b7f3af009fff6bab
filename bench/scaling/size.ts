import type { Costs } from "./costs.js";
import { randomFrom, type Random } from "../../src/testing/random.js";
import { below } from "./population.js";
import { simulate, type Outcome } from "./simulate.js";
import type { Workload } from "./workload.js";
import type { Deployment } from "./world.js";

/** How full things may be: what is above is for the dead node's people, for the deploy, for the busy minute. */
export interface Ceiling {
  /** of a core, of the fullest node and server of Redis in 99 of 100 seconds */
  readonly cpu: number;
  readonly nodeMib: number;
  readonly redisMib: number;
}

export const CEILING: Ceiling = { cpu: 0.6, nodeMib: 1_500, redisMib: 4_096 };
/** No more nodes are tried. */
const MOST_NODES = 1_024;
const SHARDS: readonly number[] = [1, 2, 3, 4, 6, 8, 16, 32];

export type Rest = Omit<Deployment, "nodes" | "shards">;

export interface Sized {
  /** null: no number of them is enough */
  readonly nodes: number | null;
  readonly shards: number | null;
  readonly outcome: Outcome;
}

/** The fewest nodes, and for those the fewest shards, that stay below the ceiling. */
export function sizeFor(
  workload: Workload,
  sizes: readonly number[],
  costs: Costs,
  rest: Rest = {},
  ceiling = CEILING,
): Sized {
  const run = (nodes: number, shards: number) => simulate(workload, sizes, costs, { ...rest, nodes, shards });
  const nodes = fewest(MOST_NODES, (count) => {
    const { cpu, memoryMib } = run(count, 1);
    return cpu.p99 <= ceiling.cpu && memoryMib.max <= ceiling.nodeMib;
  });
  const tried = SHARDS.map((shards) => () => ({ shards, outcome: run(nodes ?? MOST_NODES, shards) }));
  let last: { shards: number; outcome: Outcome } | null = null;
  for (const attempt of tried) {
    last = attempt();
    const { redis, redisMib } = last.outcome;
    if (redis.p99 <= ceiling.cpu && redisMib.max <= ceiling.redisMib) {
      return { nodes, shards: nodes === null ? null : last.shards, outcome: last.outcome };
    }
    // What is broadcast no further shard takes over.
    if (last.outcome.bus > ceiling.cpu) break;
  }
  return { nodes, shards: null, outcome: last!.outcome };
}

/** The smallest number for which it is so, if it is so from there on. */
function fewest(limit: number, isEnough: (count: number) => boolean): number | null {
  let [few, enough] = [0, 1];
  while (!isEnough(enough)) {
    if (enough >= limit) return null;
    [few, enough] = [enough, Math.min(limit, enough * 2)];
  }
  while (enough - few > Math.max(1, few * 0.02)) {
    const middle = Math.ceil((few + enough) / 2);
    if (isEnough(middle)) enough = middle;
    else few = middle;
  }
  return enough;
}

/** Rooms dealt to so many cells by chance, as a hash of their names would, each cell a deployment with a Redis of its own. */
export function inCells(sizes: readonly number[], cells: number, chance: Random = randomFrom(cells)): number[][] {
  const dealt: number[][] = Array.from({ length: cells }, () => []);
  for (const size of sizes) dealt[below(cells, chance)]!.push(size);
  return dealt.filter(({ length }) => length > 0);
}
