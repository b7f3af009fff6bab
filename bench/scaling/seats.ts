import type { Random } from "../../src/testing/random.js";
import { below } from "./population.js";

/** How viewers come to nodes: by chance, each to the node with the fewest, or the whole of a room to one node as long as that has a place. */
export type Balancer = "random" | "least connections" | "by room";

/** Which node each viewer is on; the viewers of a room stand together, the first room first. */
export function seat(sizes: readonly number[], nodes: number, balancer: Balancer, chance: Random): Uint16Array {
  const viewers = sizes.reduce((sum, size) => sum + size, 0);
  if (balancer === "random") return new Uint16Array(viewers).map(() => below(nodes, chance));
  // In whatever order they come, the next one takes the node with the fewest: they come to the nodes in turn.
  if (balancer === "least connections") {
    const turns = shuffled(viewers, chance);
    return Uint16Array.from(turns, (turn) => turn % nodes);
  }
  return byRoom(sizes, viewers, Math.ceil(viewers / nodes), chance);
}

/** Rooms in any order fill one node after the other. */
function byRoom(sizes: readonly number[], viewers: number, places: number, chance: Random): Uint16Array {
  const starts = new Uint32Array(sizes.length);
  for (let room = 1; room < sizes.length; room += 1) starts[room] = starts[room - 1]! + sizes[room - 1]!;
  const seats = new Uint16Array(viewers);
  let taken = 0;
  for (const room of shuffled(sizes.length, chance)) {
    for (let at = 0; at < sizes[room]!; at += 1) seats[starts[room]! + at] = Math.floor(taken++ / places);
  }
  return seats;
}

/** The numbers below a count in any order. */
function shuffled(count: number, chance: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at -= 1) {
    const other = below(at + 1, chance);
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
  return order;
}
