import type { Logger } from "../logger.js";
import type { Limits } from "../options.js";
import { messageOf } from "../errors.js";
import type { PresenceBackend, PruneRequest, RoomLosses } from "./backend.js";

export interface SweeperNode {
  readonly backend: PresenceBackend;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly incarnation: string;
  newId(): string;
}

const ROOMS_AT_ONCE = 500;

/** Ends what dead nodes left behind, and what no process carries when its time is over. Any number of nodes may do the same at once. */
export class Sweeper {
  readonly #sweeping = new Set<string>();
  /** incarnations with records but without a lease, since when in store time */
  #orphans = new Map<string, number>();

  constructor(private readonly node: SweeperNode) {}

  async sweep(condemned: readonly string[]): Promise<void> {
    for (const incarnation of condemned) {
      await this.#guard({ incarnation }, "a dead node could not be swept; it is tried again", () =>
        this.#sweepOnce(incarnation, false),
      );
    }
  }

  /** Once in a while, by every node. */
  async prune(): Promise<void> {
    await this.#guard({}, "rooms could not be pruned; it is tried again", () => this.pruneNow());
  }

  /**
   * Ends those whose time is over, in these rooms or in all, and everywhere what incarnations left that are dead, or that nobody has known to be
   * alive for a lease.
   */
  async pruneNow(request: PruneRequest = {}, rooms: readonly string[] | null = null): Promise<readonly RoomLosses[]> {
    const { backend } = this.node;
    const { storeTime, nodes } = await backend.nodes();
    const losses = [...(await backend.prune(rooms, storeTime, this.node.newId(), request))];
    const ended = nodes.filter(({ state }) => state === "ended").map(({ incarnation }) => incarnation);
    const orphaned = this.#orphaned(await backend.orphans(), storeTime);
    for (const incarnation of new Set([...ended, ...orphaned])) {
      losses.push(...(await this.#sweepOnce(incarnation, request.isDry ?? false)));
    }
    return losses;
  }

  /** Once in a while: forgets rooms that hold nobody and are registered still. */
  async pruneRooms(): Promise<void> {
    await this.#guard({}, "empty rooms could not be pruned; it is tried again", () => this.node.backend.pruneRooms());
  }

  #orphaned(found: readonly string[], storeTime: number): string[] {
    // A store that lost its clock begins again, and so does the wait.
    const since = (incarnation: string) => Math.min(this.#orphans.get(incarnation) ?? storeTime, storeTime);
    this.#orphans = new Map(found.map((incarnation) => [incarnation, since(incarnation)]));
    return found.filter((incarnation) => storeTime - this.#orphans.get(incarnation)! >= this.node.limits.leaseMs);
  }

  async #sweepOnce(incarnation: string, isDry: boolean): Promise<RoomLosses[]> {
    if (incarnation === this.node.incarnation || this.#sweeping.has(incarnation)) return [];
    this.#sweeping.add(incarnation);
    try {
      return await this.#sweepOne(incarnation, isDry);
    } finally {
      this.#sweeping.delete(incarnation);
    }
  }

  async #sweepOne(incarnation: string, isDry: boolean): Promise<RoomLosses[]> {
    const { backend } = this.node;
    if (isDry) return this.#sweepRooms(await backend.held(incarnation), incarnation, true);
    const losses: RoomLosses[] = [];
    let rooms = await backend.fence(incarnation);
    while (rooms.length > 0) {
      losses.push(...(await this.#sweepRooms(this.#someOf(rooms), incarnation, false)));
      const left = await backend.fence(incarnation);
      if (left.length >= rooms.length) throw new Error("rooms that were swept are registered still");
      rooms = left;
    }
    await backend.swept(incarnation);
    return losses;
  }

  /** Other nodes sweep at the same time: each begins elsewhere, and asks what is left after so many. */
  #someOf(rooms: readonly string[]): readonly string[] {
    const from = Math.floor(shareOf(this.node.incarnation) * rooms.length);
    return [...rooms, ...rooms].slice(from, from + Math.min(ROOMS_AT_ONCE, rooms.length));
  }

  async #sweepRooms(rooms: readonly string[], incarnation: string, isDry: boolean): Promise<RoomLosses[]> {
    const { backend } = this.node;
    const sweeps = rooms.map((room) => backend.sweep(room, incarnation, this.node.newId(), isDry));
    return (await Promise.all(sweeps)).filter(({ connections }) => connections.length > 0);
  }

  async #guard(facts: object, what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.node.logger.warn({ ...facts, error: messageOf(error) }, what);
    }
  }
}

/** From 0 up to 1, another for each name. */
function shareOf(name: string): number {
  let hash = 0;
  for (const char of name) hash = (Math.imul(hash, 31) + char.codePointAt(0)!) >>> 0;
  return hash / 2 ** 32;
}
