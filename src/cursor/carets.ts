import type { Clock, Timer } from "../clock.js";
import type { PresenceNode } from "../presence/node.js";
import type { Room } from "../presence/room.js";
import { RoomSigns } from "../presence/signs.js";
import { CARETS, encodeFrame, PRESENCE_EVENT, ROOM_TOPIC, type CaretPayload } from "../protocol.js";

/** Where somebody's caret stands, or what he has selected: offsets in the text of a field, in UTF-16 units. */
export interface Caret {
  readonly field: string;
  readonly start: number;
  readonly end: number;
}

/** A page that is shown the carets of a room. */
export interface CaretViewer {
  send(frame: { readonly bytes: Buffer }): void;
}

/** More would hide the text. */
const MAX_CARETS = 100;

const rooms = new WeakMap<Room, CaretRoom>();

/** The carets of one room on this node: told once per room tick, in one frame for all viewers. */
export class CaretRoom {
  readonly #signs: RoomSigns<Caret>;
  readonly #viewers = new Set<CaretViewer>();
  readonly #topic: string;
  readonly #clock: Clock;
  readonly #tickMs: number;
  #unwatch: () => void = () => {};
  #tick: Timer | null = null;
  #isDue = false;

  private constructor(room: Room, node: PresenceNode) {
    this.#topic = ROOM_TOPIC + room.key;
    this.#clock = node.clock;
    this.#tickMs = node.limits.roomTickMs;
    this.#signs = new RoomSigns(room, node, { name: "caret", lifetimeMs: null });
  }

  static of(room: Room, node: PresenceNode): CaretRoom {
    let carets = rooms.get(room);
    if (!carets) rooms.set(room, (carets = new CaretRoom(room, node)));
    return carets;
  }

  get carets(): CaretPayload {
    const shown = [...this.#signs.shown()].slice(0, MAX_CARETS);
    return {
      carets: shown.map(({ connectionId, person, value: { field, start, end } }) => {
        const { name, color } = person.meta as { readonly name?: unknown; readonly color?: unknown };
        return { connectionId, field, start, end, name: textOf(name), color: textOf(color) };
      }),
    };
  }

  /** Tells the viewer of every change until the undo is called. */
  watch(viewer: CaretViewer): () => void {
    if (this.#viewers.size === 0) this.#unwatch = this.#signs.watch(() => this.#changed());
    this.#viewers.add(viewer);
    return () => {
      if (!this.#viewers.delete(viewer) || this.#viewers.size > 0) return;
      this.#unwatch();
      this.#tick?.clear();
      this.#tick = null;
    };
  }

  show(connectionId: string, caret: Caret | null): void {
    this.#signs.show(connectionId, caret);
  }

  /** The first change at once, further ones with the tick. */
  #changed(): void {
    this.#isDue = true;
    if (this.#tick) return;
    this.#tell();
    this.#tick = this.#clock.after(this.#tickMs, () => {
      this.#tick = null;
      if (this.#isDue) this.#changed();
    });
  }

  #tell(): void {
    this.#isDue = false;
    const payload = { event: CARETS, payload: this.carets };
    const frame = { bytes: Buffer.from(encodeFrame([null, null, this.#topic, PRESENCE_EVENT, payload])) };
    for (const viewer of this.#viewers) viewer.send(frame);
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
