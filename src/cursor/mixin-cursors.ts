import { hostOf, type LiveView } from "../live-view.js";
import { ownRoomOf } from "../presence/mixin-methods.js";
import { freeze } from "../render/freeze.js";
import { ROOM_TOPIC, type JoinReply } from "../protocol.js";
import type { SharedFrame, ViewHost, ViewTrait } from "../view-host.js";
import type { Cursors } from "./position.js";
import type { CursorRoom, CursorViewer } from "./room.js";
import { checkPosition } from "./tracker.js";

/** What `LiveCursorMixin` adds to a view, besides presence. */
export interface CursorMembers<M extends object> {
  /** Sets the own cursor, as the pointer would; nothing before `trackPresence`. @throws ConviveError CURSOR_INVALID */
  updateCursorPosition(x: number, y: number): void;
  /** The last positions by user id, the own one too. */
  getCursors(): Cursors<M>;
  /** The own pointer moved; overriding replaces what happens, `super` keeps it. */
  handleCursorMove(x: number, y: number): void;
  /** The own pointer left the element. */
  handleCursorLeave(): void;
}

type View = LiveView<any> & CursorMembers<any>;

const NO_CURSORS = freeze({}) as Cursors<any>;

/** Where a view keeps its pointer and its sight of the others'. */
export const OWN_CURSORS = Symbol("convive.ownCursors");

/** Gives a view that is being made its place among the cursors of its own room. */
export function enterCursors(view: LiveView<any>): ViewCursors {
  return new ViewCursors(view as View, hostOf(view));
}

function cursorsOf(view: object): ViewCursors {
  return (view as { readonly [OWN_CURSORS]: ViewCursors })[OWN_CURSORS];
}

/** The methods of every view with cursors. */
abstract class CursorMethods implements CursorMembers<any> {
  updateCursorPosition(x: number, y: number): void {
    const [atX, atY] = checkPosition(x, y);
    cursorsOf(this).move(atX, atY);
  }
  getCursors(): Cursors<any> {
    return cursorsOf(this).read();
  }
  handleCursorMove(x: number, y: number): void {
    cursorsOf(this).move(x, y);
  }
  handleCursorLeave(): void {
    cursorsOf(this).remove();
  }
}

/** As property descriptors, for the prototype of each class that the mixin makes. */
export const cursorMethods: Record<string, PropertyDescriptor> = Object.getOwnPropertyDescriptors(
  CursorMethods.prototype,
);
delete cursorMethods["constructor"];

const LINES = ["cursors"];

/** One view's pointer, and its sight of the others'. */
class ViewCursors implements ViewTrait, CursorViewer {
  #room: CursorRoom | null = null;
  #isRead = false;

  constructor(
    private readonly view: View,
    private readonly host: ViewHost,
  ) {
    host.addTrait(this);
  }

  get connectionId(): string {
    return this.host.connectionId;
  }

  /** @throws ConviveError PRESENCE_NOT_WATCHED */
  read(): Cursors<any> {
    this.#isRead = true;
    ownRoomOf(this.view).count("getCursors()");
    return this.#cursors;
  }

  move(x: unknown, y: unknown): void {
    this.#entered()?.move(this.connectionId, x, y);
  }

  remove(): void {
    this.#room?.remove(this.connectionId);
  }

  // ── the view's life ──

  get lines(): readonly string[] {
    return LINES;
  }

  line(): unknown {
    return this.#cursors;
  }

  joined(): Partial<JoinReply> {
    const room = this.#entered();
    if (!room || !ownRoomOf(this.view).visit.maySee) return {};
    room.join(this);
    const { cursorIntervalMs: intervalMs } = this.view.constructor as unknown as { cursorIntervalMs: number };
    return { cursors: { room: ROOM_TOPIC + ownRoomOf(this.view).key, intervalMs } };
  }

  parked(): void {
    this.remove();
    this.#room?.leave(this);
  }

  ended(): void {
    this.parked();
    this.#room = null;
  }

  /** The page's pointer: at once, outside of the mailbox. */
  cursor(position: { readonly x: number; readonly y: number } | null): void {
    const { view } = this;
    const defaults = CursorMethods.prototype;
    const isDefault = view.handleCursorMove === defaults.handleCursorMove;
    try {
      const result: unknown = position ? view.handleCursorMove(position.x, position.y) : view.handleCursorLeave();
      if (result instanceof Promise) result.catch((error: unknown) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
    }
    if (!isDefault || view.handleCursorLeave !== defaults.handleCursorLeave) this.host.changed();
  }

  // ── what the room tells ──

  send(frame: SharedFrame, lossy: boolean): void {
    this.host.send(frame, { lossy });
  }

  moved(): void {
    if (this.#isRead || this.host.templateReads("cursors")) this.host.changed();
  }

  /** Empty for who may not see the room. */
  get #cursors(): Cursors<any> {
    if (this.#room && !this.#room.isStopped) return ownRoomOf(this.view).visit.maySee ? this.#room.cursors : NO_CURSORS;
    const { visit } = ownRoomOf(this.view);
    const room = visit.maySee ? this.host.node.cursors.find(this.host.tenant, visit.visitor.key) : undefined;
    return room?.cursors ?? NO_CURSORS;
  }

  /** The cursors of the own room, as soon as the view is in it on a socket. */
  #entered(): CursorRoom | null {
    const hold = this.host.connected ? ownRoomOf(this.view).visit.hold : null;
    if (!hold) return null;
    // It ended while this page was parked and nobody else was there.
    if (this.#room?.isStopped) this.#room = null;
    return (this.#room ??= this.host.node.cursors.of(hold.room));
  }

  #failed(error: unknown): void {
    this.host.enqueue(() => {
      throw error;
    });
  }
}
