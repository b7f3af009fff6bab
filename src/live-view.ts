import { ConviveError } from "./errors.js";
import type { EventSchemas } from "./event.js";
import type { Params, Session, User } from "./register.js";
import type { Shared, SharedDefinition } from "./presence/shared.js";
import { SharedHandle } from "./presence/shared-handle.js";
import type { InlineTemplate } from "./render/inline.js";
import { CONTEXT_VALUE, type ViewHost } from "./view-host.js";

/**
 * Runs before every mount, on HTTP, on the socket and on resume; throws `redirect()`, `notFound()` or `forbidden()` to refuse.
 *
 * @example
 * const mustBeKnown: Guard = (view) => {
 *   if (!view.user) throw redirect("/login");
 * };
 */
export type Guard = (view: LiveView<any>) => void | Promise<void>;

let readHost: (view: LiveView<any>) => ViewHost;

/** The carrier of a view, for mixins. */
export function hostOf(view: LiveView<any>): ViewHost {
  return readHost(view);
}

/**
 * A page. An instance serves one mounted page of one connection: subclass it, set `template`, load data in `mount`, change fields in
 * events; what changed goes out as a small HTML diff.
 *
 * @example
 * class CounterView extends LiveView {
 *   static override template = "counter";
 *   count = 0;
 *   @event increment() { this.count += 1; }
 * }
 */
export abstract class LiveView<P extends Params = Params> {
  /** Name of an Eta template in the template directories, or `inline\`…\``. */
  static template: string | InlineTemplate;
  /** Unique among the app's views; the template's name unless given. Never the class's name: bundlers change it. */
  static viewName: string | undefined;
  /** Layout of the HTTP response; `false` for none, else the app's default. */
  static layout: string | false;
  static guards: readonly Guard[] = [];
  /** Events for those who cannot use decorators: `{ save: schema, close: true }`. */
  static events: EventSchemas = {};

  readonly #host: ViewHost;
  static {
    readHost = (view) => view.#host;
  }

  /** The document's title; shown in the layout and kept up to date in the browser. */
  pageTitle = "";

  constructor(context: unknown) {
    if (!isHost(context)) {
      throw new ConviveError(
        "HANDLER_OUTSIDE",
        `Views are made by Convive: give the class to live.view(${new.target.name}) instead of calling new.`,
      );
    }
    this.#host = context;
  }

  /** Route parameters. */
  get params(): Readonly<P> {
    return this.#host.params as Readonly<P>;
  }

  /** The page's URL as the browser shows it. */
  get url(): URL {
    return this.#host.url;
  }

  get user(): User | null {
    return this.#host.user;
  }

  get session(): Session {
    return this.#host.session;
  }

  /** False while the page is rendered for HTTP, true on the socket. */
  get connected(): boolean {
    return this.#host.connected;
  }

  /** Loads what the page needs. Runs for the HTTP response and again on the socket; what must last belongs in the URL, a form or a store. */
  mount(): void | Promise<void> {}

  /** After `mount`, and whenever `patchUrl` or the browser's history changes the URL of the mounted page. */
  handleParams(): void | Promise<void> {}

  /** What the template reads as `it`: by default the view's own public fields and getters, without `_names`. */
  context(): Record<string, unknown> {
    return fieldsAndGetters(this, null);
  }

  /** Runs once when the view is over. */
  unmount(): void | Promise<void> {}

  /** Given whatever a handler threw, before it is logged and answered; the view lives on. */
  handleError(_error: unknown): void | Promise<void> {}

  /** Sends an event to the page: hooks hear it, `flash` is shown. */
  pushEvent(event: string, payload: unknown = {}): void {
    this.#host.push(event, payload);
  }

  /** Renders and sends what changed so far, within a handler. */
  flush(): Promise<void> {
    return this.#host.flush();
  }

  /** Repeats work in the mailbox until the view ends or the returned function is called; nothing on HTTP. */
  every(ms: number, work: () => unknown): () => void {
    return this.#host.every(ms, work);
  }

  /** Runs work once in the mailbox after a delay; nothing on HTTP. */
  after(ms: number, work: () => unknown): () => void {
    return this.#host.after(ms, work);
  }

  /** Hears `live.publish(topic, message)` of every node, through the mailbox. */
  subscribe<T = unknown>(topic: string, handler: (message: T) => unknown): () => void {
    return this.#host.subscribe(topic, (message) => handler(message as T));
  }

  /** Shows another URL of the same page, then calls `handleParams`. */
  patchUrl(url: string, options: { replace?: boolean } = {}): void {
    this.#host.patchUrl(url, options);
  }

  /** Shows what all in a room see: loaded after `mount` (within it `await ….ready()`), and in the context as the value itself. */
  share<T, E>(definition: SharedDefinition<T, E>): Shared<T, E> {
    return new SharedHandle(this, this.#host, definition);
  }
}

function isHost(value: unknown): value is ViewHost {
  return typeof value === "object" && value !== null && "addTrait" in value;
}

const gettersByPrototype = new WeakMap<object, ReadonlySet<string>>();
/** Of the session nothing is shown by accident; the other a trait gives, to templates that read it. */
const HIDDEN = new Set(["session", "presenceStale"]);

/** The context of a view: of one that does not override `context()` only what is read, where that is known. */
export function linesOf(view: LiveView<any>, reads: ReadonlySet<string> | null): Record<string, unknown> {
  if (!hasOwnContext(view)) return fieldsAndGetters(view, reads);
  const lines: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(view.context())) lines[name] = unwrap(value);
  return lines;
}

/** Whether a view says itself what its context is. */
export function hasOwnContext(view: LiveView<any>): boolean {
  return view.context !== LiveView.prototype.context;
}

/** Whether a getter of its class gives this line, or only a field of the view itself may. */
export function isGetter(view: LiveView<any>, name: string): boolean {
  return gettersOf(Object.getPrototypeOf(view) as object).has(name);
}

/** Whether what has this name is a field of the view that its template sees. */
export function isShown(view: LiveView<any>, name: string): boolean {
  if (name.startsWith("_") || !Object.hasOwn(view, name)) return false;
  return typeof (view as unknown as Record<string, unknown>)[name] !== "function";
}

function fieldsAndGetters(view: LiveView<any>, reads: ReadonlySet<string> | null): Record<string, unknown> {
  const it: Record<string, unknown> = {};
  const own = view as unknown as Record<string, unknown>;
  for (const name of gettersOf(Object.getPrototypeOf(view) as object)) {
    if (!reads || reads.has(name)) it[name] = unwrap(own[name]);
  }
  for (const name of Object.keys(view)) {
    if ((!reads || reads.has(name)) && isShown(view, name)) it[name] = unwrap(own[name]);
  }
  return it;
}

function gettersOf(prototype: object): ReadonlySet<string> {
  let names = gettersByPrototype.get(prototype);
  if (!names) gettersByPrototype.set(prototype, (names = collectGetters(prototype)));
  return names;
}

function collectGetters(prototype: object): Set<string> {
  const names = new Set<string>();
  for (let p: object | null = prototype; p && p !== Object.prototype; p = Object.getPrototypeOf(p) as object | null) {
    for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(p))) {
      if (get && !name.startsWith("_") && !HIDDEN.has(name)) names.add(name);
    }
  }
  return names;
}

/** Handles stand in the context as the value they hold. */
export function unwrap(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !(CONTEXT_VALUE in value)) return value;
  return (value as { [CONTEXT_VALUE](): unknown })[CONTEXT_VALUE]();
}
