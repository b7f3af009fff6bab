import { ConviveError, messageOf } from "../errors.js";
import { freeze } from "../render/freeze.js";
import { checkUserId, copyMeta } from "./meta.js";
import type { PresenceNode, RoomHold } from "./node.js";
import type { LeaveReason, Presence, PresencePermission, Status } from "./presence.js";
import type { RoomWatcher } from "./room-feed.js";
import type { RoomMessage } from "./room-message.js";
import type { RoomChange } from "./roster.js";
import { VisitTurns } from "./visit-turns.js";
import type { Visitor, VisitListener } from "./visitor.js";
import { checkMaxMembers, hasSeat, roomFull } from "./seats.js";

export type { Visitor, VisitListener } from "./visitor.js";

type Meta = Readonly<Record<string, unknown>>;
type GivenMeta = object | ((others: readonly Presence[]) => object);
type GivenPatch = object | ((meta: never) => object);

export const NOBODY = freeze([]) as readonly Presence[];

/** One visitor's place in one room: what it may, what it sees, and whether it is in the list. */
export class RoomVisit implements RoomWatcher {
  #turns: VisitTurns | null = null;
  #permission: PresencePermission | null = null;
  #hold: RoomHold | null = null;
  #entering: Promise<void> | null = null;
  #hasEntered = false;
  #isSeen = false;
  #glimpse: readonly Presence[] = NOBODY;
  #isGlimpseStale = false;
  /** of an HTTP render, which is in no list */
  #checkedMeta: Meta | null = null;
  #isEnded = false;

  constructor(
    private readonly node: PresenceNode,
    readonly visitor: Visitor,
    private readonly listener: VisitListener,
  ) {
    checkUserId(visitor.userId);
    checkMaxMembers(visitor.maxMembers);
    this.node.nameOf(visitor.tenant, visitor.key);
  }

  /** The list can be read; empty for who may not see it. */
  get isWatching(): boolean {
    return this.#isSeen;
  }

  get maySee(): boolean {
    return this.#permission?.see ?? false;
  }

  get mayTrack(): boolean {
    return this.#permission?.track ?? false;
  }

  get isTracked(): boolean {
    return this.#checkedMeta !== null || (this.#hold?.room.carries(this.visitor.connectionId) ?? false);
  }

  get presences(): readonly Presence[] {
    if (!this.visitor.isLasting) return this.first(this.node.limits.largeRoom);
    return this.#sees ? this.#hold!.room.presences : NOBODY;
  }

  get presenceCount(): number {
    if (!this.visitor.isLasting) return this.#glimpse.length;
    return this.#sees ? this.#hold!.room.count : 0;
  }

  /** The list may be out of date, since the store cannot be reached. */
  get isStale(): boolean {
    if (!this.visitor.isLasting) return this.#isGlimpseStale;
    return this.#sees && this.#hold!.room.isOutOfDate;
  }

  /** The first of everybody, also beyond what a large room lists. */
  first(limit: number): readonly Presence[] {
    if (this.visitor.isLasting) return this.#sees ? this.#hold!.room.first(limit) : NOBODY;
    return limit >= this.#glimpse.length
      ? this.#glimpse
      : (freeze(this.#glimpse.slice(0, limit)) as readonly Presence[]);
  }

  /** Only batches are told of a large room. */
  get isLarge(): boolean {
    return this.#hold?.room.isLarge ?? false;
  }

  find(userId: string): Presence | null {
    if (!this.visitor.isLasting) return this.#glimpse.find(({ id }) => id === userId) ?? null;
    return (this.#sees && this.#hold!.room.find(userId)) || null;
  }

  get hold(): RoomHold | null {
    return this.#hold;
  }

  /** Begins to see the room. Who may not see it sees an empty one; `mustSee` makes that an error. */
  async watch({ mustSee = false }: { readonly mustSee?: boolean } = {}): Promise<void> {
    if (!this.#hasEntered) await this.#enter();
    if (mustSee && !this.#permission!.see) throw this.#forbidden("see");
    this.#isSeen = true;
  }

  /** Enters the list, or changes what stands there. Resolves when the own list shows it. */
  track(meta: GivenMeta): Promise<void> {
    return this.#inTurn(async () => {
      await this.watch();
      if (!this.#permission!.track) throw this.#forbidden("be in");
      const given = typeof meta === "function" ? meta(this.#others()) : meta;
      if (this.isTracked) return this.#change({ ...this.#meta, ...given });
      const copied = copyMeta(given, this.node.limits);
      if (!this.visitor.isLasting) this.#pretend(copied);
      else if (!this.#isEnded) {
        const { connectionId, userId, maxMembers } = this.visitor;
        await this.#hold!.room.track({ connectionId, userId, maxMembers, meta: copied });
      }
    });
  }

  update(patch: GivenPatch): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.isTracked) {
        throw new ConviveError(
          "PRESENCE_NOT_TRACKED",
          "There is no presence to update; call trackPresence(meta) first.",
        );
      }
      const given = typeof patch === "function" ? patch(this.#meta as never) : patch;
      await this.#change({ ...this.#meta, ...given });
    });
  }

  /** Leaves the list at once; goes on seeing it. Harmless when not in it. */
  untrack(): Promise<void> {
    return this.#inTurn(async () => {
      this.#checkedMeta = null;
      await this.#hold?.room.leave(this.visitor.connectionId, "left");
    });
  }

