import type { Clock } from "../clock.js";
import type { Room } from "../presence/room.js";
import type { CursorMove, CursorPerson } from "../protocol.js";
import { cursorsByUser, type Cursors, type UserCursor } from "./position.js";

interface Pointer {
  readonly x: number;
  readonly y: number;
  readonly timestamp: number;
  /** moved here, not on another node */
  readonly isOurs: boolean;
  /** of a pointer without a connection */
  readonly meta?: Readonly<object> | undefined;
}

/** Marks a pointer without a connection: its user's id follows. No connection id begins so. */
const USER_MARK = "@";

export function userPointer(userId: string): string {
  return USER_MARK + userId;
}

export function isUserPointer(id: string): boolean {
  return id.startsWith(USER_MARK);
}

/** The latest position of each pointer of a room, what changed since it was last told, and who they are. */
export class Pointers {
  readonly #all = new Map<string, Pointer>();
  readonly #moved = new Set<string>();
  readonly #gone = new Set<string>();
  /** what viewers know of who a pointer is */
  readonly #told = new Map<string, string>();
  #cursors: Cursors<object> | null = null;

  constructor(
    private readonly room: Room,
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.#all.size;
  }
  get ids(): readonly string[] {
    return [...this.#all.keys()];
  }

  /** By user: one frozen object until the next `take`. */
  get cursors(): Cursors<object> {
    this.#cursors ??= cursorsByUser(this.entries(this.ids).map(([, cursor]) => cursor));
    return this.#cursors;
  }

  /** Its connection is in the room and has a socket; or it has none at all. */
  isLive(id: string): boolean {
    return isUserPointer(id) || this.room.connections.get(id)?.isLingering === false;
  }

  isOurs(id: string): boolean {
    return this.#all.get(id)?.isOurs ?? false;
  }

  put(id: string, [x, y]: readonly [x: number, y: number], isOurs: boolean, meta?: object): void {
    this.#all.set(id, { x, y, timestamp: this.clock.wallTime(), isOurs, meta });
    this.#gone.delete(id);
    this.#moved.add(id);
  }

  remove(id: string): boolean {
    if (!this.#all.delete(id)) return false;
    this.#moved.delete(id);
    this.#told.delete(id);
    this.#gone.add(id);
    return true;
  }

  /** Pointers whose connection is gone. */
  orphans(): readonly string[] {
    return this.ids.filter((id) => !this.isLive(id));
  }

  /** Pointers of who is called otherwise than viewers were told count as moved. True when there are any. */
  noticeNames(): boolean {
    const renamed = this.ids.filter((id) => this.#told.has(id) && this.#told.get(id) !== this.#nameOf(id));
    for (const id of renamed) this.#moved.add(id);
    return renamed.length > 0;
  }

  /** Pointers without a connection that did not move for so long. */
  expired(ms: number): readonly string[] {
    const before = this.clock.wallTime() - ms;
    return this.ids.filter((id) => isUserPointer(id) && this.#all.get(id)!.timestamp <= before);
  }

  hasUserPointers(): boolean {
    return this.ids.some(isUserPointer);
  }

  of(userId: string): readonly string[] {
    return this.ids.filter((id) => this.#userOf(id) === userId);
  }

  /** What moved and what is gone since the last time. */
  take(): { readonly moved: readonly string[]; readonly gone: readonly string[] } {
    const taken = { moved: [...this.#moved], gone: [...this.#gone] };
    this.#moved.clear();
    this.#gone.clear();
    this.#cursors = null;
    return taken;
  }

  moves(ids: readonly string[]): readonly CursorMove[] {
    return ids.map((id) => {
      const { x, y } = this.#all.get(id)!;
      return [id, x, y];
    });
  }

  metaGiven(id: string): object | undefined {
    return this.#all.get(id)?.meta;
  }

  people(ids: readonly string[]): Readonly<Record<string, CursorPerson>> {
    return Object.fromEntries(ids.map((id) => [id, this.#personOf(id)]));
  }

  /** Those of them whom viewers do not know yet, or by another name; they are told now. */
  strangers(ids: readonly string[]): readonly string[] {
    const strangers = ids.filter((id) => this.#told.get(id) !== this.#nameOf(id));
    for (const id of strangers) this.#told.set(id, this.#nameOf(id));
    return strangers;
  }

  entries(ids: readonly string[]): readonly (readonly [string, UserCursor])[] {
    return ids.flatMap((id) => {
      const pointer = this.#all.get(id);
      if (!pointer) return [];
      const { x, y, timestamp } = pointer;
      return [[id, { x, y, timestamp, meta: this.#metaOf(id), userId: this.#userOf(id) }] as const];
    });
  }

  #nameOf(id: string): string {
    return JSON.stringify(this.#personOf(id));
  }

  #personOf(id: string): CursorPerson {
    const { name, color } = this.#metaOf(id) as { name?: unknown; color?: unknown };
    return {
      user: this.#userOf(id),
      ...(typeof name === "string" ? { name } : {}),
      ...(typeof color === "string" ? { color } : {}),
    };
  }

  #userOf(id: string): string {
    return isUserPointer(id) ? id.slice(USER_MARK.length) : (this.room.connections.get(id)?.userId ?? "");
  }

  #metaOf(id: string): object {
    return this.#all.get(id)?.meta ?? this.room.connections.get(id)?.meta ?? {};
  }
}
