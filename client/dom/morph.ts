import morphdom from "morphdom";
import { ATTRIBUTES } from "../../src/protocol.js";
import { isLeftAlone, syncAttributes, syncContent } from "./elements.js";
import { changeField } from "./fields.js";
import type { ForeignEdits } from "./foreign-edits.js";

/** Hears what patches did. */
export interface Changes {
  added(node: Node): void;
  removed(node: Node): void;
  /** attributes, text or children */
  updated(node: Node): void;
}

/** Makes a stretch of the page like other nodes, keeping elements, and of them what is the user's or a hook's. */
export class Morph {
  private isKeyed = false;

  constructor(
    private readonly foreign: ForeignEdits,
    private readonly changes: Changes,
  ) {}

  /** The children of `parent` behind `before` up to `end`, null being its own ends. Takes the nodes. */
  run(parent: Element, before: Node | null, end: Node | null, nodes: readonly ChildNode[]): void {
    this.isKeyed = hasUniqueKeys([parent]) && hasUniqueKeys(nodes);
    changeField(parent, () => this.children(parent, before, end, nodes));
    this.changes.updated(parent);
  }

  private children(parent: Element, before: Node | null, end: Node | null, nodes: readonly ChildNode[]): void {
    let last = before;
    const next = () => (last ? last.nextSibling : parent.firstChild);
    const removeUpTo = (stop: Node | null) => {
      for (let live = next(); live && live !== stop; live = next()) {
        parent.removeChild(live);
        this.changes.removed(live);
      }
    };
    for (const node of nodes) {
      const live = this.partner(node, next(), end);
      if (live) {
        removeUpTo(live);
        this.element(live, node);
      } else {
        parent.insertBefore(node, next());
        this.changes.added(node);
      }
      last = live ?? node;
    }
    removeUpTo(end);
  }

  /** An element may be a little further on, other nodes are taken as they come. */
  private partner(node: Node, live: Node | null, end: Node | null): Node | null {
    for (; live && live !== end; live = live.nextSibling) {
      if (live.nodeName === node.nodeName && this.keyOf(live) === this.keyOf(node)) return live;
      if (!isElement(node)) break;
    }
    return null;
  }

  private element(live: Node, node: Node): void {
    if (!isElement(node)) {
      if (live.nodeValue !== node.nodeValue) live.nodeValue = node.nodeValue;
    } else {
      morphdom(live, node, {
        getNodeKey: (some) => this.keyOf(some),
        onBeforeElUpdated: (from, to) => this.update(from, to),
        onNodeAdded: (some) => this.changes.added(some),
        onNodeDiscarded: (some) => this.changes.removed(some),
      });
    }
  }

  private keyOf(node: Node): string | null {
    return this.isKeyed && isElement(node) ? keyOf(node) : null;
  }

  /** False when all is done. Fields are: morphdom would give them the server's values. */
  private update(from: Element, to: Element): boolean {
    if (from.isEqualNode(to) && to.localName !== "template" && !to.querySelector("template")) return false;
    this.changes.updated(from);
    syncAttributes(from, from, to, this.foreign);
    if (isLeftAlone(to) || isBeingEdited(from) || from.localName === "input") return false;
    if (/^(?:textarea|noscript|template)$/.test(from.localName)) syncContent(from, to);
    else if (/^(?:select|option)$/.test(from.localName))
      changeField(from, () => this.children(from, null, null, [...to.childNodes]));
    else {
      keepAttributes(from, to);
      return true;
    }
    return false;
  }
}

function isElement(node: Node): node is Element {
  return node.nodeType === Node.ELEMENT_NODE;
}

function keyOf(element: Element): string | null {
  return element.getAttribute(ATTRIBUTES.key) ?? element.getAttribute("id");
}

function isBeingEdited(element: Element): boolean {
  return (element as HTMLElement).isContentEditable && element.contains(document.activeElement);
}

/** Lets morphdom find no difference in what was kept. */
function keepAttributes(from: Element, to: Element): void {
  for (const name of to.getAttributeNames()) if (!from.hasAttribute(name)) to.removeAttribute(name);
  for (const attribute of from.attributes)
    if (to.getAttribute(attribute.name) !== attribute.value) to.setAttributeNode(attribute.cloneNode() as Attr);
}

/** Where two elements have the same key, matching by keys loses one. */
function hasUniqueKeys(nodes: readonly Node[]): boolean {
  const keys = nodes
    .filter(isElement)
    .flatMap((node) => [node, ...node.querySelectorAll(`[id],[${ATTRIBUTES.key}]`)].map(keyOf))
    .filter((key) => key !== null);
  return new Set(keys).size === keys.length;
}
