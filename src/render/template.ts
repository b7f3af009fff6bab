import { createHash } from "node:crypto";
import { Eta } from "eta";
import { systemClock, type Clock } from "../clock.js";
import { ConviveError } from "../errors.js";
import type { TemplateServices } from "./compile.js";
import { contextOf, type ContextLines } from "./context-lines.js";
import { CompiledTemplate, type TemplateStats } from "./compiled-template.js";
import type { InlineTemplate } from "./inline.js";
import { nearest } from "./nearest.js";
import { RawHtml } from "./raw-html.js";
import type { RenderCounts, Rendered, Statics, WireRendered } from "./rendered.js";
import { readShareable } from "./sharing.js";
import { placeOf, runtimeError, unknownTemplate, type TemplateSource } from "./template-errors.js";
import { plainText, TemplateFiles } from "./template-files.js";
import { staticsIn, Tree } from "./tree.js";

export interface TemplatesOptions {
  /** The user's first, then those that come with the package: the first that has a file of a name wins. */
  readonly directories: readonly string[];
  /** What every layout may call besides its own data. */
  readonly helpers?: Readonly<Record<string, unknown>>;
  /** Compiles anew when a file changes, and warns of what the browser or a missing name would make of a template. */
  readonly isDevelopment?: boolean;
  readonly onWarning?: (message: string) => void;
  readonly clock?: Clock;
}

export interface RenderStats extends Readonly<RenderCounts> {
  readonly templates: Readonly<Record<string, Readonly<TemplateStats>>>;
}

type Context = Readonly<Record<string, unknown>>;

/**
 * The templates of an app, compiled to trees of segments. The only door to Eta: its parser reads the tags, the rest is ours.
 *
 * @example
 * const templates = new Templates({ directories: ["templates"] });
 * const rendered = templates.render("board", { shapes });
 * String(rendered);          // HTML
 * JSON.stringify(rendered);  // as it travels
 */
export class Templates {
  readonly counts: RenderCounts = { renders: 0, shared: 0, diffs: 0, encodes: 0 };
  readonly #eta = new Eta();
  readonly #files: TemplateFiles;
  readonly #helpers: Context;
  readonly #isDevelopment: boolean;
  readonly #warn: (message: string) => void;
  readonly #listeners = new Set<() => void>();
  readonly #stats = new Map<string, TemplateStats>();
  #byName = new Map<string, CompiledTemplate>();
  #byFile = new Map<string, CompiledTemplate>();
  #inline = new WeakMap<InlineTemplate, CompiledTemplate>();
  /** Inside a rendering that will be shared as a whole. */
  #isSharing = false;

  constructor({
    directories,
    helpers = {},
    isDevelopment = false,
    onWarning = () => {},
    clock = systemClock,
  }: TemplatesOptions) {
    this.#files = new TemplateFiles(directories, clock);
    this.#helpers = helpers;
    this.#isDevelopment = isDevelopment;
    this.#warn = onWarning;
    if (isDevelopment) this.#files.watch(() => this.#forget());
  }

  /**
   * Renders a template. Two calls that would read the same frozen or primitive values give the same object.
   * @throws ConviveError TEMPLATE_UNKNOWN, TEMPLATE_SYNTAX, TEMPLATE_RUNTIME; a ControlFlow thrown inside as it is
   */
  render(template: string | InlineTemplate, context: Context): Rendered {
    return this.#render(this.#template(template), context);
  }

  /** As `render`, of a context that is read line by line: none is made where all that is read is known. */
  renderLines(name: string | InlineTemplate, lines: ContextLines): Rendered {
    const template = this.#template(name);
    const { keys, obstacle } = template.plan;
    const values = !keys || obstacle || this.#isSharing ? null : lines.values(keys);
    if (!values) return this.#render(template, lines.all(template.readNames));
    const again = template.renderings.again(values);
    if (!again) return this.#render(template, contextOf(keys!, values));
    template.stats.shared++;
    this.counts.shared++;
    return again;
  }

  /**
   * Renders the page around a view. `head` and `body` are HTML and go in as they are, also through `<%= %>`.
   * @throws ConviveError TEMPLATE_SYNTAX when the layout never uses `it.head`, which carries the client; as `render`
   */
  renderLayout(
    name: string,
    { head, body, ...data }: Context & { readonly head: string; readonly body: string },
  ): string {
    let isHeadUsed = false;
    const context = Object.assign(Object.create(null) as Record<string, unknown>, this.#helpers, data, {
      body: new RawHtml(body),
    });
    Object.defineProperty(context, "head", { enumerable: true, get: () => ((isHeadUsed = true), new RawHtml(head)) });
    const template = this.#template(name);
    const html = String(this.#render(template, context));
    if (isHeadUsed) return html;
    const message = `${placeOf(template.source, 0)}: the layout never uses it.head, so no page of it could become live. Put <%~ it.head %> before </head>.`;
    throw new ConviveError("TEMPLATE_SYNTAX", message, { details: { template: name, file: template.source.file } });
  }

  /** The names of `it` that a template and its includes may read; null when that is not known. */
  reads(template: string | InlineTemplate): ReadonlySet<string> | null {
    return this.#template(template).readNames;
  }

  /** The statics a page needs to show this, and whatever it may come to show by literal includes. */
  staticsOf(rendered: Rendered): Statics {
    return staticsIn(rendered);
  }

  /** A rendering as it travels. */
  wire(rendered: Rendered): WireRendered {
    return rendered;
  }

