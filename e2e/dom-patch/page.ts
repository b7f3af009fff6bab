// Runs in the browser: what the tests of the DOM patch need there, as one global.
import { DomPatch, type DomPatchOptions } from "../../client/dom-patch.js";
import { Patcher } from "../../client/dom/patcher.js";
import { type Edit, type Statics, type WireRendered, patch, toHtml } from "../../src/render/rendered.js";

/** A rendering and what happened to it, as the server tells it. */
export interface Story {
  readonly name: string;
  readonly statics: Statics;
  readonly rendered: WireRendered;
  readonly edits: readonly (Edit | null)[];
  /** Before which edits somebody else calls `normalize()`. */
  readonly normalized: readonly boolean[];
  /** The HTML that stands in the page before the join; by default that of the rendering. */
  readonly html?: string;
}

export interface Outcome {
  readonly patches: number;
  readonly morphs: number;
  readonly failure: string | null;
}

export interface Mounted {
  readonly root: HTMLElement;
  readonly dom: DomPatch;
  apply(edit: Edit): void;
  expected(): string;
}

let morphs = 0;
const { refresh } = Patcher.prototype;
Patcher.prototype.refresh = function (...given: Parameters<typeof refresh>) {
  morphs++;
  return refresh.apply(this, given);
};

export function mount(
  { statics, rendered, html }: Pick<Story, "statics" | "rendered" | "html">,
  options: DomPatchOptions = {},
): Mounted {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  root.innerHTML = html ?? toHtml(rendered, statics);
  const dom = new DomPatch(root, options);
  let model = rendered;
  dom.join(rendered, statics);
  return {
    root,
    dom,
    apply(edit) {
      model = patch(model, edit, statics);
      dom.apply(edit);
    },
    expected: () => toHtml(model, statics),
  };
}

/** Compares the page with a fresh parse after every patch. */
export function play(story: Story): Outcome {
  const before = morphs;
  let patches = 0;
  let failure: string | null = null;
  let mounted: Mounted | null = null;
  try {
    mounted = mount(story);
    failure = difference(mounted);
    for (const [index, edit] of story.edits.entries()) {
      if (failure !== null) break;
      if (story.normalized[index]) mounted.root.normalize();
      if (edit !== null) mounted.apply(edit);
      patches++;
      failure = difference(mounted);
      if (failure !== null) failure = `after edit ${index} ${JSON.stringify(edit)}\n${failure}`;
    }
  } catch (error) {
    failure = `${(error as Error).stack} after ${patches} edits`;
  } finally {
    mounted?.dom.destroy();
  }
  return { patches, morphs: morphs - before, failure };
}

export function countMorphs(): number {
  return morphs;
}

function difference({ root, expected }: Mounted): string | null {
  const fresh = root.cloneNode() as Element;
  fresh.innerHTML = expected();
  const [shown, wanted] = [comparable(root), comparable(fresh)];
  if (shown.isEqualNode(wanted)) return null;
  return `shown:  ${shown.innerHTML}\nwanted: ${wanted.innerHTML}\nof:     ${expected()}`;
}

/** Texts joined, the content of templates as content, and without what the page has to itself. */
function comparable(root: Element): Element {
  const copy = root.cloneNode(true) as Element;
  for (const element of copy.querySelectorAll("*")) {
    const names = element.getAttributeNames();
    const isLeftAlone = names.includes("live-ignore") || names.includes("live-flash");
    if (names.some((name) => name.startsWith("live-style:"))) element.removeAttribute("style");
    if (isLeftAlone || element.localName === "noscript") element.replaceChildren();
    for (const name of isLeftAlone ? names : []) if (!name.startsWith("data-")) element.removeAttribute(name);
    if (element instanceof HTMLTemplateElement) element.append(comparable(element.content.cloneNode(true) as Element));
  }
  copy.normalize();
  return copy;
}
