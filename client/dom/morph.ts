import { ATTRIBUTES } from "../../src/protocol.js";
import { isElement, isLeftAlone, syncAttributes, syncContent } from "./elements.js";
import { changeField } from "./fields.js";
import type { ForeignEdits } from "./foreign-edits.js";
import { moveNodes } from "./moves.js";

/** What patches did. */
export interface Changes {
  readonly added: Set<Node>;
  readonly removed: Set<Node>;
  /** attributes, text or children */
  readonly updated: Set<Node>;
}

/** Makes a stretch of the page like other nodes, keeping elements, and of them what is the user's or a hook's. */
export class Morph {
  constructor(
    private readonly foreign: ForeignEdits,
    private readonly changes: Changes,
  ) {}

  /** The children of `parent` behind `before` up to `end`, null being its own ends. Takes the nodes. */
  children(parent: Node, before: Node | null, end: Node | null, nodes: readonly ChildNode[]): void {
    let last = before;
    const next = () => {
      const node = last ? last.nextSibling : parent.firstChild;
      return node === end ? null : (node as ChildNode | null);
    };
    const keyed = new Map<string, ChildNode>();
    for (let live = next(); live && live !== end; live = live.nextSibling as ChildNode | null) {
      const key = keyOf(live);
      if (key) keyed.set(key, live);
    }
    for (const node of nodes) {
      const place = next();
      const live = partnerOf(node, place, end, keyed);
      if (!live) {
        parent.insertBefore(node, place ?? end);
        this.changes.added.add(node);
      } else {
        if (live !== place) moveNodes([live], place!);
        if (isElement(node)) this.element(live as unknown as Element, node);
        else if (live.nodeValue !== node.nodeValue) live.nodeValue = node.nodeValue;
      }
      last = live ?? node;
    }
    for (let live = next(); live; live = next()) {
      live.remove();
      this.changes.removed.add(live);
    }
  }

  private element(from: Element, to: Element): void {
    if (from.isEqualNode(to) && !(to.localName === "template" || to.querySelector("template"))) return;
    this.changes.updated.add(from);
    syncAttributes(from, from, to, this.foreign);
    if (isLeftAlone(to) || isBeingEdited(from)) return;
    if (/^(?:textarea|noscript|template)$/.test(from.localName)) syncContent(from, to);
    else changeField(from, () => this.children(from, null, null, [...to.childNodes]));
  }
}

/** Which of the nodes from `live` on becomes the node: that of its key, else the next of its kind. */
function partnerOf(
  node: Node,
  live: ChildNode | null,
  end: Node | null,
  keyed: Map<string, ChildNode>,
): ChildNode | undefined {
  const key = keyOf(node);
  const isSameKind = (other: Node) =>
    other.nodeName === node.nodeName && (other as Element).namespaceURI === (node as Element).namespaceURI;
  if (key) {
    const found = keyed.get(key);
    keyed.delete(key);
    return found && isSameKind(found) ? found : undefined;
  }
  for (; live && live !== end; live = live.nextSibling as ChildNode | null) {
    if (isSameKind(live) && !keyOf(live)) return live;
    if (!isElement(node)) return;
  }
  return;
}

function keyOf(node: Node): string | null {
  return isElement(node) ? node.getAttribute(ATTRIBUTES.key) || node.id : null;
}

function isBeingEdited(element: Element): boolean {
  return (element as HTMLElement).isContentEditable && element.contains(document.activeElement);
}
