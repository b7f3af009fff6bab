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
    const fragment = document.createDocumentFragment();
    const pieces = parsePieces(html, parent, this.root);
    pieces?.forEach((nodes, index) => {
      if (!nodes.length) nodes.push(new Text());
      items[index]!.first = nodes[0]!;
      items[index]!.last = nodes.at(-1)!;
      fragment.append(...nodes);
      this.changes.added.push(...nodes);
    });
    if (pieces) this.change(parent, () => parent.insertBefore(fragment, place));
    return !!pieces;
  }

  remove(item: Range): boolean {
    const nodes = nodesOf(item);
    for (const node of nodes) this.change(node.parentNode!, () => node.remove());
    this.changes.removed.push(...nodes);
    return nodes.length > 0;
  }

  move(item: Range, place: ChildNode): boolean {
    const nodes = nodesOf(item);
    const parent = place.parentNode!;
    const isSound = nodes[0]?.parentNode === parent;
    if (isSound) this.change(parent, () => moveNodes(nodes, place));
    return isSound;
  }

  write(text: Text, value: string): boolean {
    text.data = value;
    this.changes.updated.push(text.parentNode!);
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
    this.changes.updated.push(element);
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
    this.change(parent, () => this.morph.children(live, nodes));
    this.reclaim(range, live);
    return true;
  }

  private bind(region: Region): boolean {
    if (region.boundAt) return true;
    // Each pause between two tries is twice as long as the last.
    const failures = region.failures++;
    if (failures & (failures - 1)) return false;
    const markup = new Markup(region);
    const live = this.stretchOf(region);
    const binder = new Binder(markup, this.foreign, this.copies);
    const isBound = isClosed(markup.html) && binder.bind(live, parse(markup.html, live.parent as Element));
    this.reclaim(region, live);
    if (isBound) {
      for (const bound of markup.regions) bound.boundAt = this.foreign.clock;
      region.failures = 0;
    }
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

  private change(parent: Node, work: () => void): void {
    changeField(parent as Element, work);
    this.changes.updated.push(parent);
  }

  private isShown(node: Node): boolean {
    return node.isConnected || this.copies.has(node.getRootNode());
  }
}
