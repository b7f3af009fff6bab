/** What rooms share, by the id of the room. A database would do the same. */
export interface Store<T> {
  load(id: string): Promise<T>;
  /** Lays a change over what is kept, whoever else changes it at the same time. */
  change<P>(id: string, change: (value: T, payload: P) => T, payload: P): Promise<void>;
}
