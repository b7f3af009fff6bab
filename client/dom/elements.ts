import { ATTRIBUTES } from "../../src/protocol.js";
import { changeField } from "./fields.js";
import type { ForeignEdits } from "./foreign-edits.js";

const ELEMENT_NODE = 1;
const TEXT_NODE = 3;
const COMMENT_NODE = 8;
const ORDERED_SNAPSHOT = 7;

export function isElement(node: Node): node is Element {
  return node.nodeType === ELEMENT_NODE;
}

export function isComment(node: Node): node is Comment {
  return node.nodeType === COMMENT_NODE;
}

export function isTextNode(node: Node): node is Text {
  return node.nodeType === TEXT_NODE;
}

/** The page's own: nothing in it is patched, and of its attributes only `data-*`. */
export function isLeftAlone(element: Element): boolean {
  return element.hasAttribute(ATTRIBUTES.ignore) || element.hasAttribute(ATTRIBUTES.flash);
}

/** Names of the attributes that are not the same, less those that are the page's own. */
export function differing(element: Element, wanted: Element): Set<string> {
  const names = [...element.getAttributeNames(), ...wanted.getAttributeNames()];
  const isOther = (name: string) => element.getAttribute(name) !== wanted.getAttribute(name);
  return new Set(names.filter((name) => isOther(name) && (name.startsWith("data-") || !isLeftAlone(wanted))));
}

/** Gives an element what is other in `after` than in `before`: its old tag or, in a morph, the element itself. */
export function syncAttributes(element: Element, before: Element, after: Element, foreign: ForeignEdits): void {
  const set = foreign.attributesOf(element);
  for (const [name, value] of set) if (after.getAttribute(name) !== value) set.delete(name);
  changeField(element, () => {
    for (const name of differing(before, after))
      if (before !== element || !set.has(name)) write(element, name, after.getAttributeNode(name));
  });
}

function write(element: Element, name: string, attribute: Attr | null): void {
  // The node is copied, for a parser takes names that `setAttribute` refuses.
  if (attribute) element.setAttributeNode(attribute.cloneNode() as Attr);
  else element.removeAttribute(name);
  if (name.startsWith(ATTRIBUTES.style)) setProperty(element, name);
  if (name === "style") for (const other of styleNames(element)) setProperty(element, other);
}

/** Content of an element that holds text, or what the page does not show. */
export function syncContent(element: Element, to: Element): void {
  if (element.localName === "template")
    (element as HTMLTemplateElement).content.replaceChildren((to as HTMLTemplateElement).content);
  else changeField(element, () => (element.textContent = to.textContent));
}

export function styleNames(element: Element): string[] {
  return element.getAttributeNames().filter((name) => name.startsWith(ATTRIBUTES.style));
}

/** Sets one property: a value that would be more than that is refused by CSSOM. */
function setProperty(element: Element, name: string): void {
  const { style } = element as HTMLElement;
  const property = name.slice(ATTRIBUTES.style.length);
  const value = element.getAttribute(name) ?? "";
  if (CSS.supports(property, value)) style.setProperty(property, value);
  else style.removeProperty(property);
  if (!style.length) element.removeAttribute("style");
}

/** Applies every `live-style:…` in an element. */
export function applyStyles(root: Element): void {
  const path = `.//@*[starts-with(name(),"${ATTRIBUTES.style}")]`;
  const found = root.ownerDocument.evaluate(path, root, null, ORDERED_SNAPSHOT);
  for (let index = 0; index < found.snapshotLength; index++) {
    const { ownerElement, name } = found.snapshotItem(index) as Attr;
    setProperty(ownerElement!, name);
  }
}
