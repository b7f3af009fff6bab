import type { StandardSchemaV1 } from "@standard-schema/spec";

// Node 20 and 22 have no Symbol.metadata; compiled decorators read it when a class is made.
(Symbol as { metadata: symbol }).metadata ??= Symbol.for("Symbol.metadata");

/** What `live-value-*` and forms send; a bare `@event` takes this and nothing else, checked. */
export type FormPayload = Readonly<Record<string, string>>;

/** The second argument of every event handler. */
export interface EventInfo {
  /** the event's name as the client sent it */
  readonly name: string;
  /** id of the element that caused it, if it has one */
  readonly target: string | null;
  readonly connectionId: string;
}

type Handler<P> = (payload: P, info: EventInfo) => unknown;

/** Decorates a method that takes `P`, in both dialects of decorators. */
export interface EventDecorator<P> {
  <T extends Handler<P>>(method: T, context: ClassMethodDecoratorContext): void;
  <T extends Handler<P>>(target: object, name: string | symbol, descriptor: TypedPropertyDescriptor<T>): void;
}

/** `@event({ debounceMs: 300 })` */
export interface EventOptions {
  /** another name on the wire than the method's */
  readonly name?: string;
  /** the client sends at most one in this time; the last one is kept */
  readonly throttleMs?: number;
  /** the client waits for this much quiet */
  readonly debounceMs?: number;
}

/** The forms of `@event`: bare, with options, with a schema, with both. */
export interface EventFactory extends EventDecorator<FormPayload> {
  <S extends StandardSchemaV1>(schema: S, options?: EventOptions): EventDecorator<StandardSchemaV1.InferOutput<S>>;
  (options: EventOptions): EventDecorator<FormPayload>;
}

/**
 * What a schema makes of a payload, for the handler's parameter.
 *
 * @example
 * @event(Shape) add(shape: Output<typeof Shape>) { … }
 */
export type Output<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>;

/**
 * What `static events` holds. An interface, since declarations that users emit name it instead of spelling out a type of
 * a package that they may not have.
 */
export interface EventSchemas {
  readonly [name: string]: StandardSchemaV1 | true;
}

/** One event that a view takes from its client. */
export interface EventSpec {
  readonly name: string;
  readonly method: string;
  /** null: a flat record of strings */
  readonly schema: StandardSchemaV1 | null;
  readonly options: EventOptions;
}

const METADATA_KEY = Symbol.for("convive.events");
const legacyEvents = new WeakMap<object, EventSpec[]>();

/**
 * Marks a method as an event that the client may send; no other method can be called from outside.
 * A bare `@event` is given a flat record of strings; anything else needs a schema (any Standard Schema). What it returns is the reply.
 *
 * @example
 * class Board extends LiveView {
 *   @event clear() { this.shapes = []; }
 *   @event(z.object({ x: z.number() })) move({ x }: { x: number }) { this.x = x; }
 *   @event({ debounceMs: 300 }) search({ text }: FormPayload) { … }
 * }
 */
export const event = ((first: unknown, second?: unknown, third?: unknown): unknown => {
  if (isStandardCall(first, second)) return mark(null, {})(first, second);
  if (isLegacyCall(second, third)) return mark(null, {})(first, second);
  if (isSchema(first)) return mark(first, (second ?? {}) as EventOptions);
  return mark(null, (first ?? {}) as EventOptions);
}) as EventFactory;

/** All events of a view class, its parents' included; a Map, so that no name reaches a prototype. */
export function eventsOf(View: EventClass): ReadonlyMap<string, EventSpec> {
  let events = eventsByClass.get(View);
  if (!events) eventsByClass.set(View, (events = collect(View)));
  return events;
}

interface EventClass {
  readonly prototype: object;
  readonly events?: EventSchemas;
}
const eventsByClass = new WeakMap<object, ReadonlyMap<string, EventSpec>>();

function mark(schema: StandardSchemaV1 | null, options: EventOptions) {
  return (target: unknown, context: unknown): void => {
    const method = String(isStandardContext(context) ? context.name : context);
    const spec: EventSpec = { name: options.name ?? method, method, schema, options };
    if (isStandardContext(context)) standardSpecs(context.metadata).push(spec);
    else specsOf(legacyEvents, target as object).push(spec);
  };
}

/** The class's own list; a copy of the parent's is not needed, since `collect` walks the chain. */
function standardSpecs(metadata: object): EventSpec[] {
  if (!Object.hasOwn(metadata, METADATA_KEY)) Object.defineProperty(metadata, METADATA_KEY, { value: [] });
  return (metadata as Record<symbol, EventSpec[]>)[METADATA_KEY]!;
}

function specsOf(map: WeakMap<object, EventSpec[]>, key: object): EventSpec[] {
  let specs = map.get(key);
  if (!specs) map.set(key, (specs = []));
  return specs;
}

function collect(View: EventClass): ReadonlyMap<string, EventSpec> {
  const chain: EventClass[] = [];
  for (let c: unknown = View; typeof c === "function" && c.prototype; c = Object.getPrototypeOf(c)) {
    chain.unshift(c as unknown as EventClass);
  }
  const events = new Map<string, EventSpec>();
  for (const parent of chain) for (const spec of ownSpecs(parent)) events.set(spec.name, spec);
  return events;
}

function ownSpecs(View: EventClass): EventSpec[] {
  const listed = Object.hasOwn(View, "events") ? Object.entries(View.events ?? {}) : [];
  const statics = listed.map(([name, schema]) => {
    return { name, method: name, schema: schema === true ? null : schema, options: {} };
  });
  const metadata = Object.hasOwn(View, Symbol.metadata)
    ? (View as unknown as Record<symbol, object>)[Symbol.metadata]
    : undefined;
  const standard = metadata && Object.hasOwn(metadata, METADATA_KEY) ? standardSpecs(metadata) : [];
  return [...statics, ...standard, ...(legacyEvents.get(View.prototype) ?? [])];
}

interface StandardContext {
  readonly kind: "method";
  readonly name: string | symbol;
  readonly metadata: object;
}

function isStandardContext(value: unknown): value is StandardContext {
  return typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === "method";
}

function isStandardCall(first: unknown, second: unknown): boolean {
  return typeof first === "function" && isStandardContext(second);
}

function isLegacyCall(second: unknown, third: unknown): boolean {
  return (typeof second === "string" || typeof second === "symbol") && typeof third === "object";
}

function isSchema(value: unknown): value is StandardSchemaV1 {
  return value !== null && (typeof value === "object" || typeof value === "function") && "~standard" in value;
}
