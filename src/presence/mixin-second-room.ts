import { hostOf, type LiveView } from "../live-view.js";
import { CONTEXT_VALUE } from "../view-host.js";
import { keyOfView } from "./view-key.js";
import type { PresenceMembers, RoomCallbacks, ViewRoom } from "./mixin-members.js";
import { ViewPresence, type BroadcastOptions } from "./mixin-room.js";
import type { Presence } from "./presence.js";
import type { RoomChange } from "./roster.js";

/** What `presenceRoom` returns; in the context it stands as its list. */
export class SecondRoom implements ViewRoom<any, any> {
  readonly #room: ViewPresence;

  constructor(
    view: LiveView<any> & PresenceMembers<any, any>,
    template: string,
    number: number,
    private readonly on: RoomCallbacks<any, any>,
  ) {
    const host = hostOf(view);
    this.#room = new ViewPresence(host, {
      key: () => keyOfView(template, view, host),
      userId: () => view.getPresenceUserId(),
      connectionId: `${host.connectionId}.${number}`,
      maxMembers: on.maxMembers,
      isAutomatic: true,
      isInContext: false,
      isListRead: () => true,
      isStaleRead: () => false,
      changed: (change) => (this.#hears(change) ? () => this.#tell(change) : null),
      heard: (message) => () => on.event?.(message),
      isHearing: on.event !== undefined,
    });
  }

  get key(): string {
    return this.#room.key;
  }
  get presences(): readonly Presence<any>[] {
    return this.#room.presences as readonly Presence<any>[];
  }
  get presenceCount(): number {
    return this.#room.presenceCount;
  }
  get presenceStale(): boolean {
    return this.#room.askStale();
  }
  watch(): Promise<void> {
    return this.#room.watch();
  }
  track(meta: object): Promise<void> {
    return this.#room.visit.track(meta);
  }
  update(patch: object): Promise<void> {
    return this.#room.visit.update(patch);
  }
  untrack(): Promise<void> {
    return this.#room.visit.untrack();
  }
  broadcast(event: string, payload?: unknown, options?: BroadcastOptions): void {
    this.#room.broadcast(event, payload, options);
  }

  [CONTEXT_VALUE](): readonly Presence[] {
    return this.#room.presences;
  }

  #hears({ joins, leaves }: RoomChange): boolean {
    if (this.#room.visit.isLarge) return false;
    const { join, leave } = this.on;
    return (joins.length > 0 && join !== undefined) || (leaves.length > 0 && leave !== undefined);
  }

  async #tell({ joins, leaves }: RoomChange): Promise<void> {
    const { userId } = this.#room.visit.visitor;
    for (const person of joins) await this.on.join?.(person as Presence<any>, { self: person.id === userId });
    for (const person of leaves) await this.on.leave?.(person as Presence<any>, { self: person.id === userId });
  }
}
