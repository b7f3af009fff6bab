import type { Clock } from "../clock.js";
import type { Room } from "../presence/room.js";
import type { CursorsMessage, RoomMessage } from "../presence/room-message.js";
import { isUserPointer, type Pointers } from "./pointers.js";

/** Who uses a relay. */
export interface RelayOwner {
  readonly clock: Clock;
  readonly pointers: Pointers;
  /** A pointer moved on another node. */
  movedElsewhere(id: string, at: readonly [x: number, y: number], meta: object | undefined): void;
  goneElsewhere(id: string): void;
}

const PROBE_MS = 1_000;

/** Tells other nodes of the pointers that move here, as long as somebody there hears, and hears theirs. */
export class CursorRelay {
  #areOthersHere = true;
  #probedAt = -Infinity;

  constructor(
    private readonly room: Room,
    private readonly owner: RelayOwner,
  ) {}

  /** Asks the other nodes for where their pointers are. */
  ask(): void {
    void this.room.send({ kind: "cursors", moves: [], asks: true });
  }

  tell(moved: readonly string[], gone: readonly string[]): void {
    const ours = moved.filter((id) => this.owner.pointers.isOurs(id));
    const now = this.owner.clock.now();
    const isDue = this.#areOthersHere || now - this.#probedAt >= PROBE_MS;
    if (ours.length + gone.length === 0 || !isDue) return;
    this.#probedAt = now;
    void this.#publish(ours, gone);
  }

  heard(message: RoomMessage, sender: string): void {
    if (message.kind !== "cursors" || this.room.isFromHere(sender)) return;
    this.#areOthersHere = true;
    const { pointers } = this.owner;
    if (message.asks) {
      const ours = pointers.ids.filter((id) => pointers.isOurs(id));
      if (ours.length > 0) void this.#publish(ours, []);
    }
    for (const [id, x, y, meta] of message.moves) {
      if (x === null || y === null) this.owner.goneElsewhere(id);
      else if (isUserPointer(id) || pointers.isLive(id)) this.owner.movedElsewhere(id, [x, y], meta);
    }
  }

  async #publish(moved: readonly string[], gone: readonly string[]): Promise<void> {
    const { pointers } = this.owner;
    const moves: CursorsMessage["moves"] = [
      ...pointers.moves(moved).map(([id, x, y]) => {
        const meta = pointers.metaGiven(id);
        return meta ? ([id, x, y, meta] as const) : ([id, x, y] as const);
      }),
      ...gone.map((id) => [id, null, null] as const),
    ];
    this.#areOthersHere = (await this.room.send({ kind: "cursors", moves })) > 1;
  }
}
