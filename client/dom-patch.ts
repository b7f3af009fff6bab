import type { Edit, Statics, WireRendered } from "../src/render/rendered.js";
import { applyStyles, isElement } from "./dom/elements.js";
import { decideAnew, isDirty, isWritten, keepState, markClean, watchWriting } from "./dom/fields.js";
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
  /** Whether a field holds what the user entered and did not submit; no patch overwrites it. */
  readonly isDirty = isDirty;
  /** What a field, or the fields of a form, hold is no longer the user's alone: the server may change it. */
  readonly markClean = markClean;
  /** As `isDirty`, also when the server has heard of it and shows it itself. */
  readonly isWritten = isWritten;
  /** What a field holds now; the result puts it back. */
  readonly keepState = keepState;
  private readonly foreign: ForeignEdits;
  private readonly patcher: Patcher;
  private readonly changes: Changes = { added: [], removed: [], updated: [] };

  constructor(
    private readonly root: Element,
    private readonly options: DomPatchOptions = {},
  ) {
    watchWriting(root);
    this.foreign = new ForeignEdits(root);
    this.patcher = new Patcher(root, this.foreign, this.changes);
  }

  /** Takes over what stands in the root, or makes it like the rendering. */
  join(rendered: WireRendered, statics: Statics): void {
    this.change(statics, () => {
      applyStyles(this.root);
      this.patcher.show(rendered);
    });
  }

  apply(edit: Edit, statics: Statics = {}): void {
    this.change(statics, () => this.patcher.apply(edit));
  }

  destroy(): void {
    this.foreign.stop();
  }

  private change(statics: Statics, work: () => void): void {
    const { activeElement } = document;
    Object.assign(this.patcher.statics, statics);
    decideAnew();
    this.foreign.collect();
    work();
    if (activeElement && this.root.contains(activeElement) && activeElement !== document.activeElement)
      (activeElement as HTMLElement).focus({ preventScroll: true });
    this.foreign.discard();
    this.tell();
  }

  /** Handlers see the page whole, and may cause the next patch. */
  private tell(): void {
    const { root, options } = this;
    const [added, removed, updated] = Object.values(this.changes).map((nodes: Node[]) => nodes.splice(0));
    for (const node of removed!) if (isElement(node) && !root.contains(node)) options.onRemoved?.(node);
    for (const node of added!) if (isElement(node) && root.contains(node)) options.onAdded?.(node);
    const seen = new Set<Node | null>([root.parentNode]);
    for (let node of updated!) {
      if (!root.contains(node)) continue;
      for (; !seen.has(node); node = node.parentNode!) {
        seen.add(node);
        options.onUpdated?.(node as Element);
      }
    }
  }
}
