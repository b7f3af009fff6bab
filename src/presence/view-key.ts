import type { ViewHost } from "../view-host.js";
import { fillKey, listOf } from "./key.js";

/**
 * A presence key made from a template and a view: each variable is the view's own field or getter, else the route's parameter.
 * @throws ConviveError PRESENCE_KEY_VARIABLE, naming what there is
 */
export function keyOfView(template: string, view: object, host: ViewHost): string {
  return fillKey(
    template,
    (name) => {
      const field = fieldOf(view, name);
      // A handle, a list or nothing at all is no part of a key; the route's parameter of that name may be.
      const isNoValue = field == null || typeof field === "object" || typeof field === "function";
      return isNoValue && Object.hasOwn(host.params, name) ? host.params[name] : field;
    },
    () =>
      `view "${host.viewName}" has the fields ${listOf(fieldNames(view))}, the route the parameters ${listOf(Object.keys(host.params))}`,
  );
}

function fieldOf(view: object, name: string): unknown {
  if (Object.hasOwn(view, name)) return (view as Record<string, unknown>)[name];
  for (let p = prototypeOf(view); p && p !== Object.prototype; p = prototypeOf(p)) {
    const descriptor = Object.getOwnPropertyDescriptor(p, name);
    if (descriptor) return descriptor.get?.call(view);
  }
  return undefined;
}

function fieldNames(view: object): string[] {
  return Object.keys(view).filter((name) => !name.startsWith("_"));
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}
