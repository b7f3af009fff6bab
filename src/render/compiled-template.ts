import { createHash } from "node:crypto";
import { compileCode, type CompiledCode, type LayoutCall, type PrintedOps, type TemplateServices } from "./compile.js";
import { readMarkup, type MarkupProblem } from "./markup.js";
import { lineAt, readParts, type ParsedPart } from "./parts.js";
import { readCode, type CodeReads, type IncludeRead } from "./reads.js";
import type { RenderCounts, RenderedTemplate, Statics, TemplateStatics } from "./rendered.js";
import { cutSegments, unevenBrace } from "./segments.js";
import { planSharing, SharedRenderings, type Shareable, type SharingPlan } from "./sharing.js";
import { syntaxError, type TemplateSource } from "./template-errors.js";
import { isTree } from "./tree.js";

/** How a template fared. */
export interface TemplateStats {
  /** times its code ran */
  renders: number;
  /** times a rendering was used again instead */
  shared: number;
  /** the first reason, with its line, why it ran when it might have been shared */
  reason: string | null;
}

/** What a template asks of those around it. */
export interface TemplateSurroundings {
  readonly counts: RenderCounts;
  readonly stats: TemplateStats;
  parse(text: string): readonly ParsedPart[];
  /** The template that another one includes by this name. @throws TEMPLATE_UNKNOWN */
  resolve(name: string, from: CompiledTemplate): CompiledTemplate;
  services(template: CompiledTemplate): TemplateServices;
}

const ID_LENGTH = 8;

/** One template: its statics, its code, and what is known of both without running it. */
export class CompiledTemplate implements RenderedTemplate, Shareable {
  readonly id: string;
  readonly statics: TemplateStatics;
  readonly loops: readonly boolean[];
  readonly holdsHtml: boolean;
  readonly reads: CodeReads;
  readonly problems: readonly MarkupProblem[];
  readonly renderings = new SharedRenderings();
  /** Names of the context that development has told to be missing. */
  readonly toldMissing = new Set<string>();
  readonly #code: CompiledCode;
  readonly #included = new Map<string, CompiledTemplate>();
  #plan: SharingPlan | null = null;
  #readNames: ReadonlySet<string> | null | undefined;
  #reachable: Statics | null = null;

  /** @throws ConviveError TEMPLATE_SYNTAX */
  constructor(
    readonly source: TemplateSource,
    private readonly surroundings: TemplateSurroundings,
  ) {
    const parts = readParts(source.text, this.#parsed());
    const uneven = unevenBrace(parts);
    const markup = readMarkup(parts, uneven === null);
    if (markup.unquoted) {
      throw syntaxError(
        source,
        this.lineOf(markup.unquoted.at),
        'a value in an attribute needs quotes around it: name="<%= … %>"',
      );
    }
    const segmented = cutSegments(parts, markup, uneven === null);
    const services = surroundings.services(this);
    const compile = () => compileCode(source, segmented, services, isTree);
    this.#code = uneven ? explained(compile, source, this.lineOf(uneven.part.at), uneven.message) : compile();
    this.statics = segmented.statics;
    this.loops = segmented.loops;
    this.holdsHtml = this.statics[3].some((kinds) => kinds.includes("h"));
    this.reads = readCode(parts);
    this.problems = markup.problems;
    this.id = createHash("sha256").update(JSON.stringify(this.statics)).digest("base64url").slice(0, ID_LENGTH);
  }

  get name(): string {
    return this.source.name;
  }

  get counts(): RenderCounts {
    return this.surroundings.counts;
  }

  get stats(): TemplateStats {
    return this.surroundings.stats;
  }

  /** What it and its includes may read of the context; null when that is not known. */
  get readNames(): ReadonlySet<string> | null {
    if (this.#readNames === undefined) this.#readNames = this.plan.keys && new Set(this.plan.keys);
    return this.#readNames;
  }

  get plan(): SharingPlan {
    return (this.#plan ??= planSharing(this));
  }

  get reachable(): Statics {
    return (this.#reachable ??= reachableFrom(this));
  }

  lineOf(at: number): number {
    return lineAt(this.source.text, at);
  }

  /** @throws ConviveError TEMPLATE_UNKNOWN, TEMPLATE_SYNTAX */
  include(name: string): CompiledTemplate {
    let template = this.#included.get(name);
    if (!template) this.#included.set(name, (template = this.surroundings.resolve(name, this)));
    return template;
  }

  included({ name }: IncludeRead): CompiledTemplate | null {
    try {
      return name === null ? null : this.include(name);
    } catch {
      // It will say so itself if it is ever rendered.
      return null;
    }
  }

  /** Runs the code. `layout` is what the template asked to be put into, if it did. */
  print(it: object): { readonly ops: PrintedOps; readonly layout: LayoutCall | null } {
    const ops: PrintedOps = [];
    const layout = this.#code.usesLayout ? newLayoutCall() : null;
    this.#code.run(it, ops, layout);
    return { ops, layout: layout?.name == null ? null : layout };
  }

  #parsed(): readonly ParsedPart[] {
    try {
      return this.surroundings.parse(this.source.text);
    } catch (error) {
      const [message, line] = parserMessage(error);
      throw syntaxError(this.source, line, message, error);
    }
  }
}

function newLayoutCall(): LayoutCall {
  return { name: null, data: undefined, blocks: Object.create(null) as Record<string, unknown> };
}

/** Eta says what it could not read as "unclosed string at line 3 col 9:" and the line. */
function parserMessage(error: unknown): [message: string, line: number] {
  const [, what, line] = /^(.*) at line (\d+)/.exec((error as Error).message) ?? [];
  return what
    ? [`${what} (a quote in a // comment or a regular expression counts as a string here)`, Number(line)]
    : [String(error), 0];
}

function explained<T>(work: () => T, source: TemplateSource, line: number, message: string): T {
  try {
    return work();
  } catch (error) {
    throw syntaxError(source, line, message, error);
  }
}

function reachableFrom(root: CompiledTemplate): Statics {
  const statics: Record<string, TemplateStatics> = {};
  const seen = new Set([root]);
  for (const template of seen) {
    statics[template.id] = template.statics;
    for (const include of template.reads.includes) {
      const target = template.included(include);
      if (target) seen.add(target);
    }
  }
  return statics;
}
