/**
 * What others did to the page since the server's HTML stood in it: browser, hooks, user code, extensions. The records of
 * an observer tell it; those of our own changes are thrown away.
 */
export class ForeignEdits {
  /** Rises with each batch of edits. */
  clock = 1;
  private readonly edited = new WeakMap<Node, number>();
  /** Per element the attributes that others set, with the server's last value of each. */
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

  isForeign(element: Element, attribute: string): boolean {
    return !!this.attributes.get(element)?.has(attribute);
  }

  /** Whether an attribute stays as others made it, the server's value being the same as before. */
  keeps(element: Element, attribute: string, value: string | null): boolean {
    const foreign = this.attributes.get(element);
    return !!foreign?.has(attribute) && foreign.get(attribute) === value;
  }

  forget(element: Element, attribute: string): void {
    this.attributes.get(element)?.delete(attribute);
  }

  private note(records: readonly MutationRecord[]): void {
    if (records.length) this.clock++;
    for (const { type, target, attributeName, oldValue } of records) {
      if (type === "attributes") this.noteAttribute(target, attributeName!, oldValue);
      else {
        const parent = type === "characterData" ? target.parentNode : target;
        if (parent) this.edited.set(parent, this.clock);
      }
    }
  }

  private noteAttribute(element: Node, name: string, oldValue: string | null): void {
    const foreign = this.attributes.get(element) ?? new Map<string, string | null>();
    this.attributes.set(element, foreign);
    if (!foreign.has(name)) foreign.set(name, oldValue);
  }
}
