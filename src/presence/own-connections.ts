import type { ConnectionRecord, Status } from "./presence.js";

/** A connection that this node carries, as it should stand in the store. */
export interface OwnConnection {
  readonly connectionId: string;
  readonly userId: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly status: Status;
  readonly isLingering: boolean;
  readonly since?: number;
  readonly joinedAt?: number;
  readonly revision?: number;
}

/** As it would stand in the store now; null for what is not carried. */
export function recordOf(own: OwnConnection | undefined, owner: string, joinedAt: number): ConnectionRecord | null {
  if (!own) return null;
  const since = own.joinedAt ?? joinedAt;
  return { revision: 0, since, ...own, joinedAt: since, owner };
}

/** What this node carries in one room, found by connection and by user. */
export class OwnConnections {
  readonly #all = new Map<string, OwnConnection>();
  readonly #byUser = new Map<string, Set<string>>();

  get all(): ReadonlyMap<string, OwnConnection> {
    return this.#all;
  }

  of(userId: string): readonly OwnConnection[] {
    return [...(this.#byUser.get(userId) ?? [])].map((connectionId) => this.#all.get(connectionId)!);
  }

  set(connection: OwnConnection): void {
    const { connectionId, userId } = connection;
    if (this.#all.get(connectionId)?.userId !== userId) this.delete(connectionId);
    this.#all.set(connectionId, connection);
    const own = this.#byUser.get(userId);
    if (own) own.add(connectionId);
    else this.#byUser.set(userId, new Set([connectionId]));
  }

  delete(connectionId: string): void {
    const { userId } = this.#all.get(connectionId) ?? {};
    if (userId === undefined) return;
    this.#all.delete(connectionId);
    const own = this.#byUser.get(userId)!;
    own.delete(connectionId);
    if (own.size === 0) this.#byUser.delete(userId);
  }
}
