/**
 * Small things by room and field that expire. Fields are written one by one: no writer ever reads and writes back a whole room,
 * so that nothing a neighbour wrote is lost.
 */
export interface Cache {
  /** Sets fields; each expires after `ttlMs`. */
  set(room: string, fields: ReadonlyMap<string, string>, ttlMs: number): Promise<void>;
  /** All fields of a room that have not expired. */
  get(room: string): Promise<ReadonlyMap<string, string>>;
  delete(room: string, fields: readonly string[]): Promise<void>;
  close(): Promise<void>;
}
