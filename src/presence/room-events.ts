import type { Room as PlainRoom, RoomChange as PlainRoomChange } from "./connection.js";
import { Listeners } from "./listeners.js";
import type { PresenceNode } from "./node.js";
import { plainChangeOf } from "./plain-changes.js";
import type { Presence } from "./presence.js";
import type { RoomChange } from "./roster.js";

export type PersonListener = (change: { key: string; person: Presence<any> }) => unknown;
export type PersonEvent = "join" | "leave" | "update";
export type ChangeListener = (change: PlainRoomChange<any>) => unknown;

const WHAT = "a presence listener";

/** Tells what happens in the rooms of one tenant that this node takes part in; hears the node only while somebody listens. */
export class RoomEvents {
  readonly #people: Readonly<Record<PersonEvent, Listeners<PersonListener>>>;
  readonly #changes: Listeners<ChangeListener>;
  #stopHearing: (() => void) | null = null;

  constructor(
    private readonly node: PresenceNode,
    private readonly tenant: string,
    private readonly roomOf: (key: string) => PlainRoom<any>,
  ) {
    const people = () => new Listeners<PersonListener>(node.logger, WHAT);
    this.#people = { join: people(), update: people(), leave: people() };
    this.#changes = new Listeners(node.logger, WHAT);
  }

  onChange(listener: ChangeListener): () => void {
    return this.#hear(this.#changes.add(listener));
  }

  onPerson(event: PersonEvent, listener: PersonListener): () => void {
    return this.#hear(this.#people[event].add(listener));
  }

  /** Nobody is told anything any more. Idempotent. */
  stop(): void {
    this.#stopHearing?.();
    this.#stopHearing = null;
  }

  #hear(remove: () => void): () => void {
    this.#stopHearing ??= this.node.onChange((room, change) => {
      if (room.tenant === this.tenant) this.#tell(room.key, change);
    });
    return () => {
      remove();
      const { join, update, leave } = this.#people;
      if (join.size + update.size + leave.size + this.#changes.size === 0) this.stop();
    };
  }

  #tell(key: string, change: RoomChange): void {
    const { joins, updates, leaves, removed, isBulk } = plainChangeOf(change);
    const { join, update, leave } = this.#people;
    for (const person of joins) join.tell((listener) => listener({ key, person }));
    for (const person of updates) update.tell((listener) => listener({ key, person }));
    for (const person of leaves) leave.tell((listener) => listener({ key, person }));
    if (this.#changes.size === 0) return;
    const nothing = { room: this.roomOf(key), added: null, removed: null, bulk: false };
    const tell = (told: PlainRoomChange<any>) => this.#changes.tell((listener) => listener(told));
    for (const person of removed) tell({ ...nothing, removed: person });
    if (isBulk) tell({ ...nothing, bulk: true });
    for (const person of joins) tell({ ...nothing, added: person });
  }
}
