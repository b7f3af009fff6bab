import type { LiveView } from "../live-view.js";
import { hasOwnContext, linesOf } from "../live-view.js";
import { LinePlan } from "./line-plan.js";
import type { Rendered } from "../render/rendered.js";
import type { ContextLines } from "../render/context-lines.js";
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

type RenderServices = Pick<SessionServices, "helpers" | "templates" | "isDevelopment">;

/** What the view shows now. */
export function renderView(mounted: Mounted, services: RenderServices): Rendered {
  const { templates, isDevelopment } = services;
  const { template } = mounted.View;
  // A developer is told the nearest of all names there are.
  if (isDevelopment) return templates.render(template, contextOf(mounted, services, null));
  return templates.renderLines(template, new MountedLines(mounted, services));
}

/** What the template reads as `it`: helpers, then the lines of the traits, then the view's own; those it reads, where that is known. */
function contextOf(
  { view, traits }: Mounted,
  { helpers }: RenderServices,
  reads: ReadonlySet<string> | null,
): Record<string, unknown> {
  const it = Object.assign(Object.create(null) as Record<string, unknown>, helpers);
  for (const trait of traits) {
    for (const name of trait.lines ?? []) if (!reads || reads.has(name)) it[name] = trait.line!(name);
  }
  return Object.assign(it, linesOf(view, reads));
}

/** The same, line by line: of very many views who show the same, none has to make a context. */
class MountedLines implements ContextLines {
  constructor(
    private readonly mounted: Mounted,
    private readonly services: RenderServices,
  ) {}

  all(reads: ReadonlySet<string> | null): Record<string, unknown> {
    return contextOf(this.mounted, this.services, reads);
  }

  values(names: readonly string[]): readonly unknown[] | null {
    const { View, view, traits } = this.mounted;
    if (hasOwnContext(view)) return null;
    let plan = plans.get(View);
    if (!plan?.fits(names, traits)) plans.set(View, (plan = new LinePlan(names, view, traits, this.services.helpers)));
    return plan.read(view, traits);
  }
}

const plans = new WeakMap<ViewClass, LinePlan>();