  stats(): RenderStats {
    return {
      ...this.counts,
      templates: Object.fromEntries([...this.#stats].map(([name, stats]) => [name, { ...stats }])),
    };
  }

  /** Calls after template files have changed, in development. @returns how to stop it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
    this.#files.close();
  }

  // ── finding and compiling ──

  #template(template: string | InlineTemplate): CompiledTemplate {
    if (typeof template === "string") return this.#byName.get(template) ?? this.#find(template, null);
    let compiled = this.#inline.get(template);
    if (!compiled) {
      const text = plainText(template.source);
      const name = `inline-${createHash("sha256").update(text).digest("hex").slice(0, 6)}`;
      this.#inline.set(template, (compiled = this.#compile({ name, file: null, text })));
    }
    return compiled;
  }

  #find(name: string, from: CompiledTemplate | null): CompiledTemplate {
    const base = from?.source.file ? from.name : null;
    const source = typeof name === "string" ? this.#files.find(name, base) : null;
    if (!source)
      throw unknownTemplate(String(name), from?.source ?? null, this.#files.directories, this.#files.names());
    let template = this.#byFile.get(source.file!);
    if (!template) this.#byFile.set(source.file!, (template = this.#compile(source)));
    if (!from) this.#byName.set(name, template);
    return template;
  }

  #compile(source: TemplateSource): CompiledTemplate {
    const template = new CompiledTemplate(source, {
      counts: this.counts,
      stats: this.#statsOf(source.name),
      parse: (text) => this.#eta.parse(text),
      resolve: (name, from) => this.#find(name, from),
      services: (compiled) => this.#servicesOf(compiled),
    });
    if (this.#isDevelopment) {
      for (const { at, message } of template.problems)
        this.#warn(`${placeOf(source, template.lineOf(at))}: ${message}`);
    }
    return template;
  }

  #servicesOf(template: CompiledTemplate): TemplateServices {
    return {
      include: (name, it, data) => this.#include(template.include(name), it as Context, data),
      captured: (ops) => new Tree(template, ops, false),
      failed: (error, line) => {
        throw runtimeError(template.source, line, error);
      },
    };
  }

  #forget(): void {
    this.#byName = new Map();
    this.#byFile = new Map();
    this.#inline = new WeakMap();
    for (const listener of this.#listeners) listener();
  }

  // ── rendering ──

  #include(template: CompiledTemplate, it: Context, data: object | undefined): Rendered {
    // Without data the include may have the context itself, unless it could change it.
    if (data == null) return this.#render(template, template.reads.unknown ? (Object.create(it) as Context) : it);
    return this.#render(template, { __proto__: it, ...data } as unknown as Context);
  }

  #render(template: CompiledTemplate, it: Context): Rendered {
    if (this.#isDevelopment) this.#tellMissing(template, it);
    const { stats } = template;
    const { keys, obstacle } = template.plan;
    if (this.#isSharing) return this.#run(template, it, stats, false);
    if (!keys || obstacle) {
      stats.reason ??= obstacle;
      return this.#run(template, it, stats, false);
    }
    const reading = readShareable(keys, it);
    if (typeof reading === "string") {
      stats.reason ??= reading + lineOfKey(template, reading);
      return this.#run(template, it, stats, false);
    }
    const known = template.renderings.find(reading);
    if (known) {
      stats.shared++;
      this.counts.shared++;
      return known;
    }
    const rendered = this.#runShared(template, snapshot(it, keys, reading.values), stats);
    template.renderings.keep(reading, rendered);
    return rendered;
  }

  #runShared(template: CompiledTemplate, it: Context, stats: TemplateStats): Rendered {
    this.#isSharing = true;
    try {
      return this.#run(template, it, stats, true);
    } finally {
      this.#isSharing = false;
    }
  }

  #run(template: CompiledTemplate, it: Context, stats: TemplateStats, isShared: boolean): Rendered {
    stats.renders++;
    if (isShared || !this.#isSharing) this.counts.renders++;
    const { ops, layout } = template.print(it);
    const rendered = new Tree(template, ops, isShared);
    if (!layout) return rendered;
    const data = { ...layout.data, __blocks: layout.blocks };
    return this.#include(template.include(layout.name!), { __proto__: it, body: rendered } as unknown as Context, data);
  }

  #statsOf(name: string): TemplateStats {
    let stats = this.#stats.get(name);
    if (!stats) this.#stats.set(name, (stats = { renders: 0, shared: 0, reason: null }));
    return stats;
  }

  #tellMissing(template: CompiledTemplate, it: Context): void {
    for (const { name, at, isOptional } of template.reads.names) {
      if (isOptional || name in it || template.toldMissing.has(name)) continue;
      template.toldMissing.add(name);
      const hint = nearest(name, namesIn(it));
      const next = hint
        ? `did you mean it.${hint}?`
        : "give it to the template in context(), or ask for it with it?.name ?? …";
      this.#warn(`${placeOf(template.source, template.lineOf(at))}: there is no it.${name} in the context: ${next}`);
    }
  }
}

/** The values that were compared, and no way to others: what is rendered of them is what they stand for. */
function snapshot(it: Context, keys: readonly string[], values: readonly unknown[]): Context {
  const copy = Object.create(null) as Record<string, unknown>;
  keys.forEach((key, index) => {
    if (key in it) copy[key] = values[index];
  });
  return copy;
}

function lineOfKey(template: CompiledTemplate, reason: string): string {
  const read = template.reads.names.find(({ name }) => reason.startsWith(`it.${name} `));
  return read ? ` (line ${template.lineOf(read.at)})` : " (read by an include)";
}

function namesIn(it: Context): string[] {
  const names: string[] = [];
  for (
    let object: object | null = it;
    object && object !== Object.prototype;
    object = Object.getPrototypeOf(object) as object | null
  ) {
    names.push(...Object.getOwnPropertyNames(object));
  }
  return names;
}
