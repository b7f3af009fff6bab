import type { Edit, Statics, WireRendered } from "../src/render/rendered.js";
import { applyAllStyles } from "./dom/elements.js";
import { isDirty, markClean } from "./dom/fields.js";
import { ForeignEdits } from "./dom/foreign-edits.js";
import type { Changes } from "./dom/morph.js";
import { Patcher } from "./dom/patcher.js";

/** Called when the page is whole again. */
export interface DomPatchOptions {
  /** An element came into the page, with all that is in it. */
  onAdded?(element: Element): void;
  /** An element went, with all that was in it. */
  onRemoved?(element: Element): void;
  /** Attributes of an element, or something in it, changed. */
  onUpdated?(element: Element): void;
}

/**
 * Keeps the content of an element like a rendering on the server, and leaves alone what is the user's: focus, caret,
 * what is being written, and what hooks did.
 *
 * @example
 * const patch = new DomPatch(root, { onAdded: (element) => mountHooks(element) });
 * patch.join(reply.rendered, reply.statics);
 * patch.apply(payload.d, payload.s);
 */
export class DomPatch {
  private readonly foreign: ForeignEdits;
  private readonly patcher: Patcher;
  private readonly addedNodes = new Set<Node>();
  private readonly removedNodes = new Set<Node>();
  private readonly updatedNodes = new Set<Node>();

  constructor(
    private readonly root: Element,
    private readonly options: DomPatchOptions = {},
  ) {
    const changes: Changes = {
      added: (node) => this.addedNodes.add(node),
      removed: (node) => this.removedNodes.add(node),
      updated: (node) => this.updatedNodes.add(node),
    };
    this.foreign = new ForeignEdits(root);
    this.patcher = new Patcher(root, this.foreign, changes);
  }

  /** Takes over what stands in the root, or makes it like the rendering. */
  join(rendered: WireRendered, statics: Statics): void {
    this.change(statics, () => {
      applyAllStyles(this.root);
      this.patcher.show(rendered);
    });
  }

  apply(edit: Edit, statics: Statics = {}): void {
    this.change(statics, () => this.patcher.apply(edit));
  }

  /** Whether a field holds what the user entered and did not submit; no patch overwrites it. */
  isDirty(field: Element): boolean {
    return isDirty(field);
  }

  /** What a field, or the fields of a form, hold is no longer the user's alone: the server may change it. */
  markClean(element: Element): void {
    markClean(element);
  }

  destroy(): void {
    this.foreign.stop();
  }

  private change(statics: Statics, work: () => void): void {
    const { activeElement } = document;
    Object.assign(this.patcher.statics, statics);
    this.foreign.collect();
    work();
    if (activeElement && this.root.contains(activeElement) && activeElement !== document.activeElement)
      (activeElement as HTMLElement).focus({ preventScroll: true });
    this.foreign.discard();
    this.tell();
  }

  private tell(): void {
    const { root, options } = this;
    const [added, removed, updated] = [this.addedNodes, this.removedNodes, this.updatedNodes].map(take);
    for (const element of outermost(removed!)) if (!element.isConnected) options.onRemoved?.(element);
    for (const element of outermost(added!)) if (element.isConnected) options.onAdded?.(element);
    for (const element of withAncestors(updated!, root)) options.onUpdated?.(element);
  }
}

function take(nodes: Set<Node>): Set<Node> {
  const taken = new Set(nodes);
  nodes.clear();
  return taken;
}

function outermost(nodes: ReadonlySet<Node>): Element[] {
  return [...nodes].filter((node) => node instanceof Element && !nodes.has(node.parentNode!)) as Element[];
}

function withAncestors(nodes: ReadonlySet<Node>, root: Element): Set<Element> {
  const found = new Set<Element>();
  for (const node of nodes) {
    if (!root.contains(node)) continue;
    for (let element = node as Element; !found.has(element); element = element.parentElement!) {
      found.add(element);
      if (element === root) break;
    }
  }
  return found;
}