  setStatus(status: Status): void {
    this.#hold?.room.setStatus(this.visitor.connectionId, status);
  }

  send(message: RoomMessage): void {
    if (this.visitor.isLasting && !this.#isEnded) void this.#hold?.room.send(message);
  }

  park(graceMs: number): void {
    const reason: LeaveReason = graceMs <= this.node.limits.graceUnloadMs ? "closed" : "timeout";
    this.#hold?.room.linger(this.visitor.connectionId, graceMs, reason);
  }

  /** The visitor is back: what it may is asked anew. */
  async resume(): Promise<void> {
    if (!this.#hold) return;
    await this.#permitAnew();
    if (this.#permission!.track) await this.#hold.room.wake(this.visitor.connectionId);
  }

  /** Leaves and lets the room go. Idempotent. */
  async end(reason: LeaveReason): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#entering?.catch(() => {});
    const hold = this.#hold;
    hold?.room.unwatch(this);
    this.#hold = null;
    // The node's own end keeps the place in the list, for who comes back at another node.
    if (this.node.isRetiring) return;
    void hold?.room.leave(this.visitor.connectionId, reason);
    hold?.release();
    // What is told to the room need not be seen here any more.
    await hold?.room.drain();
  }

  // ── what the room tells ──

  changed(change: RoomChange): void {
    if (this.#sees) this.listener.changed?.(change);
  }
  message(message: RoomMessage): void {
    if (this.#sees) this.listener.message?.(message);
  }
  staleChanged(): void {
    if (this.#sees) this.listener.staleChanged?.();
  }
  kicked(userId: string): void {
    if (userId === this.visitor.userId) this.#kicked();
  }

  get #sees(): boolean {
    return this.#hold !== null && this.#permission !== null && this.#permission.see;
  }

  get #meta(): Meta {
    return this.#checkedMeta ?? this.#hold?.room.metaOf(this.visitor.connectionId) ?? {};
  }

  /** Most who look on have never had a turn. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turns ??= new VisitTurns(this.node.logger, this.visitor.key);
    return this.#turns.take(work);
  }

  #enter(): Promise<void> {
    this.#entering ??= this.#enterOnce()
      .then(() => void (this.#hasEntered = true))
      .finally(() => (this.#entering = null));
    return this.#entering;
  }

  async #enterOnce(): Promise<void> {
    const { tenant, key, isLasting } = this.visitor;
    const since = this.node.orders.last;
    this.#permission = await this.#permit();
    if (!isLasting) {
      if (this.#permission.see) this.#glimpse = await this.#look();
      return;
    }
    if (this.#isEnded || (!this.#permission.see && !this.#permission.track)) return;
    const hold = await this.node.host(tenant, key);
    this.#hold = hold;
    hold.room.enter(this);
    // An order that came meanwhile found nobody here to obey it.
    if (this.node.orders.since(since, this.visitor)) await this.#permitAnew();
  }

  /** A page must come also while the store is away; its socket shows the list as soon as that is known. */
  async #look(): Promise<readonly Presence[]> {
    const { tenant, key } = this.visitor;
    try {
      this.#isGlimpseStale = this.node.isDegraded;
      return await this.node.read(tenant, key);
    } catch (error) {
      this.node.logger.warn({ key, error: messageOf(error) }, "a list could not be read for a first render");
      this.#isGlimpseStale = true;
      return this.node.find(tenant, key)?.everybody ?? NOBODY;
    }
  }

  #others(): readonly Presence[] {
    const people = this.visitor.isLasting ? this.#hold!.room.everybody : this.#glimpse;
    const others = this.#permission!.see ? people.filter(({ id }) => id !== this.visitor.userId) : NOBODY;
    return others;
  }

  /** An HTTP render is in no list, but a page that its socket will refuse need not be shown first. */
  #pretend(meta: Meta): void {
    const { key, userId, maxMembers = Infinity } = this.visitor;
    if (!hasSeat(new Set(this.#glimpse.map(({ id }) => id)), userId, maxMembers)) throw roomFull(key, maxMembers);
    this.#checkedMeta = meta;
  }

  async #change(meta: object): Promise<void> {
    const copied = copyMeta(meta, this.node.limits);
    if (this.#checkedMeta) this.#checkedMeta = copied;
    else await this.#hold!.room.update(this.visitor.connectionId, copied);
  }

  #permit(): Promise<PresencePermission> {
    const { user, userId, key, via } = this.visitor;
    return this.node.permit({ user, userId, key, via });
  }

  async #permitAnew(): Promise<void> {
    this.#permission = await this.#permit();
    if (!this.#permission.track) await this.#hold?.room.leave(this.visitor.connectionId, "removed");
  }

  #kicked(): void {
    // Nothing more is seen until the answer is there.
    this.#permission = { see: false, track: false };
    this.#permitAnew()
      .catch((error: unknown) => this.node.logger.error({ key: this.visitor.key, error }, "a permission was not given"))
      .finally(() => this.listener.kicked?.());
  }

  #forbidden(what: string): ConviveError {
    return new ConviveError(
      "PRESENCE_FORBIDDEN",
      `authorizePresence() does not let this user ${what} the room ${JSON.stringify(this.visitor.key)}.`,
      { status: 403 },
    );
  }
}
