import { ATTRIBUTES } from "../../src/protocol.js";
import { isElement, isLeftAlone, syncAttributes, syncContent } from "./elements.js";
import { changeField } from "./fields.js";
import type { ForeignEdits } from "./foreign-edits.js";
import { moveNodes } from "./moves.js";
import { Stretch } from "./stretch.js";

/** What patches did. */
export interface Changes {
  readonly added: Node[];
  readonly removed: Node[];
  /** attributes, text or children */
  readonly updated: Node[];
}

/** Makes a stretch of the page like other nodes, keeping elements, and of them what is the user's or a hook's. */
export class Morph {
  constructor(
    private readonly foreign: ForeignEdits,
    private readonly changes: Changes,
  ) {}

  /** What stands in the page becomes the nodes, which are taken. */
  children(live: Stretch, nodes: readonly ChildNode[]): void {
    const keyed = new Map<string, ChildNode>();
    for (let node = live.next(); node && node !== live.end; node = node.nextSibling as ChildNode | null) {
      const key = keyOf(node);
      if (key) keyed.set(key, node);
    }
    for (const node of nodes) {
      const place = live.next();
      const partner = partnerOf(node, place, live.end, keyed);
      if (!partner) {
        live.parent.insertBefore(node, place ?? live.end);
        this.changes.added.push(node);
      } else {
        if (partner !== place) moveNodes([partner], place!);
        if (isElement(node)) this.element(partner as Node as Element, node);
        else if (partner.nodeValue !== node.nodeValue) partner.nodeValue = node.nodeValue;
      }
      live.last = partner ?? node;
    }
    for (let node; (node = live.next());) {
      node.remove();
      this.changes.removed.push(node);
    }
  }

  private element(from: Element, to: Element): void {
    if (from.isEqualNode(to) && !(to.localName === "template" || to.querySelector("template"))) return;
    this.changes.updated.push(from);
    syncAttributes(from, from, to, this.foreign);
    if (isLeftAlone(to) || isBeingEdited(from)) return;
    if (/^(?:textarea|template)$/.test(from.localName)) syncContent(from, to);
    else changeField(from, () => this.children(new Stretch(from), [...to.childNodes]));
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
  return isElement(node) ? node.getAttribute(ATTRIBUTES.key) || node.getAttribute("id") : null;
}

function isBeingEdited(element: Element): boolean {
  return (element as HTMLElement).isContentEditable && element.contains(document.activeElement);
}
