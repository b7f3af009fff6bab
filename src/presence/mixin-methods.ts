import { hostOf, type LiveView } from "../live-view.js";
import { keyOfView } from "./view-key.js";
import type { PresenceMembers, RoomCallbacks, ViewRoom } from "./mixin-members.js";
import type { ViewHost } from "../view-host.js";
import { ViewPresence, type BroadcastOptions, type RoomUse } from "./mixin-room.js";
import { SecondRoom } from "./mixin-second-room.js";
import type { LeaveReason, Presence, PresenceChange, PresenceEvent } from "./presence.js";
import type { RoomChange } from "./roster.js";

type View = LiveView<any> & PresenceMembers<any, any>;
type Batch = Pick<RoomChange, "joins" | "updates" | "leaves">;
type AnyEvent = PresenceEvent<Record<string, unknown>>;

const secondRooms = new WeakMap<object, number>();

/** Where a view keeps its place in its own room. */
export const OWN_ROOM = Symbol("convive.ownRoom");

/** The room of a view's `presenceKey`. */
export function ownRoomOf(view: object): ViewPresence {
  return (view as { readonly [OWN_ROOM]: ViewPresence })[OWN_ROOM];
}

/** Gives a view that is being made its place in its own room. */
export function enterOwnRoom(view: LiveView<any>): ViewPresence {
  const host = hostOf(view);
  return new ViewPresence(host, new OwnRoom(view as View, host));
}

/** What a view does with its own room. */
class OwnRoom implements RoomUse {
  constructor(
    private readonly view: View,
    private readonly host: ViewHost,
  ) {}

  get connectionId(): string {
    return this.host.connectionId;
  }
  get maxMembers(): number | undefined {
    return (this.view.constructor as { maxMembers?: number }).maxMembers;
  }
  get isAutomatic(): boolean {
    return true;
  }
  get isInContext(): boolean {
    return true;
  }
  get isHearing(): boolean {
    return this.view.handlePresenceEvent !== PresenceMethods.prototype.handlePresenceEvent;
  }

  key(): string {
    return this.view.getPresenceKey();
  }
  userId(): string {
    return this.view.getPresenceUserId();
  }
  isListRead(): boolean {
    return this.host.templateReads("presences") || this.host.templateReads("presenceCount");
  }
  isStaleRead(): boolean {
    return this.host.templateReads("presenceStale");
  }
  changed(change: RoomChange): (() => unknown) | null {
    return hearsChange(this.view, change) ? () => this.view.handlePresenceChange(change) : null;
  }
  heard(message: AnyEvent): () => unknown {
    return () => this.view.handlePresenceEvent(message);
  }
}

/** A view that overrides no callback need not be woken for one. */
function hearsChange(view: View, { joins, updates, leaves }: RoomChange): boolean {
  const defaults = PresenceMethods.prototype;
  if (joins.length + updates.length + leaves.length === 0) return false;
  if (view.handlePresenceChange !== defaults.handlePresenceChange) return true;
  if (ownRoomOf(view).visit.isLarge) return false;
  return (
    (joins.length > 0 && view.handlePresenceJoin !== defaults.handlePresenceJoin) ||
    (updates.length > 0 && view.handlePresenceUpdate !== defaults.handlePresenceUpdate) ||
    (leaves.length > 0 && view.handlePresenceLeave !== defaults.handlePresenceLeave)
  );
}

/** The methods of every view with presence. */
abstract class PresenceMethods implements PresenceMembers<any, any> {
  watchPresence(): Promise<void> {
    return ownRoomOf(this).watch();
  }
  trackPresence(meta: object): Promise<void> {
    return ownRoomOf(this).visit.track(meta);
  }
  updatePresence(patch: object): Promise<void> {
    return ownRoomOf(this).visit.update(patch);
  }
  untrackPresence(): Promise<void> {
    return ownRoomOf(this).visit.untrack();
  }
  listPresences({ limit }: { limit?: number } = {}): readonly Presence<any>[] {
    return ownRoomOf(this).list("listPresences()", limit) as readonly Presence<any>[];
  }
  presenceCount(): number {
    return ownRoomOf(this).count("presenceCount()");
  }
  get presenceStale(): boolean {
    return ownRoomOf(this).askStale();
  }
  updatePresenceHeartbeat(): Promise<void> {
    return Promise.resolve();
  }

  getPresenceKey(): string {
    return (ownRoomOf(this).defaultKey ??= resolveKey(this as unknown as View));
  }
  getPresenceUserId(): string {
    const host = hostOf(this as unknown as View);
    const { presenceUniquePerConnection } = this.constructor as { presenceUniquePerConnection?: boolean };
    return presenceUniquePerConnection && host.user === null ? `anon_conn_${host.connectionId}` : host.userId;
  }

  broadcastToPresence(event: string, payload?: unknown, options?: BroadcastOptions): void {
    ownRoomOf(this).broadcast(event, payload, options);
  }
  presenceRoom(key: string, on: RoomCallbacks<any, any> = {}): ViewRoom<any, any> {
    const number = (secondRooms.get(this) ?? 0) + 1;
    secondRooms.set(this, number);
    return new SecondRoom(this as unknown as View, key, number, on);
  }

  handlePresenceJoin(_person: Presence<any>, _change: PresenceChange): void | Promise<void> {}
  handlePresenceUpdate(_person: Presence<any>, _change: PresenceChange & { previous: object }): void | Promise<void> {}
  handlePresenceLeave(
    _person: Presence<any>,
    _change: PresenceChange & { reason: LeaveReason },
  ): void | Promise<void> {}
  handlePresenceEvent(message: AnyEvent): void | Promise<void> {
    ownRoomOf(this).passOn(message);
  }
  async handlePresenceChange(batch: Batch): Promise<void> {
    const { visit } = ownRoomOf(this);
    if (!visit.isLarge) await tellEach(this, batch, ownRoomOf(this).userId);
  }
}

/** One callback that throws does not keep the others from being told; the first error is the batch's. */
async function tellEach(view: PresenceMethods, batch: Batch, userId: string): Promise<void> {
  const { updatesInFull = [], reasons } = batch as Partial<RoomChange>;
  const calls = [
    ...batch.joins.map((person) => () => view.handlePresenceJoin(person, { self: person.id === userId })),
    ...updatesInFull.map(({ person, previous }) => () => {
      return view.handlePresenceUpdate(person, { self: person.id === userId, previous });
    }),
    ...batch.leaves.map((person) => () => {
      const reason = reasons?.get(person.id) ?? "left";
      return view.handlePresenceLeave(person, { self: person.id === userId, reason });
    }),
  ];
  const errors: unknown[] = [];
  for (const call of calls) {
    try {
      await call();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

function resolveKey(view: View): string {
  const host = hostOf(view);
  const { presenceKey } = view.constructor as { presenceKey?: string };
  return presenceKey === undefined ? host.viewName : keyOfView(presenceKey, view, host);
}

/** As property descriptors, for the prototype of each class that the mixin makes. */
export const presenceMethods: Record<string, PropertyDescriptor> = Object.getOwnPropertyDescriptors(
  PresenceMethods.prototype,
);
delete presenceMethods["constructor"];
