import type { LiveView } from "../live-view.js";
import { unwrap } from "../live-view.js";
import type { ViewHost, ViewTrait } from "../view-host.js";
import type { ViewClass } from "./registry.js";

/** A view and the traits it gave itself. */
export interface Mounted {
  readonly View: ViewClass;
  readonly view: LiveView<any>;
  readonly traits: readonly ViewTrait[];
}

/** A fresh instance whose guards agree. @throws ControlFlow, or whatever a guard throws */
export async function createView(View: ViewClass, host: ViewHost): Promise<LiveView<any>> {
  const view = new View(host);
  await runGuards(View, view);
  return view;
}

export async function runGuards(View: ViewClass, view: LiveView<any>): Promise<void> {
  for (const guard of View.guards ?? []) await guard(view);
}

/** What runs before the first render, on HTTP and on the socket. */
export async function mountView({ view, traits }: Mounted): Promise<void> {
  await view.mount();
  await view.handleParams();
  for (const trait of traits) await trait.mounted?.();
}

/** What the template reads as `it`: helpers, then the lines of the traits, then the view's own. */
export function contextOf(
  { view, traits }: Mounted,
  helpers: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const it = Object.create(null) as Record<string, unknown>;
  Object.assign(it, helpers);
  for (const { context } of traits) {
    // Lines stay getters: a list that no template reads is never made.
    if (context) Object.defineProperties(it, Object.getOwnPropertyDescriptors(context));
  }
  for (const [name, value] of Object.entries(view.context())) {
    Object.defineProperty(it, name, { value: unwrap(value), enumerable: true, configurable: true, writable: true });
  }
  return it;
}
