import { ConviveError } from "../errors.js";
import { encodeFrame, PRESENCE_EVENT, ROOM_TOPIC, type JoinReply, type PushPayload } from "../protocol.js";
import type { User } from "../register.js";
import type { EndReason, SharedFrame, ViewHost, ViewTrait } from "../view-host.js";
import type { Presence, PresenceEvent, Status } from "./presence.js";
import type { PresenceMessage, RoomMessage } from "./room-message.js";
import { NOBODY, RoomVisit, type Visitor, type VisitListener } from "./room-visit.js";
import type { RoomChange } from "./roster.js";

/** What a view does with what it hears of a room. */
export interface RoomUse {
  /** Asked once, when presence begins. */
  key(): string;
  userId(): string;
  readonly connectionId: string;
  /** How many people may be in it; any number when undefined. */
  readonly maxMembers: number | undefined;
  /** Whether it is watched from the end of `mount` without being asked. */
  readonly isAutomatic: boolean;
  /** Whether a change of the list is a reason to render. */
  isListRead(): boolean;
  /** Whether the template shows that the list is out of date. */
  isStaleRead(): boolean;
  /** Whether the room's list is in the context. */
  readonly isInContext: boolean;
  /** Work for the mailbox, or null when nobody there would notice. */
  changed(change: RoomChange): (() => unknown) | null;
  /** Work for the mailbox, or null: then it is passed on to the page. */
  heard(message: PresenceEvent<Record<string, unknown>>): (() => unknown) | null;
  /** Whether `heard` answers with work; a message is not read when it does not. */
  readonly isHearing: boolean;
}

export interface BroadcastOptions {
  readonly exceptSelf?: boolean;
  readonly only?: string;
}

/** One frame per message, whatever the number of pages it goes to. */
const frames = new WeakMap<PresenceMessage, SharedFrame>();

const LINES = ["presences", "presenceCount", "presenceStale"];
const NO_LINES: readonly string[] = [];

/** One view's place in one room: the view's own room and those of `presenceRoom` are each one of these. */
export class ViewPresence implements ViewTrait, Visitor, VisitListener {
  /** The key made from the view's template, once it was asked for; an own `getPresenceKey()` may make another of it. */
  defaultKey: string | null = null;
  #visit: RoomVisit | null = null;
  #key: string | null = null;
  #userId: string | null = null;
  #isTopicTold = false;
  #isListed = false;
  #isStaleAsked = false;

  constructor(
    private readonly host: ViewHost,
    private readonly use: RoomUse,
  ) {
    host.addTrait(this);
  }

  // ── the visitor ──

