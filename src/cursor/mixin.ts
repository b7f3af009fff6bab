import {
  PresenceMixin,
  type AddPresence,
  type MetaOf,
  type PresenceStatics,
  type Statics,
  type ViewClass,
} from "../presence/mixin.js";
import type { Meta } from "../presence/presence.js";
import { cursorMethods, enterCursors, OWN_CURSORS, type CursorMembers } from "./mixin-cursors.js";

export type { CursorMembers } from "./mixin-cursors.js";

/** What `LiveCursorMixin` adds to the class, besides presence. */
export interface CursorStatics {
  /** How often a page sends its pointer at most. */
  cursorIntervalMs: number;
}

export type WithCursors<B extends ViewClass> = Statics<B> &
  PresenceStatics &
  CursorStatics & {
    new <M extends Meta<M> & object = object, E = Record<string, unknown>>(
      ...args: ConstructorParameters<B>
    ): AddPresence<InstanceType<B>, M, E> & CursorMembers<MetaOf<InstanceType<B>, M>>;
  };

const CURSOR_INTERVAL_MS = 33;
const HAS_CURSORS = Symbol.for("convive.cursors");
const cursorClasses = new WeakMap<object, unknown>();

/**
 * Adds everybody's pointer to a view, and presence if it is not there: mark the element they move over with `live-cursors`, and the page
 * draws them with name and color.
 *
 * @example
 * class WhiteboardView extends LiveCursorMixin(LiveView<{ boardId: string }>)<{ name: string; color: string }> {
 *   static override presenceKey = "whiteboard:{boardId}";
 *   override async mount() {
 *     await this.trackPresence({ name: "Ada", color: colorFor(this.getPresenceUserId()) });
 *   }
 * }
 */
export function LiveCursorMixin<B extends ViewClass>(Base: B): WithCursors<B> {
  if (HAS_CURSORS in Base) return Base as unknown as WithCursors<B>;
  let View = cursorClasses.get(Base);
  if (!View) cursorClasses.set(Base, (View = addCursors(Base)));
  return View as WithCursors<B>;
}

function addCursors(Base: ViewClass): ViewClass {
  abstract class CursorView extends (PresenceMixin(Base) as ViewClass) {
    static readonly [HAS_CURSORS] = true;
    static cursorIntervalMs = CURSOR_INTERVAL_MS;
    readonly [OWN_CURSORS] = enterCursors(this);
  }
  Object.defineProperties(CursorView.prototype, cursorMethods);
  return CursorView;
}
