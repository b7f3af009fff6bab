import { ConviveError } from "../errors.js";
import { eventsOf, type EventInfo, type EventSpec } from "../event.js";
import type { LiveView } from "../live-view.js";
import type { EventPayload } from "../protocol.js";
import { nearest } from "../render/nearest.js";
import type { ViewClass } from "./registry.js";

const MAX_NAME_LENGTH = 128;
const MAX_ISSUES = 10;

/** The payload of an `event` frame, or null when it is not one. */
export function readEventPayload(payload: unknown): EventPayload | null {
  if (typeof payload !== "object" || payload === null) return null;
  const { name, value, target } = payload as Record<string, unknown>;
  if (typeof name !== "string" || name.length === 0 || name.length > MAX_NAME_LENGTH) return null;
  if (target !== undefined && target !== null && typeof target !== "string") return null;
  return { name, value, target: target ?? null };
}

/**
 * Calls the method that a view marked for this event, and no other.
 * @returns what the handler returned
 * @throws ConviveError EVENT_UNKNOWN, EVENT_INVALID; whatever the handler throws
 */
export async function callEvent(
  View: ViewClass,
  view: LiveView<any>,
  payload: EventPayload,
  connectionId: string,
): Promise<unknown> {
  const spec = specFor(View, payload.name);
  const value = await validated(spec, payload.value);
  const info: EventInfo = { name: payload.name, target: payload.target ?? null, connectionId };
  const method = (view as unknown as Record<string, (value: unknown, info: EventInfo) => unknown>)[spec.method]!;
  return method.call(view, value, info);
}

function specFor(View: ViewClass, name: string): EventSpec {
  const events = eventsOf(View);
  const spec = events.get(name);
  if (spec) return spec;
  const hint = nearest(name, [...events.keys()]);
  const next = hint ? `Did you mean "${hint}"?` : `Mark the method with @event to let the page call it.`;
  throw new ConviveError("EVENT_UNKNOWN", `${View.name} has no event ${JSON.stringify(name)}. ${next}`, {
    status: 400,
  });
}

async function validated(spec: EventSpec, value: unknown): Promise<unknown> {
  if (!spec.schema) return flatStrings(spec, value);
  const result = await spec.schema["~standard"].validate(value);
  if (!result.issues) return result.value;
  const issues = result.issues.slice(0, MAX_ISSUES).map(({ message, path }) => ({ message, path: pathText(path) }));
  const list = issues.map(({ message, path }) => (path ? `${path}: ${message}` : message)).join("; ");
  throw new ConviveError("EVENT_INVALID", `The payload of "${spec.name}" does not fit its schema: ${list}`, {
    status: 422,
    details: { issues },
  });
}

function pathText(path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined): string {
  return (path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".");
}

/** A fresh null-prototype record, so that a key named `__proto__` is a key like any other. */
function flatStrings(spec: EventSpec, value: unknown): Readonly<Record<string, string>> {
  const record = Object.create(null) as Record<string, string>;
  if (value === undefined || value === null) return record;
  const isRecord = typeof value === "object" && !Array.isArray(value);
  if (!isRecord || Object.values(value).some((field) => typeof field !== "string")) {
    throw new ConviveError(
      "EVENT_INVALID",
      `A bare @event takes a flat record of strings; give "${spec.name}" a schema: @event(schema).`,
      { status: 422 },
    );
  }
  for (const [name, text] of Object.entries(value)) record[name] = text as string;
  return record;
}
