import { ATTRIBUTES } from "../../src/protocol.js";
import type { Edit, Script, TemplateStatics, WireRendered } from "../../src/render/rendered.js";
import { Binder } from "./binder.js";
import { isLeftAlone, syncAttributes, syncContent } from "./elements.js";
import { changeField } from "./fields.js";
import type { ForeignEdits } from "./foreign-edits.js";
import { LevelEdit, type Page } from "./level-edit.js";
import { isClosed, Markup } from "./markup.js";
import { type Changes, Morph } from "./morph.js";
import { moveNodes, nodesOf } from "./moves.js";
import { parse, parseNodes, parsePart, parsePieces } from "./parse.js";
import { type Part, type Range, Region, htmlOf } from "./regions.js";
import { Stretch } from "./stretch.js";

/** Between tries to bind what could not be bound the pauses double, up to two to the power of this. */
const MAX_DOUBLINGS = 6;

/**
 * The page and its rendering: keeps regions bound to nodes and writes what a script changes. Wherever a check fails,
 * the smallest region around is morphed; it is bound again when it is touched next.
 */
export class Patcher implements Page {
  readonly statics: Record<string, TemplateStatics> = {};
  private region: Region | null = null;
  private readonly morph: Morph;
  /** Detached copies of what the page has to itself. */
  private readonly copies = new WeakSet<Node>();

  constructor(
    private readonly root: Element,
    private readonly foreign: ForeignEdits,
    private readonly changes: Changes,
  ) {
    this.morph = new Morph(foreign, changes);
  }

  show(rendered: WireRendered): void {
    this.region = new Region(this.statics, rendered.t, rendered.o);
    if (this.bind(this.region)) return;
    this.refresh(this.region, this.region);
    this.bind(this.region);
  }

  apply(edit: Edit): void {
    if (!Array.isArray(edit)) this.show(edit as WireRendered);
    else if (this.region) this.enter(this.region, edit as Script, true);
  }

  enter(region: Region, script: Script, isKnown: boolean): boolean {
    const isBound = isKnown && this.bind(region);
    return new LevelEdit(this, region, isBound).run(script) || (isKnown && this.refresh(region, region));
  }

  isKnown(node: Node | null, region: Region): node is ChildNode {
    const parent = node?.parentNode;
    return !!parent && !this.foreign.isEdited(parent, region.boundAt) && this.isShown(node!);
  }

  insert(items: readonly Region[], place: ChildNode): boolean {
    const parent = place.parentNode as Element;
    const html = items.map((item) => item.toHtml());
    const pieces = parsePieces(html, parent, this.root);
    if (!pieces) return false;
    const nodes = pieces.map((piece) => (piece.length ? piece : [new Text()]));
    items.forEach((item, index) => {
      item.first = nodes[index]![0]!;
      item.last = nodes[index]!.at(-1)!;
    });
    const fragment = document.createDocumentFragment();
    for (const node of nodes.flat()) fragment.append(node);
    const added = [...fragment.children];
    changeField(parent, () => parent.insertBefore(fragment, place));
    for (const element of added) this.changes.added.add(element);
    this.changes.updated.add(parent);
    return true;
  }

  remove(item: Region): boolean {
    const nodes = nodesOf(item);
    if (!nodes) return false;
    const parent = nodes[0]!.parentNode as Element;
    changeField(parent, () => {
      for (const node of nodes) node.remove();
    });
    for (const node of nodes) this.changes.removed.add(node);
    this.changes.updated.add(parent);
    return true;
  }

  move(item: Region, place: ChildNode): boolean {
    const nodes = nodesOf(item);
    const parent = place.parentNode as Element;
    if (nodes?.[0]?.parentNode !== parent) return false;
    changeField(parent, () => moveNodes(nodes, place));
    this.changes.updated.add(parent);
    return true;
  }

  write(text: Text, value: string): boolean {
    text.data = value;
    this.changes.updated.add(text.parentNode!);
    return true;
  }

  updatePart(part: Part, before: string | null): boolean {
    const { element } = part;
    const html = part.toHtml();
    if (!element || before === null || html === null || !this.isShown(element)) return false;
    const from = parsePart(before, part, element);
    const to = parsePart(html, part, element);
    if (!from || !to || isLeftAlone(from) !== isLeftAlone(to)) return false;
    if (from.getAttribute(ATTRIBUTES.key) !== to.getAttribute(ATTRIBUTES.key)) return false;
    syncAttributes(element, from, to, this.foreign);
    if (part.isRaw && from.innerHTML !== to.innerHTML) syncContent(element, to);
    this.changes.updated.add(element);
    return true;
  }

  refresh(range: Range, shown: Region | string): boolean {
    const html = htmlOf(shown);
    const live = this.stretchOf(range);
    const parent = live.parent as Element;
    const nodes =
      range === this.region ? [...parseNodes(html, parent).childNodes] : parsePieces([html], parent, this.root)?.[0];
    if (!nodes) return false;
    if (shown instanceof Region) shown.boundAt = 0;
    changeField(parent, () => this.morph.children(live, nodes));
    this.changes.updated.add(parent);
    this.reclaim(range, live);
    return true;
  }

  private bind(region: Region): boolean {
    if (region.boundAt) return true;
    if (region.pause-- > 0) return false;
    const markup = new Markup(region);
    const live = this.stretchOf(region);
    const binder = new Binder(markup, this.foreign, this.copies);
    const isBound = isClosed(markup.html) && binder.bind(live, parse(markup.html, live.parent as Element));
    this.reclaim(region, live);
    if (isBound) for (const bound of markup.regions) bound.boundAt = this.foreign.clock;
    region.pause = isBound ? 0 : 2 ** region.failures - 1;
    region.failures = isBound ? 0 : Math.min(region.failures + 1, MAX_DOUBLINGS);
    return isBound;
  }

  private stretchOf(range: Range): Stretch {
    const { first, last } = range;
    if (range === this.region) return new Stretch(this.root);
    return new Stretch(first!.parentNode!, first!.previousSibling, last!.nextSibling);
  }

  /** The ends of a range are whatever lies between its neighbours. */
  private reclaim(range: Range, live: Stretch): void {
    const { parent, before, end } = live;
    if (range === this.region) return;
    if (live.behind(before) === end) parent.insertBefore(new Text(), end);
    range.first = live.behind(before);
    range.last = (end ? end.previousSibling : parent.lastChild) as ChildNode;
  }

  private isShown(node: Node): boolean {
    return node.isConnected || this.copies.has(node.getRootNode());
  }
}
