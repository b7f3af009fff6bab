import { ConviveError } from "../errors.js";
import { eventsOf } from "../event.js";
import { LiveView } from "../live-view.js";

export type ViewClass = (new (context: unknown) => LiveView<any>) & {
  readonly template: typeof LiveView.template;
  readonly viewName: string | undefined;
  readonly layout: string | false | undefined;
  readonly guards: typeof LiveView.guards;
  readonly events: typeof LiveView.events;
};

const MAX_NAME_LENGTH = 128;

/** The views of the app by name: the only ones that a token can mount. */
export class ViewRegistry {
  readonly #views = new Map<string, ViewClass>();

  /**
   * @returns the view's name: `viewName`, else its template's.
   * @throws ConviveError VIEW_INVALID when it is no view, has no template, no name, or another class has the name
   */
  register(View: ViewClass): string {
    if (typeof View !== "function" || !(View.prototype instanceof LiveView)) {
      throw invalid(`live.view() takes a class that extends LiveView, not ${String(View).slice(0, 60)}.`);
    }
    if (!View.template) throw invalid(`${View.name} has no template: add \`static override template = "name"\`.`);
    const name = nameOf(View);
    const taken = this.#views.get(name);
    if (taken && taken !== View) {
      throw invalid(
        `Two views are named "${name}" (${taken.name} and ${View.name}): give one a \`static override viewName\`.`,
      );
    }
    checkEvents(View);
    this.#views.set(name, View);
    return name;
  }

  find(name: string): ViewClass | undefined {
    return this.#views.get(name);
  }

  names(): string[] {
    return [...this.#views.keys()];
  }
}

export function nameOf(View: ViewClass): string {
  const name = View.viewName ?? (typeof View.template === "string" ? View.template : undefined);
  if (!name) throw invalid(`${View.name} has an inline template and no name: add \`static override viewName = "…"\`.`);
  if (name.length > MAX_NAME_LENGTH)
    throw invalid(`The name of ${View.name} is longer than ${MAX_NAME_LENGTH} characters.`);
  return name;
}

function checkEvents(View: ViewClass): void {
  for (const spec of eventsOf(View).values()) {
    if (typeof (View.prototype as Record<string, unknown>)[spec.method] !== "function") {
      throw invalid(`${View.name} lists the event "${spec.name}" but has no method "${spec.method}".`);
    }
  }
}

function invalid(message: string): ConviveError {
  return new ConviveError("VIEW_INVALID", message);
}
