import type { Timer } from "../clock.js";
import { freeze } from "../render/freeze.js";
import type { PresenceNode, RoomHold } from "./node.js";
import { byJoin, type Presence } from "./presence.js";
import type { Room } from "./room.js";
import type { RoomMessage, TypingMessage } from "./room-message.js";

/** Who writes where: by field, who came to the room first first. */
export type Typing = Readonly<Record<string, readonly Presence[]>>;

export const NOBODY_TYPES = freeze({}) as Typing;

interface Writer {
  readonly field: string;
  /** own time */
  readonly until: number;
}

const rooms = new WeakMap<Room, TypingRoom>();

/** Who is typing in one room, as this node hears it; it listens as long as a view looks. Nothing of it is stored. */
export class TypingRoom {
  readonly #writers = new Map<string, Writer>();
  readonly #viewers = new Set<() => void>();
  #hold: RoomHold | null = null;
  #unwatch: () => void = () => {};
  #timer: Timer | null = null;
  #typing: Typing | null = NOBODY_TYPES;

  private constructor(
    private readonly room: Room,
    private readonly node: PresenceNode,
  ) {}

  static of(room: Room, node: PresenceNode): TypingRoom {
    let typing = rooms.get(room);
    if (!typing) rooms.set(room, (typing = new TypingRoom(room, node)));
    return typing;
  }

  /** The same frozen object until somebody begins, ends, or is called otherwise. */
  get typing(): Typing {
    return (this.#typing ??= this.#listed());
  }

  /** Calls back when who types changes, until its undo is called. */
  watch(viewer: () => void): () => void {
    if (this.#viewers.size === 0) {
      this.#hold = this.node.retain(this.room);
      this.#unwatch = this.room.watch({
        changed: () => this.#writers.size > 0 && this.#changed(),
        message: (message) => this.#heard(message),
      });
    }
    this.#viewers.add(viewer);
    return () => {
      if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#stop();
    };
  }

  tell(connectionId: string, field: string | null): void {
    void this.room.send({ kind: "typing", connectionId, field } satisfies TypingMessage);
  }

  #heard(message: RoomMessage): void {
    if (message.kind !== "typing") return;
    const { connectionId, field } = message;
    const { clock, limits } = this.node;
    const known = this.#writers.get(connectionId)?.field ?? null;
    if (field === null) this.#writers.delete(connectionId);
    else this.#writers.set(connectionId, { field, until: clock.now() + limits.typingMs });
    this.#expireLater();
    if (known !== field) this.#changed();
  }

  /** Who says nothing more has stopped: the end of it may have been lost. */
  #expireLater(): void {
    if (this.#writers.size === 0) return;
    const { clock } = this.node;
    const next = Math.min(...[...this.#writers.values()].map(({ until }) => until));
    this.#timer ??= clock.after(Math.max(0, next - clock.now()), () => {
      this.#timer = null;
      const late = [...this.#writers].filter(([, { until }]) => until <= clock.now());
      for (const [connectionId] of late) this.#writers.delete(connectionId);
      if (late.length > 0) this.#changed();
      this.#expireLater();
    });
  }

  #changed(): void {
    this.#typing = null;
    for (const viewer of this.#viewers) viewer();
  }

  /** Those who are in the room: who left types no more, whatever was heard of him. */
  #listed(): Typing {
    const byField = new Map<string, Set<Presence>>();
    for (const [connectionId, { field }] of this.#writers) {
      const connection = this.room.connections.get(connectionId);
      const person = connection && !connection.isLingering ? this.room.find(connection.userId) : undefined;
      if (person) byField.set(field, (byField.get(field) ?? new Set()).add(person));
    }
    const lists = [...byField].map(([field, people]) => [field, [...people].toSorted(byJoin)] as const);
    return freeze(Object.fromEntries(lists)) as Typing;
  }

  #stop(): void {
    this.#unwatch();
    this.#timer?.clear();
    this.#timer = null;
    this.#writers.clear();
    this.#typing = NOBODY_TYPES;
    this.#hold?.release();
    this.#hold = null;
  }
}
