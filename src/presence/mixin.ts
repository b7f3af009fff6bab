import type { LiveView } from "../live-view.js";
import { enterOwnRoom, OWN_ROOM, presenceMethods } from "./mixin-methods.js";
import type { PresenceMembers } from "./mixin-members.js";
import type { Meta, PresenceRecord } from "./presence.js";

export type { PresenceMembers, RoomCallbacks, ViewRoom } from "./mixin-members.js";

/** What `PresenceMixin` adds to the class. */
export interface PresenceStatics {
  /** `"whiteboard:{boardId}"`: variables are the view's fields, else the route's parameters. The view's name unless given. */
  presenceKey: string | undefined;
  /** How many people may track their presence in the room of `presenceKey`, each counted once; any number unless given. */
  maxMembers: number | undefined;
  /** Each tab of somebody without a user is a person of its own. */
  presenceUniquePerConnection: boolean;
}

export type ViewClass<V = LiveView<any>> = abstract new (...args: any[]) => V;
/** A class's statics, without its construct signature. */
export type Statics<C> = { [K in keyof C as K extends "prototype" ? never : K]: C[K] };
/** Presence is there once: stacked mixins keep the meta that the inner one was given. */
export type AddPresence<V, M extends object, E> = V extends PresenceMembers<any, any> ? V : V & PresenceMembers<M, E>;
export type WithPresence<B extends ViewClass> = Statics<B> &
  PresenceStatics & {
    new <M extends Meta<M> & object = object, E = Record<string, unknown>>(
      ...args: ConstructorParameters<B>
    ): AddPresence<InstanceType<B>, M, E>;
  };
/** The meta of a view that has presence already, else `M`. */
export type MetaOf<V, M extends object> = V extends {
  listPresences(...args: any[]): readonly PresenceRecord<infer N extends object>[];
}
  ? N
  : M;

const HAS_PRESENCE = Symbol.for("convive.presence");
const presenceClasses = new WeakMap<object, unknown>();

/**
 * Adds presence to a view: who is here, told to everybody in the room, kept by the view's socket. Mixins stack in any order.
 *
 * @example
 * class DocumentView extends PresenceMixin(LiveView<{ docId: string }>)<{ name: string }> {
 *   static override presenceKey = "document:{docId}";
 *   override async mount() {
 *     await this.trackPresence({ name: this.user?.name ?? "Guest" });
 *   }
 *   override handlePresenceJoin(person: Presence<{ name: string }>) {
 *     this.pushEvent("flash", { message: `${person.name} joined` });
 *   }
 * }
 */
export function PresenceMixin<B extends ViewClass>(Base: B): WithPresence<B> {
  if (HAS_PRESENCE in Base) return Base as unknown as WithPresence<B>;
  let View = presenceClasses.get(Base);
  if (!View) presenceClasses.set(Base, (View = addPresence(Base)));
  return View as WithPresence<B>;
}

function addPresence(Base: ViewClass): ViewClass {
  abstract class PresenceView extends Base {
    static readonly [HAS_PRESENCE] = true;
    static presenceKey: string | undefined;
    static maxMembers: number | undefined;
    static presenceUniquePerConnection = false;
    readonly [OWN_ROOM] = enterOwnRoom(this);
  }
  Object.defineProperties(PresenceView.prototype, presenceMethods);
  return PresenceView;
}
