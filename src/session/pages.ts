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
  /** most have one */
  readonly #byUser = new Map<string, T | Set<T>>();

  get size(): number {
    return this.#byConnection.size;
  }

  add(page: T): void {
    this.#byConnection.set(page.connectionId, page);
    const known = this.#byUser.get(page.userId);
    if (known instanceof Set) known.add(page);
    else this.#byUser.set(page.userId, known && known !== page ? new Set([known, page]) : page);
  }

  remove(page: T): void {
    if (!this.#byConnection.delete(page.connectionId)) return;
    const known = this.#byUser.get(page.userId);
    if (known instanceof Set) known.delete(page);
    if (known === page || (known instanceof Set && known.size === 0)) this.#byUser.delete(page.userId);
  }

  find(connectionId: string): T | undefined {
    return this.#byConnection.get(connectionId);
  }

  of(userId: string, tenant: string): readonly T[] {
    const known = this.#byUser.get(userId) ?? [];
    const pages = known instanceof Set || Array.isArray(known) ? [...known] : [known];
    return pages.filter((page) => page.tenant === tenant);
  }

  all(): readonly T[] {
    return [...this.#byConnection.values()];
  }
}
