import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.js";
import { DEFAULT_LIMITS } from "../options.js";
import { incarnationOf, type PresenceBackend, type PruneRequest, type RoomLosses } from "../presence/backend.js";
import type { Sweeper } from "../presence/sweeper.js";

interface Waiting {
  readonly backend: PresenceBackend;
  readonly sweeper: Sweeper;
  readonly request: PruneRequest;
  readonly clock: Clock;
  tell(progress: string): void;
  /** it is time to stop, decided or not */
  readonly ended: Promise<void>;
}

/** Beyond the longest lease, for what is swept last. */
const MARGIN_MS = 10_000;

/**
 * Ticks as a node does until every node has renewed its lease or lost it, and orphans are a lease old; prunes all the while. Ends by itself,
 * at the latest when the longest lease has.
 */
export async function untilDecided({
  backend,
  sweeper,
  request,
  clock,
  tell,
  ended,
}: Waiting): Promise<readonly RoomLosses[]> {
  const { leaseMs, nodeTickMs, storeClockStepMs: stepMs } = DEFAULT_LIMITS;
  const incarnation = incarnationOf(`cli-${randomUUID()}`, 1);
  const first = await backend.nodes();
  const leases = new Map(first.nodes.map((node) => [node.incarnation, first.storeTime + node.leaseMs]));
  const end = first.storeTime + Math.max(leaseMs, ...first.nodes.map((node) => node.leaseMs)) + MARGIN_MS;
  const losses: RoomLosses[] = [];
  const isEnded = ended.then(() => true);
  try {
    for (let isFirst = true; ; isFirst = false) {
      await backend.tick({ incarnation, isFirst, leaseMs, stepMs, ordersSince: 0 });
      losses.push(...(await sweeper.pruneNow(request)));
      const { storeTime, nodes } = await backend.nodes();
      const silent = nodes.filter(({ incarnation: each, leaseMs: left }) => leases.get(each) === storeTime + left);
      const orphans = (await backend.orphans()).length;
      if ((silent.length === 0 && orphans === 0) || storeTime > end) return losses;
      tell(`waiting for ${silent.length} leases and ${orphans} nodes without one …`);
      const pause = new Promise<boolean>((resolve) => void clock.after(nodeTickMs, () => resolve(false)));
      if (await Promise.race([isEnded, pause])) return losses;
    }
  } finally {
    await backend.resign(incarnation).catch(() => {});
  }
}
