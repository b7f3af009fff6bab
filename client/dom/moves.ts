import type { Range } from "./regions.js";

/** Not in every browser: moves an element without taking it out, so focus, frames and animations go on. */
interface KeepingParent extends Omit<ParentNode, "moveBefore"> {
  moveBefore?(node: Node, child: Node | null): void;
}

/** Of `compareDocumentPosition`. */
const FOLLOWING = 4;

/** None if the ends of the range are no longer siblings. */
export function nodesOf({ first, last }: Range): ChildNode[] {
  const nodes: ChildNode[] = [];
  for (let node = first; node; node = node.nextSibling as ChildNode | null) {
    nodes.push(node);
    if (node === last) return nodes;
  }
  return [];
}

/** Puts siblings before another of theirs. What has the focus keeps it. */
export function moveNodes(nodes: readonly ChildNode[], place: ChildNode): void {
  const parent: KeepingParent = place.parentNode!;
  const move = parent.moveBefore ?? parent.insertBefore;
  if (!parent.moveBefore && nodes.some((node) => node.contains(document.activeElement))) moveOthers(nodes, place);
  else for (const node of nodes) move.call(parent, node, place);
}

/** Comes to the same by moving what lies between the nodes and the place to their other side. */
function moveOthers(nodes: readonly ChildNode[], place: ChildNode): void {
  const parent = place.parentNode!;
  const first = nodes[0]!;
  const last = nodes.at(-1)!;
  const behind = last.nextSibling;
  const isBefore = first.compareDocumentPosition(place) & FOLLOWING;
  for (let node: Node = isBefore ? behind! : place; node !== (isBefore ? place : first);) {
    const next: Node = node.nextSibling!;
    parent.insertBefore(node, isBefore ? first : behind);
    node = next;
  }
}
