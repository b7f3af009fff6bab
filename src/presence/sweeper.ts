import type { Logger } from "../logger.js";
import type { Limits } from "../options.js";
import { messageOf } from "../errors.js";
import type { PresenceBackend } from "./backend.js";

export interface SweeperNode {
  readonly backend: PresenceBackend;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly incarnation: string;
  newId(): string;
}

/** Ends what dead nodes left behind, and what no process carries when its time is over. Any number of nodes may do the same at once. */
export class Sweeper {
  readonly #sweeping = new Set<string>();
  /** incarnations with records but without a lease, since when in store time */
  #orphans = new Map<string, number>();

  constructor(private readonly node: SweeperNode) {}

  async sweep(condemned: readonly string[]): Promise<void> {
    for (const incarnation of condemned) {
      if (incarnation === this.node.incarnation || this.#sweeping.has(incarnation)) continue;
      this.#sweeping.add(incarnation);
      try {
        await this.#sweepOne(incarnation);
      } catch (error) {
        this.node.logger.warn(
          { incarnation, error: messageOf(error) },
          "a dead node could not be swept; it is tried again",
        );
      } finally {
        this.#sweeping.delete(incarnation);
      }
    }
  }

  /** Once in a while: ends those whose time is over, and sweeps incarnations that nobody knows to be alive. */
  async prune(storeTime: number): Promise<void> {
    const { backend, logger } = this.node;
    try {
      await backend.prune(null, storeTime, this.node.newId());
      await this.sweep(this.#orphaned(await backend.orphans(), storeTime));
    } catch (error) {
      logger.warn({ error: messageOf(error) }, "rooms could not be pruned; it is tried again");
    }
  }

  #orphaned(found: readonly string[], storeTime: number): string[] {
    this.#orphans = new Map(found.map((incarnation) => [incarnation, this.#orphans.get(incarnation) ?? storeTime]));
    return found.filter((incarnation) => storeTime - this.#orphans.get(incarnation)! >= this.node.limits.leaseMs);
  }

  async #sweepOne(incarnation: string): Promise<void> {
    const { backend } = this.node;
    for (const room of await backend.fence(incarnation)) await backend.sweep(room, incarnation, this.node.newId());
    await backend.swept(incarnation);
  }
}
