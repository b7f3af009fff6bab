import { isTextNode } from "./elements.js";

/** A walk along siblings of the page, from behind a node up to another; null means the ends of the parent. */
export class Stretch {
  /** The last node that was passed. */
  last: Node | null;

  constructor(
    readonly parent: Node,
    readonly before: Node | null = null,
    readonly end: Node | null = null,
  ) {
    this.last = before;
  }

  behind(node: Node | null): ChildNode | null {
    return (node ? node.nextSibling : this.parent.firstChild) as ChildNode | null;
  }

  next(): ChildNode | null {
    const node = this.behind(this.last);
    return node === this.end ? null : node;
  }

  /** The next node, but for empty texts: they are left from former walks. */
  peek(): ChildNode | null {
    for (;;) {
      const node = this.next();
      if (!node || !isTextNode(node) || node.data) return node;
      node.remove();
    }
  }

  insertText(): Text {
    const text = new Text();
    this.parent.insertBefore(text, this.behind(this.last));
    this.last = text;
    return text;
  }

  /** Passes so much text, which ends at the end of a node then. */
  takeText(text: string): boolean {
    for (let rest = text; rest;) {
      const node = this.peek();
      if (!node || !isTextNode(node)) return false;
      if (node.length > rest.length) node.splitText(rest.length);
      if (!rest.startsWith(node.data)) return false;
      rest = rest.slice(node.length);
      this.last = node;
    }
    return true;
  }

  /** Makes one text of those behind a node. */
  joinTexts(before: Node | null): void {
    const first = this.behind(before) as Text;
    while (first !== this.last) {
      const next = first.nextSibling as Text;
      first.data += next.data;
      if (next === this.last) this.last = first;
      next.remove();
    }
  }
}
