import { ATTRIBUTES } from "../../src/protocol.js";
import { changeField } from "./fields.js";
import type { ForeignEdits } from "./foreign-edits.js";

export function isElement(node: Node): node is Element {
  return node.nodeType === Node.ELEMENT_NODE;
}

/** The page's own: nothing in it is patched, and of its attributes only `data-*`. */
export function isLeftAlone(element: Element): boolean {
  return element.hasAttribute(ATTRIBUTES.ignore) || element.hasAttribute(ATTRIBUTES.flash);
}

/** Gives an element what is other in `after` than in `before`: its old tag or, in a morph, the element itself. */
export function syncAttributes(element: Element, before: Element, after: Element, foreign: ForeignEdits): void {
  const isMorph = before === element;
  const isOurs = (name: string, value: string | null) =>
    (name.startsWith("data-") || !isLeftAlone(after)) &&
    !(isMorph && (foreign.keeps(element, name, value) || isMadeOfProperties(after, name)));
  changeField(element, () => {
    for (const name of before.getAttributeNames())
      if (!after.hasAttribute(name) && isOurs(name, null)) write(element, name, null, foreign);
    for (const attribute of after.attributes) {
      const { name, value } = attribute;
      if (before.getAttribute(name) !== value && isOurs(name, value)) write(element, name, attribute, foreign);
    }
  });
}

function write(element: Element, name: string, attribute: Attr | null, foreign: ForeignEdits): void {
  foreign.forget(element, name);
  // The node is copied, for a parser takes names that `setAttribute` refuses.
  if (attribute) element.setAttributeNode(attribute.cloneNode() as Attr);
  else element.removeAttribute(name);
  if (name.startsWith(ATTRIBUTES.style)) setProperty(element, name);
  else if (name === "style") applyStyles(element);
}

/** Content of an element that holds text, or what the page does not show. */
export function syncContent(element: Element, to: Element): void {
  if (element.localName === "textarea") {
    const { defaultValue } = to as HTMLTextAreaElement;
    changeField(element, () => ((element as HTMLTextAreaElement).defaultValue = defaultValue));
  } else if (element.localName === "template") {
    (element as HTMLTemplateElement).content.replaceChildren((to as HTMLTemplateElement).content);
  } else if (element.localName !== "noscript") element.textContent = to.textContent;
}

/** Whether the attribute is `style` of an element with `live-style:…`: whatever it shows, its properties were set one by one. */
export function isMadeOfProperties(element: Element, name: string): boolean {
  return name === "style" && styleNames(element).length > 0;
}

function styleNames(element: Element): string[] {
  return element.getAttributeNames().filter((name) => name.startsWith(ATTRIBUTES.style));
}

/** Sets one property: a value that would be more than that is refused by CSSOM. */
function setProperty(element: Element, name: string): void {
  const { style } = element as HTMLElement;
  const property = name.slice(ATTRIBUTES.style.length);
  const value = element.getAttribute(name);
  if (value !== null && CSS.supports(property, value)) style.setProperty(property, value);
  else style.removeProperty(property);
  if (!style.length) element.removeAttribute("style");
}

function applyStyles(element: Element): void {
  for (const name of styleNames(element)) setProperty(element, name);
}

/** Applies every `live-style:…` in an element. */
export function applyAllStyles(root: Element): void {
  const path = `.//*[@*[starts-with(name(),"${ATTRIBUTES.style}")]]`;
  const found = root.ownerDocument.evaluate(path, root, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
  for (let index = 0; index < found.snapshotLength; index++) applyStyles(found.snapshotItem(index) as Element);
}
