import { ConviveError } from "../errors.js";
import { hostOf, type LiveView } from "../live-view.js";
import type { ViewHost, ViewTrait } from "../view-host.js";
import { ownRoomOf } from "./mixin-methods.js";
import type { PresenceMembers } from "./mixin-members.js";
import type { Statics, ViewClass } from "./mixin.js";
import { NOBODY_TYPES, TypingRoom, type Typing } from "./typing.js";

export type { Typing } from "./typing.js";

/** What `TypingMixin` adds to a view. In the context stands `typing`: by field, who writes there. */
export interface TypingMembers {
  /**
   * The person writes in this field: call it with every key, the others are told once a second at most. Ends by itself three seconds
   * after the last call, and when the person leaves. Nothing before `trackPresence`.
   * @throws ConviveError EVENT_INVALID
   */
  startTyping(field: string): void;
  /** The person writes no more. Harmless when there was nothing to end. */
  stopTyping(): void;
}

export type WithTyping<B extends ViewClass> = Statics<B> & {
  new (...args: ConstructorParameters<B>): InstanceType<B> & TypingMembers;
};

const MAX_FIELD_LENGTH = 200;
const OWN_TYPING = Symbol("convive.ownTyping");
const HAS_TYPING = Symbol.for("convive.typing");
const typingClasses = new WeakMap<object, unknown>();

/**
 * Adds to a view with presence who is typing, and where: `it.typing` in the template holds, by field, who writes there.
 *
 * @example
 * class ChatView extends TypingMixin(PresenceMixin(LiveView<{ chatId: string }>)<{ name: string }>) {
 *   @event draft() {
 *     this.startTyping("message");
 *   }
 *   @event say({ text }: FormPayload) {
 *     this.stopTyping();
 *   }
 * }
 */
export function TypingMixin<B extends ViewClass<LiveView<any> & PresenceMembers<any, any>>>(Base: B): WithTyping<B> {
  if (HAS_TYPING in Base) return Base as unknown as WithTyping<B>;
  let View = typingClasses.get(Base);
  if (!View) typingClasses.set(Base, (View = addTyping(Base)));
  return View as WithTyping<B>;
}

function addTyping(Base: ViewClass<LiveView<any> & PresenceMembers<any, any>>): ViewClass {
  abstract class TypingView extends Base implements TypingMembers {
    static readonly [HAS_TYPING] = true;
    readonly [OWN_TYPING] = new ViewTyping(this, hostOf(this));
    startTyping(field: string): void {
      this[OWN_TYPING].start(field);
    }
    stopTyping(): void {
      this[OWN_TYPING].stop();
    }
  }
  return TypingView;
}

const LINES = ["typing"];

/** One view's own typing, and its sight of the others'. */
class ViewTyping implements ViewTrait {
  #field: string | null = null;
  #toldAt = -Infinity;
  #unwatch: (() => void) | null = null;

  constructor(
    private readonly view: LiveView<any>,
    private readonly host: ViewHost,
  ) {
    host.addTrait(this);
  }

  get lines(): readonly string[] {
    return LINES;
  }

  line(): unknown {
    return this.#typing;
  }

  start(field: string): void {
    if (typeof field !== "string" || field === "" || field.length > MAX_FIELD_LENGTH) {
      throw new ConviveError(
        "EVENT_INVALID",
        `startTyping(field) needs the name of a field, up to ${MAX_FIELD_LENGTH} signs.`,
      );
    }
    if (!ownRoomOf(this.view).visit.isTracked) return;
    const { clock, limits } = this.host;
    const isTold = field === this.#field && clock.now() - this.#toldAt < limits.typingRepeatMs;
    if (isTold) return;
    this.#field = field;
    this.#toldAt = clock.now();
    this.#room?.tell(this.host.connectionId, field);
  }

  stop(): void {
    if (this.#field === null) return;
    this.#field = null;
    this.#toldAt = -Infinity;
    this.#room?.tell(this.host.connectionId, null);
  }

  // ── the view's life ──

  mounted(): void {
    this.#watch();
  }

  parked(): void {
    this.stop();
  }

  resumed(): void {
    this.#watch();
  }

  ended(): void {
    this.#unwatch?.();
    this.#unwatch = null;
  }

  #watch(): void {
    if (this.#unwatch || !this.host.templateReads("typing")) return;
    this.#unwatch = this.#room?.watch(() => this.host.changed()) ?? null;
  }

  /** Null on HTTP, and before the room is entered. */
  get #room(): TypingRoom | null {
    const hold = this.host.connected ? ownRoomOf(this.view).visit.hold : null;
    return hold && TypingRoom.of(hold.room, this.host.node.rooms);
  }

  /** Nobody for who may not see the room. */
  get #typing(): Typing {
    return ownRoomOf(this.view).visit.maySee ? (this.#room?.typing ?? NOBODY_TYPES) : NOBODY_TYPES;
  }
}
