import { parseArgs } from "node:util";

const MAX_NODES = 16;

export const USAGE = `Usage: npm start                  one process; its rooms in memory, or in Redis with REDIS_URL
       npm start -- --nodes 2     several processes behind a balancer, with a Redis`;

/**
 * How many nodes are asked for; null for one process without a balancer.
 * @throws Error that says what is wrong
 */
export function readNodes(words: readonly string[]): number | null {
  const { values } = parseArgs({ args: [...words], options: { nodes: { type: "string" } } });
  if (values.nodes === undefined) return null;
  const nodes = Number(values.nodes);
  if (Number.isInteger(nodes) && nodes >= 1 && nodes <= MAX_NODES) return nodes;
  throw new Error(`--nodes takes a number from 1 to ${MAX_NODES}, not "${values.nodes}".`);
}
