import type { Clock } from "../clock.js";
import type { Room } from "./room.js";

/** A room held open; it is let go when the last holder released it. */
export interface RoomHold {
  readonly room: Room;
  /** Idempotent. */
  release(): void;
}

interface Held {
  readonly room: Room;
  holders: number;
}

/** There are as many as viewers. */
class Hold implements RoomHold {
  #isHeld = true;

  constructor(
    private readonly rooms: HostedRooms,
    private readonly held: Held,
  ) {}

  get room(): Room {
    return this.held.room;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.rooms.released(this.held);
  }
}

const LEFT_ROOM_KEPT_MS = 60_000;

/** The rooms that a node hosts, each as long as somebody holds it or the store has not heard all of it. */
export class HostedRooms {
  readonly #held = new Map<string, Held>();
  /** rooms that this process had connections in, until when (own clock) */
  readonly #left = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  get all(): readonly Room[] {
    return [...this.#held.values()].map(({ room }) => room);
  }

  /** Names of rooms that this process may have left something in lately, and hosts no more. */
  get left(): readonly string[] {
    return [...this.#left.keys()].filter((name) => !this.#held.has(name));
  }

  find(name: string): Room | undefined {
    return this.#held.get(name)?.room;
  }

  /** Holds the room of this name, which is made if it is not there. */
  hold(name: string, make: () => Room): RoomHold {
    let held = this.#held.get(name);
    if (!held) this.#held.set(name, (held = { room: make(), holders: 0 }));
    held.holders += 1;
    return new Hold(this, held);
  }

  released(held: Held): void {
    held.holders -= 1;
    void this.#dropUnheld(held);
  }

  /** Once per tick of the node: lets go of what is done with. */
  tidy(): void {
    for (const [name, until] of this.#left) if (until <= this.clock.now()) this.#left.delete(name);
    for (const held of [...this.#held.values()]) void this.#dropUnheld(held);
  }

  clear(): void {
    for (const room of this.all) room.stop();
    this.#held.clear();
  }

  /** A room in doubt stays until the store has heard what it should. */
  async #dropUnheld(held: Held): Promise<void> {
    const { room } = held;
    if (held.holders > 0) return;
    const isDone = await room.drain();
    if (held.holders > 0 || this.#held.get(room.name) !== held || !isDone) return;
    this.#held.delete(room.name);
    if (room.hasCarried) this.#left.set(room.name, this.clock.now() + LEFT_ROOM_KEPT_MS);
    room.stop();
  }
}
