import { freeze } from "../render/freeze.js";
import type { PresenceNode } from "./node.js";
import { byJoin, type Presence } from "./presence.js";
import type { Room } from "./room.js";
import { RoomSigns } from "./signs.js";

/** Who writes where: by field, who came to the room first first. */
export type Typing = Readonly<Record<string, readonly Presence[]>>;

export const NOBODY_TYPES = freeze({}) as Typing;

const rooms = new WeakMap<Room, TypingRoom>();

/** Who is typing in one room, as this node hears it. */
export class TypingRoom {
  readonly #signs: RoomSigns<string>;
  #typing: Typing | null = null;

  private constructor(room: Room, node: PresenceNode) {
    this.#signs = new RoomSigns(room, node, { name: "typing", lifetimeMs: node.limits.typingMs });
  }

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
    return this.#signs.watch(() => {
      this.#typing = null;
      viewer();
    });
  }

  tell(connectionId: string, field: string | null): void {
    this.#signs.show(connectionId, field);
  }

  #listed(): Typing {
    const byField = new Map<string, Set<Presence>>();
    for (const { person, value: field } of this.#signs.shown()) {
      byField.set(field, (byField.get(field) ?? new Set()).add(person));
    }
    if (byField.size === 0) return NOBODY_TYPES;
    const lists = [...byField].map(([field, people]) => [field, [...people].toSorted(byJoin)] as const);
    return freeze(Object.fromEntries(lists)) as Typing;
  }
}