  get tenant(): string {
    return this.host.tenant;
  }
  /** Who comes back may have other rights than when he left. */
  get user(): User | null {
    return this.host.user;
  }
  /** Frozen at first use. */
  get userId(): string {
    return (this.#userId ??= this.use.userId());
  }
  get connectionId(): string {
    return this.use.connectionId;
  }
  get via(): "view" {
    return "view";
  }
  get isLasting(): boolean {
    return this.host.connected;
  }
  get maxMembers(): number | undefined {
    return this.use.maxMembers;
  }

  // ── the room ──

  /** Frozen at first use: what the view's fields become later does not move it to another room. */
  get key(): string {
    return (this.#key ??= this.use.key());
  }

  get visit(): RoomVisit {
    return (this.#visit ??= new RoomVisit(this.host.node.rooms, this, this));
  }

  /** Empty until the room is watched, and for who may not see it. */
  get presences(): readonly Presence[] {
    return this.#visit?.isWatching ? this.#visit.presences : NOBODY;
  }
  get presenceCount(): number {
    return this.#visit?.isWatching ? this.#visit.presenceCount : 0;
  }

  /** False also until the room is watched, and for who may not see it. */
  get isStale(): boolean {
    return this.#visit?.isStale ?? false;
  }

  /** As `isStale`, for code: what it made of the answer is rendered again when that is another. */
  askStale(): boolean {
    this.#isStaleAsked = true;
    return this.isStale;
  }

  /** As `presences`, for code: what is not watched yet is an error. @throws ConviveError PRESENCE_NOT_WATCHED */
  list(method: string, limit?: number): readonly Presence[] {
    this.#mustWatch(method);
    return limit === undefined ? this.visit.presences : this.visit.first(limit);
  }

  count(method: string): number {
    this.#mustWatch(method);
    return this.visit.presenceCount;
  }

  /** @throws ConviveError PRESENCE_FORBIDDEN */
  watch(): Promise<void> {
    return this.visit.watch({ mustSee: true });
  }

  broadcast(event: string, payload: unknown = {}, { exceptSelf = false, only }: BroadcastOptions = {}): void {
    const { userId, connectionId } = this;
    const message: PresenceMessage = {
      kind: "event",
      event,
      payload,
      from: { userId, connectionId },
      ...(exceptSelf ? { isExceptSelf: true } : {}),
      ...(only === undefined ? {} : { only }),
    };
    if (this.visit.isWatching) this.visit.send(message);
    else this.host.enqueue(() => this.visit.watch().then(() => this.visit.send(message)));
  }

  /** Passes a message on to this page alone, as the default of a view that hears messages itself. */
  passOn({ event, payload }: PresenceEvent<Record<string, unknown>>): void {
    this.host.push(event, payload);
  }

  // ── the view's life ──

  async mounted(): Promise<void> {
    if (this.use.isAutomatic) await this.visit.watch();
  }

  joined(): Partial<JoinReply> {
    if (!this.#visit?.maySee) return {};
    this.#isTopicTold = true;
    return { rooms: [ROOM_TOPIC + this.key] };
  }

  parked(graceMs: number): void {
    this.#visit?.park(graceMs);
  }

  async resumed(): Promise<void> {
    await this.#visit?.resume();
  }

  async ended(reason: EndReason): Promise<void> {
    await this.#visit?.end(reason);
  }

  status(status: Status): void {
    this.#visit?.setStatus(status);
  }

  get lines(): readonly string[] {
    return this.use.isInContext ? LINES : NO_LINES;
  }

  line(name: string): unknown {
    if (name === "presences") return this.presences;
    return name === "presenceCount" ? this.presenceCount : this.isStale;
  }

  // ── what is heard ──

  changed(change: RoomChange): void {
    const work = this.use.changed(change);
    if (work) this.host.enqueue(work);
    else if (this.#isListed || this.use.isListRead()) this.host.changed();
  }

  kicked(): void {
    this.host.changed();
  }

  staleChanged(): void {
    if (this.#isStaleAsked || this.use.isStaleRead()) this.host.changed();
  }

  message(message: RoomMessage): void {
    if (message.kind !== "event" || !this.#isForUs(message)) return;
    if (!this.use.isHearing) return this.#send(message);
    const { event, payload, from } = message;
    const self = from?.userId === this.userId;
    const work = this.use.heard({ event, payload, from: from ? this.visit.find(from.userId) : null, self });
    if (work) this.host.enqueue(work);
  }

  #isForUs({ isExceptSelf, only, from }: PresenceMessage): boolean {
    const { userId, connectionId } = this;
    if (only !== undefined && only !== userId) return false;
    return !(isExceptSelf && from?.connectionId === connectionId);
  }

  #send(message: PresenceMessage): void {
    // A page listens to the rooms that its join reply named.
    if (this.#isTopicTold) this.host.send(frameOf(message, this.key));
    else this.host.push(message.event, message.payload);
  }

  #mustWatch(method: string): void {
    this.#isListed = true;
    if (this.#visit?.isWatching) return;
    throw new ConviveError(
      "PRESENCE_NOT_WATCHED",
      `${method} was called before the room is watched, which happens after mount(): ` +
        "`await this.watchPresence()` (or trackPresence) first to read it earlier.",
    );
  }
}

function frameOf(message: PresenceMessage, key: string): SharedFrame {
  let frame = frames.get(message);
  if (!frame) {
    const payload: PushPayload = { event: message.event, payload: message.payload };
    const text = encodeFrame([null, null, ROOM_TOPIC + key, PRESENCE_EVENT, payload]);
    frames.set(message, (frame = { bytes: Buffer.from(text) }));
  }
  return frame;
}
