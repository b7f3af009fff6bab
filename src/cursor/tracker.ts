import { systemClock } from "../clock.js";
import { ConviveError } from "../errors.js";
import { consoleLogger } from "../logger.js";
import { DEFAULT_LIMITS, resolveLimits } from "../options.js";
import { checkTenant } from "../presence/key.js";
import { MemoryBackend, MemoryStore } from "../presence/memory.js";
import { checkUserId, copyMeta } from "../presence/meta.js";
import { PresenceNode } from "../presence/node.js";
import { MemoryCache } from "./memory.js";
import { coordinate, type Cursors } from "./position.js";
import { CursorRooms } from "./rooms.js";

export type { Cursor, Cursors } from "./position.js";

let adopted: { readonly rooms: CursorRooms; readonly tenant: string } | null = null;

/** The public face of cursors that already are. */
export function trackerOf(rooms: CursorRooms, tenant = ""): CursorTracker {
  adopted = { rooms, tenant };
  try {
    return new CursorTracker();
  } finally {
    adopted = null;
  }
}

/**
 * Where pointers are, without any view: for bots and servers of your own. `live.cursors` is one; what it moves is shown in the pages of the room.
 *
 * @example
 * await live.cursors.updateCursor("board:42", "robot", 120, 80, { name: "Robot" });
 */
export class CursorTracker {
  /** A cursor without a connection that rests so long is gone; one of a page fades. */
  static readonly CURSOR_TIMEOUT_MS: number = DEFAULT_LIMITS.cursorTimeoutMs;

  readonly #rooms: CursorRooms;
  readonly #tenant: string;

  constructor() {
    this.#rooms = adopted?.rooms ?? standaloneRooms();
    this.#tenant = adopted?.tenant ?? "";
  }

  /**
   * The cursors of one tenant's rooms, though keys and user ids may be those of another.
   *
   * @example
   * await live.cursors.forTenant("acme").updateCursor("board:42", "robot", 120, 80);
   * @throws ConviveError PRESENCE_KEY_INVALID for a tenant that is no text, or too long
   */
  forTenant(tenant: string): CursorTracker {
    checkTenant(tenant, this.#rooms.limits.presenceKeyBytes);
    return trackerOf(this.#rooms, tenant);
  }

  /** @throws ConviveError CURSOR_INVALID, PRESENCE_KEY_INVALID, PRESENCE_USER_INVALID, PRESENCE_META_INVALID */
  async updateCursor(key: string, userId: string, x: number, y: number, meta: object = {}): Promise<void> {
    checkUserId(userId);
    const copied = copyMeta(meta, this.#rooms.limits);
    await this.#rooms.moveUser(this.#tenant, key, userId, checkPosition(x, y), copied);
  }

  /** The last positions by user id. */
  async getCursors<M extends object = object>(key: string): Promise<Cursors<M>> {
    return (await this.#rooms.cursors(this.#tenant, key)) as Cursors<M>;
  }

  async removeCursor(key: string, userId: string): Promise<void> {
    checkUserId(userId);
    await this.#rooms.removeUser(this.#tenant, key, userId);
  }
}

/** @throws ConviveError CURSOR_INVALID unless both are finite numbers */
export function checkPosition(x: unknown, y: unknown): readonly [x: number, y: number] {
  const [atX, atY] = [coordinate(x), coordinate(y)];
  if (atX !== null && atY !== null) return [atX, atY];
  throw new ConviveError("CURSOR_INVALID", "A cursor position is two finite numbers, x and y.");
}

function standaloneRooms(): CursorRooms {
  const [clock, logger] = [systemClock, consoleLogger];
  const backend = new MemoryBackend(new MemoryStore(clock, logger));
  const node = new PresenceNode({ backend, clock, logger, limits: resolveLimits() });
  return new CursorRooms(node, new MemoryCache(clock));
}
