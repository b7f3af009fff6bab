import type { Ops, Rendered, RenderedTemplate, Statics } from "./rendered.js";

/** The server's `Rendered`. Its own fields are those of the wire, and no others. */
export class Tree implements Rendered {
  readonly t: string;
  readonly o: Ops;
  readonly #template: RenderedTemplate;
  readonly #isShared: boolean;

  constructor(template: RenderedTemplate, ops: readonly unknown[], isShared: boolean) {
    this.t = template.id;
    this.o = ops as Ops;
    this.#template = template;
    this.#isShared = isShared;
  }

  get template(): RenderedTemplate {
    return this.#template;
  }

  get isShared(): boolean {
    return this.#isShared;
  }

  /** The HTML. */
  toString(): string {
    const [segments] = this.#template.statics;
    const { o } = this;
    let html = "";
    for (let at = 0; at < o.length;) {
      const strings = segments[o[at++] as number]!;
      html += strings[0];
      for (let slot = 1; slot < strings.length; slot++) html += String(o[at++] as string | Tree) + strings[slot];
    }
    return html;
  }
}

export function isTree(value: unknown): value is Tree {
  return value instanceof Tree;
}

/** Statics of all that a rendering holds or may come to hold by literal includes. */
export function staticsIn(rendered: Rendered): Statics {
  const { reachable } = rendered.template;
  const more: Record<string, RenderedTemplate> = {};
  collectTemplates(rendered.o, more);
  const missing = Object.values(more).filter(({ id }) => !Object.hasOwn(reachable, id));
  if (missing.length === 0) return reachable;
  return Object.assign({}, ...missing.map((template) => template.reachable), reachable) as Statics;
}

/** Adds the templates of the renderings among these values, and inside them. */
export function collectTemplates(ops: readonly unknown[], found: Record<string, RenderedTemplate>): void {
  for (const value of ops) {
    if (!isTree(value)) continue;
    found[value.t] = value.template;
    collectTemplates(value.o, found);
  }
}
