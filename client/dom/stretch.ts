/** A walk along siblings of the page, from behind a node up to another; null means the ends of the parent. */
export class Stretch {
  constructor(
    private readonly parent: Node,
    /** The last node that was passed. */
    public last: Node | null = null,
    private readonly end: Node | null = null,
  ) {}

  behind(node: Node | null): ChildNode | null {
    return node ? (node.nextSibling as ChildNode | null) : (this.parent.firstChild as ChildNode | null);
  }

  /** The next node, if there is one. Empty texts are left from former walks. */
  peek(): ChildNode | null {
    for (;;) {
      const node = this.behind(this.last);
      if (!node || node === this.end) return null;
      if (!isText(node) || node.data) return node;
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
      if (!node || !isText(node)) return false;
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
      next.remove();
      if (next === this.last) this.last = first;
    }
  }
}

function isText(node: Node): node is Text {
  return node.nodeType === Node.TEXT_NODE;
}
