/**
 * What others did to the page since the server's HTML stood in it: browser, hooks, user code, extensions. The records of
 * an observer tell it; those of our own changes are thrown away.
 */
export class ForeignEdits {
  /** Rises with each batch of edits. */
  clock = 1;
  private readonly edited = new WeakMap<Node, number>();
  private readonly attributes = new WeakMap<Node, Map<string, string | null>>();
  private readonly observer = new MutationObserver((records) => this.note(records));

  constructor(root: Element) {
    this.observer.observe(root, { subtree: true, childList: true, characterData: true, attributeOldValue: true });
  }

  /** To be called before changes of our own. */
  collect(): void {
    this.note(this.observer.takeRecords());
  }

  /** To be called after changes of our own. */
  discard(): void {
    this.observer.takeRecords();
  }

  stop(): void {
    this.observer.disconnect();
  }

  /** Whether children of a node, or their text, were changed since the clock showed `since`. */
  isEdited(parent: Node, since: number): boolean {
    return (this.edited.get(parent) ?? 0) > since;
  }

  /** The attributes that others set on an element, with the server's last value of each. */
  attributesOf(element: Node): Map<string, string | null> {
    return this.attributes.get(element) ?? new Map<string, string | null>();
  }

  private note(records: readonly MutationRecord[]): void {
    if (records.length) this.clock++;
    for (const { type, target, attributeName, oldValue } of records) {
      if (attributeName) {
        const known = this.attributesOf(target);
        if (!known.has(attributeName)) this.attributes.set(target, known.set(attributeName, oldValue));
      } else this.edited.set(type === "childList" ? target : (target.parentNode ?? target), this.clock);
    }
  }
}
