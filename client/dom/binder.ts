import { differing, isComment, isElement, isLeftAlone, isTextNode, styleNames } from "./elements.js";
import type { ForeignEdits } from "./foreign-edits.js";
import { MARK, type Mark, type Markup, PART } from "./markup.js";
import type { Range } from "./regions.js";
import { Stretch } from "./stretch.js";

interface Opened {
  readonly range: Range;
  readonly before: Node | null;
}

/** What was last at this point: the end of a range, or something of the page. */
type Edge = "open" | "close" | null;

const MARKS = new RegExp(`<!--${MARK}\\d+-->| ${PART}="\\d+"`, "g");
/** Elements that text may not stand right in. */
const NO_TEXT = /^(?:table|thead|tbody|tfoot|tr|colgroup)$/;

/**
 * Walks a parse with marks beside the nodes that stand in the page, and tells each range, anchor and part its nodes.
 * The page gets split and empty texts and nothing else. Where the two differ it stops, and nothing is bound.
 */
export class Binder {
  private number = 0;

  constructor(
    private readonly markup: Markup,
    private readonly foreign: ForeignEdits,
    /** Where patches go on while the page is left alone. */
    private readonly copies: WeakSet<Node>,
  ) {}

  /** What stands in the page against the children of `parsed`. */
  bind(live: Stretch, parsed: Element): boolean {
    return this.children(live, parsed, "open") && this.number === this.markup.marks.length;
  }

  /** `edge` is "open" for those of a region, whose ends are to be its own. */
  private children(live: Stretch, parsed: Node, edge: Edge): boolean {
    const isRegion = edge !== null;
    const opened: Opened[] = [];
    for (let node = parsed.firstChild; node; node = node.nextSibling) {
      if (isMark(node)) {
        const mark = this.markup.marks[this.number];
        if (!mark || node.nodeValue !== MARK + this.number++) return false;
        if (mark.isBeforeTable && node.nextSibling?.nodeName !== "TABLE") return false;
        edge = this.follow(mark, live, opened, edge, parsed);
      } else {
        if (isTextNode(node) ? !live.takeText(node.data) : !this.take(live, node)) return false;
        edge = null;
      }
    }
    if (isRegion && edge === "close") live.insertText();
    return !live.peek();
  }

  /** Both ends of a range are nodes of its own, no matter what its first and last items do. */
  private follow(mark: Mark, live: Stretch, opened: Opened[], edge: Edge, parsed: Node): Edge {
    const { open, close } = mark;
    if (mark.anchor) {
      mark.anchor(live.insertText());
      return null;
    }
    if (open) {
      if (edge === "open" && !open.isText) live.insertText();
      opened.push({ range: open, before: live.last });
      return open.isText ? null : "open";
    }
    const index = opened.findIndex(({ range }) => range === close);
    if (index < 0) return edge;
    const [{ range, before }] = opened.splice(index) as [Opened];
    if (range.isText && NO_TEXT.test((parsed as Element).localName)) return null;
    if (edge === "close" || live.last === before) live.insertText();
    if (range.isText) live.joinTexts(before);
    range.first = live.behind(before);
    range.last = live.last as ChildNode;
    return range.isText ? null : "close";
  }

  private take(live: Stretch, parsed: Node): boolean {
    const node = live.peek();
    if (!node || !this.isSame(node, parsed)) return false;
    live.last = node;
    return true;
  }

  private isSame(live: Node, parsed: Node): boolean {
    if (live.isEqualNode(parsed)) return true;
    if (live.nodeName !== parsed.nodeName || !isElement(live) || !isElement(parsed)) return false;
    const part = parsed.getAttribute(PART);
    if (part) {
      this.markup.parts[+part]!.element = live;
      parsed.removeAttribute(PART);
    }
    if (!this.hasSameAttributes(live, parsed)) return false;
    if (isLeftAlone(parsed)) return this.children(new Stretch(this.copy(parsed)), parsed, null);
    if (live.localName === "noscript") return true;
    if (live.localName === "template") return live.innerHTML === parsed.innerHTML;
    return this.children(new Stretch(live), parsed, null);
  }

  private hasSameAttributes(live: Element, parsed: Element): boolean {
    const set = this.foreign.attributesOf(live);
    return [...differing(live, parsed)].every((name) => set.has(name) || (name === "style" && styleNames(parsed)[0]));
  }

  private copy(parsed: Element): Element {
    const copy = parsed.cloneNode() as Element;
    copy.innerHTML = parsed.innerHTML.replace(MARKS, "");
    this.copies.add(copy);
    return copy;
  }
}

function isMark(node: Node): boolean {
  return isComment(node) && node.data.startsWith(MARK);
}
