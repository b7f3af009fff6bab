/** A mounted page of this node, on its socket or parked. */
export interface MountedPage {
  readonly connectionId: string;
  readonly userId: string;
  readonly tenant: string;
  push(event: string, payload: unknown): void;
}

/** The pages mounted on this node: by connection, to be resumed; by person, to be told something. */
export class Pages<T extends MountedPage> {
  readonly #byConnection = new Map<string, T>();
  readonly #byUser = new Map<string, Set<T>>();

  get size(): number {
    return this.#byConnection.size;
  }

  add(page: T): void {
    this.#byConnection.set(page.connectionId, page);
    const pages = this.#byUser.get(page.userId);
    if (pages) pages.add(page);
    else this.#byUser.set(page.userId, new Set([page]));
  }

  remove(page: T): void {
    if (!this.#byConnection.delete(page.connectionId)) return;
    const pages = this.#byUser.get(page.userId);
    pages?.delete(page);
    if (pages?.size === 0) this.#byUser.delete(page.userId);
  }

  find(connectionId: string): T | undefined {
    return this.#byConnection.get(connectionId);
  }

  of(userId: string, tenant: string): readonly T[] {
    return [...(this.#byUser.get(userId) ?? [])].filter((page) => page.tenant === tenant);
  }

  all(): readonly T[] {
    return [...this.#byConnection.values()];
  }
}
