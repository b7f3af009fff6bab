import { freeze } from "../render/freeze.js";

/** Where somebody's pointer was last. */
export interface Cursor<M> {
  readonly x: number;
  readonly y: number;
  /** ms since 1970 of the last move; one that rests for `CURSOR_TIMEOUT_MS` is idle */
  readonly timestamp: number;
  readonly meta: Readonly<M>;
}

/** The last positions of a room by user id; of several tabs, the one that moved last. */
export type Cursors<M> = Readonly<Record<string, Cursor<M>>>;

/** One entry per pointer, before it is folded by user. */
export interface UserCursor extends Cursor<object> {
  readonly userId: string;
}

const MAX_COORDINATE = 1_000_000;
const PRECISION = 100;

/** A coordinate as it is kept: finite, clamped, rounded; null for what is none. */
export function coordinate(value: unknown): number | null {
  if (typeof value !== "number" || !Number.isFinite(value)) return null;
  return Math.round(Math.min(Math.max(value, -MAX_COORDINATE), MAX_COORDINATE) * PRECISION) / PRECISION;
}

export function cursorsByUser(pointers: Iterable<UserCursor>): Cursors<object> {
  const latest = new Map<string, Cursor<object>>();
  for (const { userId, x, y, timestamp, meta } of pointers) {
    const known = latest.get(userId);
    if (!known || known.timestamp <= timestamp) latest.set(userId, { x, y, timestamp, meta });
  }
  return freeze(Object.fromEntries(latest));
}
