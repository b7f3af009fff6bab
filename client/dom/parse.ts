import { ATTRIBUTES } from "../../src/protocol.js";
import { applyStyles, isComment } from "./elements.js";
import { isClosed, MARK } from "./markup.js";
import type { Part } from "./regions.js";

const SEPARATOR = `<!--${MARK}-->`;
let inert: Document | undefined;

/** Parses as the content of `context`, in a document where nothing loads or runs. */
export function parse(html: string, context: Element): Element {
  inert ??= document.implementation.createHTMLDocument();
  const box = inert.createElementNS(context.namespaceURI, context.localName);
  box.innerHTML = html;
  return box;
}

/** As `parse`, for nodes that go into the page. */
export function parseNodes(html: string, context: Element): Element {
  const box = parse(html, context);
  if (html.includes(ATTRIBUTES.style)) applyStyles(box);
  return box;
}

/**
 * Parses pieces of HTML as content of `parent`, which lies somewhere in `root`: inside the tags of all elements between
 * them. Null unless every piece came out whole and where it should be.
 */
export function parsePieces(pieces: readonly string[], parent: Element, root: Element): ChildNode[][] | null {
  if (!pieces.every(isClosed)) return null;
  const path: Element[] = [];
  for (let element: Element | null = parent; element && element !== root; element = element.parentElement)
    path.unshift(element);
  const tags = path.map(({ localName }) => `<${localName}>`).join("");
  let box = parseNodes(tags + SEPARATOR + pieces.map((piece) => piece + SEPARATOR).join(""), root);
  for (const { localName } of path) {
    const { firstElementChild: inner, childNodes } = box;
    if (inner?.localName !== localName || childNodes.length > 1) return null;
    box = inner;
  }
  return divide([...box.childNodes], pieces.length);
}

function divide(nodes: readonly ChildNode[], count: number): ChildNode[][] | null {
  const pieces: ChildNode[][] = [[]];
  for (const node of nodes)
    if (isComment(node) && node.data === MARK) pieces.push([]);
    else pieces.at(-1)!.push(node);
  const before = pieces.shift()!;
  const behind = pieces.pop();
  return before.length || !behind || behind.length || pieces.length !== count ? null : pieces;
}

/** The element of a part, parsed alone: its attributes, and its content if that is raw. */
export function parsePart(html: string, { name, isRaw }: Part, { namespaceURI }: Element): Element | null {
  const foreign = /svg|Math/.exec(namespaceURI!)?.[0];
  if (isRaw && foreign) return null;
  const tag = isRaw ? html : `<x${html.slice(1 + name.length)}`;
  return parse(foreign ? `<${foreign}>${tag}` : tag, document.body).querySelector(isRaw ? name : "x");
}
