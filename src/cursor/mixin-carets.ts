import type { StandardSchemaV1 } from "@standard-schema/spec";
import { event, type EventInfo } from "../event.js";
import { hostOf, type LiveView } from "../live-view.js";
import type { PresenceMembers, Statics, ViewClass } from "../presence/mixin.js";
import { ownRoomOf } from "../presence/mixin-methods.js";
import { CARET, type CaretPayload } from "../protocol.js";
import type { SharedFrame, ViewHost, ViewTrait } from "../view-host.js";
import { CaretRoom, type Caret, type CaretViewer } from "./carets.js";

export type { Caret } from "./carets.js";

/** What `CaretMixin` adds to a view. */
export interface CaretMembers {
  /** The own caret moved, or null: it is in no field. Overriding replaces what happens, `super` keeps it. */
  handleCaret(caret: Caret | null): void;
}

export type WithCarets<B extends ViewClass> = Statics<B> & {
  new (...args: ConstructorParameters<B>): InstanceType<B> & CaretMembers;
};

interface Sent {
  readonly caret: Caret | null;
}

const MAX_FIELD_LENGTH = 200;
const OWN_CARET = Symbol("convive.ownCaret");
const HAS_CARETS = Symbol.for("convive.carets");
const caretClasses = new WeakMap<object, unknown>();

/** What the page's script sends. */
const SentCaret: StandardSchemaV1<unknown, Sent> = {
  "~standard": {
    version: 1,
    vendor: "convive",
    validate: (value) => {
      const caret = (value as { caret?: unknown } | null)?.caret;
      if (caret === null) return { value: { caret: null } };
      return isCaret(caret) ? { value: { caret } } : { issues: [{ message: "no caret" }] };
    },
  },
};

/**
 * Adds everybody's text caret and selection to a view with presence: give the field `live-hook="LiveCaret"` and a name, and load
 * `/convive/carets.js`; the page draws the others' with name and color.
 *
 * @example
 * class NoteView extends CaretMixin(PresenceMixin(LiveView<{ noteId: string }>)<{ name: string; color: string }>) {
 *   static override presenceKey = "note:{noteId}";
 *   static override template = "note"; // <textarea name="body" live-hook="LiveCaret"><%= it.body %></textarea>
 * }
 */
export function CaretMixin<B extends ViewClass<LiveView<any> & PresenceMembers<any, any>>>(Base: B): WithCarets<B> {
  if (HAS_CARETS in Base) return Base as unknown as WithCarets<B>;
  let View = caretClasses.get(Base);
  if (!View) caretClasses.set(Base, (View = addCarets(Base)));
  return View as WithCarets<B>;
}

function addCarets(Base: ViewClass<LiveView<any> & PresenceMembers<any, any>>): ViewClass {
  abstract class CaretView extends Base implements CaretMembers {
    static readonly [HAS_CARETS] = true;
    readonly [OWN_CARET] = new ViewCaret(this, hostOf(this));
    handleCaret(caret: Caret | null): void {
      this[OWN_CARET].show(caret);
    }
    /** Answers with all that stand there, for a page that has just come. */
    @event(SentCaret, { name: CARET }) receiveCaret({ caret }: Sent, { connectionId }: EventInfo) {
      this.handleCaret(caret);
      return { ...this[OWN_CARET].all, own: connectionId };
    }
  }
  return CaretView;
}

/** One view's own caret, and its sight of the others'. */
class ViewCaret implements ViewTrait, CaretViewer {
  #isShown = false;
  #unwatch: (() => void) | null = null;

  constructor(
    private readonly view: LiveView<any>,
    private readonly host: ViewHost,
  ) {
    host.addTrait(this);
  }

  /** Nobody's for who may not see the room. */
  get all(): CaretPayload {
    const room = this.#room;
    return room && this.#maySee ? room.carets : { carets: [] };
  }

  /** Nothing before `trackPresence`. */
  show(caret: Caret | null): void {
    if (!ownRoomOf(this.view).visit.isTracked || (caret === null && !this.#isShown)) return;
    this.#isShown = caret !== null;
    this.#room?.show(this.host.connectionId, caret);
  }

  mounted(): void {
    this.#unwatch ??= this.#room?.watch(this) ?? null;
  }

  parked(): void {
    this.show(null);
  }

  ended(): void {
    this.#unwatch?.();
    this.#unwatch = null;
  }

  send(frame: SharedFrame): void {
    if (this.#maySee) this.host.send(frame);
  }

  get #maySee(): boolean {
    return ownRoomOf(this.view).visit.maySee;
  }

  /** Null on HTTP, and before the room is entered. */
  get #room(): CaretRoom | null {
    const hold = this.host.connected ? ownRoomOf(this.view).visit.hold : null;
    return hold && CaretRoom.of(hold.room, this.host.node.rooms);
  }
}

function isCaret(value: unknown): value is Caret {
  if (typeof value !== "object" || value === null) return false;
  const { field, start, end } = value as Record<string, unknown>;
  const isNamed = typeof field === "string" && field !== "" && field.length <= MAX_FIELD_LENGTH;
  return isNamed && isOffset(start) && isOffset(end) && start <= end;
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
