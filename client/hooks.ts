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

type Push = (name: string, payload: unknown, element: Element) => Promise<unknown>;

interface Mounted {
  readonly el: Element;
  readonly name: string;
  readonly hook: Hook;
  /** ends what it hears */
  readonly ending: AbortController;
}

/** The hooks of one view. What they throw is reported and breaks nothing. */
export interface HookRunner {
  added(el: Element): void;
  updated(el: Element): void;
  /** The element and all that were in it are gone. */
  removed(root: Element): void;
  all(phase: "disconnected" | "reconnected"): void;
}

/** Pushed events come as `live:NAME` on the root of the view. */
export function createHooks(root: Element, definitions: () => Hooks | undefined, push: Push): HookRunner {
  const mounted = new Map<Element, Mounted>();

  const run = ({ hook }: Mounted, phase: keyof Hook) => guard(() => hook[phase]?.());
  const end = (entry: Mounted) => {
    mounted.delete(entry.el);
    entry.ending.abort();
    run(entry, "destroyed");
  };
  const mount = (el: Element, name: string) => {
    const definition = definitions()?.[name];
    if (!definition) return report(`No hook is named "${name}".`);
    const ending = new AbortController();
    const context = {
      el,
      pushEvent: (event: string, payload: unknown = {}) => push(event, payload, el),
      handleEvent: (event: string, handler: (payload: unknown) => unknown) =>
        root.addEventListener(
          `live:${event}`,
          (pushed) => guard(() => handler((pushed as CustomEvent).detail)),
          ending,
        ),
    };
    const entry = { el, name, ending, hook: Object.assign(Object.create(definition) as Hook, context) };
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
    removed: (gone) => mounted.forEach((entry) => gone.contains(entry.el) && end(entry)),
    all: (phase) => mounted.forEach((entry) => run(entry, phase)),
  };
}
