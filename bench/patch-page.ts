// Runs in the browser: the ways to bring a page up to date, timed in batches, for its clock is coarse.
import morphdom from "morphdom";
import { DomPatch } from "../client/dom-patch.js";
import { type Edit, type Statics, type WireRendered, toHtml } from "../src/render/rendered.js";

export interface Page {
  readonly rendered: WireRendered;
  readonly statics: Statics;
}

function mount(html: string): HTMLElement {
  const root = document.createElement("div");
  root.innerHTML = html;
  document.body.replaceChildren(root);
  return root;
}

function time(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

/** Milliseconds per edit of each batch, of the second of two runs. Edits come as text, as from the wire. */
export function patchInBatches(page: Page, batches: readonly (readonly string[])[]): number[] {
  runBatches(page, batches);
  return runBatches(page, batches);
}

function runBatches({ rendered, statics }: Page, batches: readonly (readonly string[])[]): number[] {
  const patch = new DomPatch(mount(toHtml(rendered, statics)));
  patch.join(rendered, statics);
  const times = batches.map((edits) => {
    const ms = time(() => {
      for (const edit of edits) patch.apply(JSON.parse(edit) as Edit);
    });
    void document.body.offsetHeight;
    return ms / edits.length;
  });
  patch.destroy();
  return times;
}

/** The whole page morphed into each of these. */
export function morphWhole({ rendered, statics }: Page, pages: readonly string[]): number[] {
  const root = mount(toHtml(rendered, statics));
  return pages.map((html) => {
    const ms = time(() => morphdom(root, `<div>${html}</div>`));
    void document.body.offsetHeight;
    return ms;
  });
}

/** What a join costs where the server's HTML stands in the page. */
export function join({ rendered, statics }: Page, times: number): number[] {
  return Array.from({ length: times }, () => {
    const patch = new DomPatch(mount(toHtml(rendered, statics)));
    const wire = JSON.stringify(rendered);
    const ms = time(() => patch.join(JSON.parse(wire) as WireRendered, statics));
    patch.destroy();
    return ms;
  });
}
