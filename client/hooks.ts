import { ATTRIBUTES } from "../src/protocol.js";
import { guard, report } from "./report.js";

/** What `this` is in a hook, beside its own members. */
export interface HookContext {
  readonly el: HTMLElement;
  /** Calls an `@event` of the view; resolves with what it returned. */
  pushEvent<Reply = unknown>(name: string, payload?: unknown): Promise<Reply>;
  /** Hears `pushEvent(name, …)` of the view for as long as the element lives. */
  handleEvent<Payload = unknown>(name: string, handler: (payload: Payload) => unknown): void;
}

/**
 * The life of an element with `live-hook="Name"`.
 *
 * @example
 * start({
 *   hooks: {
 *     Clock: {
 *       mounted() {
 *         this.handleEvent("tick", ({ time }: { time: string }) => (this.el.textContent = time));
 *       },
 *     },
 *   },
 * });
 */
export interface Hook {
  mounted?(): unknown;
  updated?(): unknown;
  destroyed?(): unknown;
  disconnected?(): unknown;
  reconnected?(): unknown;
}

/** Lets every method of a hook know its `this`. */
export type HookDefinition = Hook & Record<string, any> & ThisType<HookContext & Record<string, any>>;
export type Hooks = Readonly<Record<string, HookDefinition>>;

type Handler = (payload: never) => unknown;
type Push = (name: string, payload: unknown, element: Element) => Promise<unknown>;

interface Mounted {
  readonly el: Element;
  readonly name: string;
  readonly hook: Hook;
  readonly handlers: [event: string, handler: Handler][];
}

/** The hooks of one view. What they throw is reported and breaks nothing. */
export interface HookRunner {
  added(el: Element): void;
  updated(el: Element): void;
  /** The element and all that were in it are gone. */
  removed(root: Element): void;
  all(phase: "disconnected" | "reconnected"): void;
  heard(event: string, payload: unknown): void;
}

export function createHooks(definitions: () => Hooks | undefined, push: Push): HookRunner {
  const mounted = new Map<Element, Mounted>();

  const run = ({ hook }: Mounted, phase: keyof Hook) => guard(() => hook[phase]?.());
  const end = (entry: Mounted) => {
    mounted.delete(entry.el);
    run(entry, "destroyed");
  };
  const mount = (el: Element, name: string) => {
    const definition = definitions()?.[name];
    if (!definition) return report(`No hook is named "${name}". Give it to start({ hooks }), or to Convive.hooks.`);
    const handlers: Mounted["handlers"] = [];
    const hook = Object.assign(Object.create(definition) as Hook, {
      el,
      pushEvent: (event: string, payload: unknown = {}) => push(event, payload, el),
      handleEvent: (...handler: [string, Handler]) => void handlers.push(handler),
    });
    const entry = { el, name, hook, handlers };
    mounted.set(el, entry);
    run(entry, "mounted");
  };
  const updated = (el: Element) => {
    const name = el.getAttribute(ATTRIBUTES.hook);
    const entry = mounted.get(el);
    if (entry && entry.name === name) return run(entry, "updated");
    if (entry) end(entry);
    if (name) mount(el, name);
  };
  return {
    updated,
    added: (el) => mounted.has(el) || updated(el),
    removed(root) {
      for (const entry of mounted.values()) if (root.contains(entry.el)) end(entry);
    },
    all(phase) {
      for (const entry of mounted.values()) run(entry, phase);
    },
    heard(event, payload) {
      for (const { handlers } of mounted.values()) {
        for (const [name, handler] of handlers) if (name === event) guard(() => handler(payload as never));
      }
    },
  };
}
