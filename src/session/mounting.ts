import type { LiveView } from "../live-view.js";
import { linesOf } from "../live-view.js";
import type { ViewHost, ViewTrait } from "../view-host.js";
import type { ViewClass } from "./registry.js";
import type { SessionServices } from "./services.js";

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

/** What the template reads as `it`: helpers, then the lines of the traits, then the view's own; those it reads, where that is known. */
export function contextOf(
  { View, view, traits }: Mounted,
  { helpers, templates, isDevelopment }: Pick<SessionServices, "helpers" | "templates" | "isDevelopment">,
): Record<string, unknown> {
  // A developer is told the nearest of all names there are.
  const reads = isDevelopment ? null : templates.reads(View.template);
  const it = Object.assign(Object.create(null) as Record<string, unknown>, helpers);
  for (const trait of traits) trait.lines?.(it, reads);
  return Object.assign(it, linesOf(view, reads));
}
