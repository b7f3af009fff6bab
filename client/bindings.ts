import { ATTRIBUTES, BOUND_EVENTS } from "../src/protocol.js";
import { type Entry, fieldEntries, formEntries } from "./forms.js";
import { isOwn, showUrl } from "./location.js";
import type { Pace, Pacer } from "./pace.js";
import { report } from "./report.js";
import type { View } from "./view.js";

/** What the bindings ask of the page. */
export interface BoundPage {
  readonly pacer: Pacer<Element>;
  viewOf(element: Element): View | undefined;
  listen(type: string, listener: (event: Event) => void, capture: boolean): void;
}

/** Listens for the whole page, whatever elements come and go. */
export function bind(page: BoundPage): void {
  for (const type of BOUND_EVENTS) page.listen(type, (event) => dispatch(page, event), isFocus(type));
}

function dispatch(page: BoundPage, event: Event): void {
  const { type, target } = event;
  const fireAll = (attribute: string, isMeant: (element: Element) => boolean) => {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      if (isMeant(element)) fire(page, element, attribute, event);
    }
  };
  if (target instanceof Element) {
    if (type === "blur" || type === "submit") {
      page.pacer.flush((owner) => owner.contains(target) || target.contains(owner));
    }
    // Focus does not bubble, so neither does its binding.
    const bound = isFocus(type) ? target : target.closest(`[live-${type}]`);
    if (bound) fire(page, bound, `live-${type}`, event);
    if (type === "click") {
      fireAll("live-click-away", (element) => !element.contains(target) && element.getClientRects().length > 0);
      followPatch(page, event as MouseEvent, target);
    }
  }
  fireAll(ATTRIBUTES.window + type, () => !isFocus(type) || target === window);
}

function fire(page: BoundPage, element: Element, attribute: string, event: Event): void {
  const view = page.viewOf(element);
  const name = element.getAttribute(attribute);
  if (!view || !name || !isKeyMeant(element, event as KeyboardEvent)) return;
  const isSubmit = event.type === "submit";
  if (isSubmit || element.getAttribute("href") === "#") event.preventDefault();
  const value = Object.fromEntries(entriesOf(element, event));
  const pace = { ...view.paceOf(name), ...(!isSubmit && !isFocus(event.type) && ownPace(element, event.target)) };
  page.pacer.run(element, name, pace, () => {
    // What the server draws from now on is its answer to what was entered.
    if (isSubmit) view.elements.patch.markClean(event.target as Element);
    view.push(name, value, element).catch(report);
  });
}

/** A flat record of strings: what the event is about, then `live-value-*`. */
function entriesOf(element: Element, event: Event): Entry[] {
  const { type, target, key, submitter } = event as KeyboardEvent & SubmitEvent;
  const form = element instanceof HTMLFormElement ? element : target;
  const entries: Entry[] = key ? [["key", key]] : [];
  if (form instanceof HTMLFormElement) entries.push(...formEntries(form, submitter));
  else if (type !== "click") entries.push(...fieldEntries(target as Partial<HTMLInputElement>));
  for (const { name, value } of element.attributes) {
    const [, own] = name.split(ATTRIBUTES.value);
    if (own) entries.push([own, value]);
  }
  return entries;
}

/** The field says, else what is around it. */
function ownPace(element: Element, target: EventTarget | null): Pace {
  const field = element.contains(target as Element) ? (target as Element) : element;
  const pace: { -readonly [Kind in keyof Pace]: Pace[Kind] } = {};
  for (const kind of ["debounce", "throttle"] as const) {
    const text = field.closest(`[live-${kind}]`)?.getAttribute(`live-${kind}`);
    if (text) pace[kind] = text === "blur" ? Infinity : Number(text);
  }
  return pace;
}

/** Without a view to tell, it is a link like any other; so are new tabs, new windows and downloads. */
function followPatch(page: BoundPage, event: MouseEvent, target: Element): void {
  const link = target.closest<HTMLAnchorElement>(`a[${ATTRIBUTES.patch}]`);
  const view = link && page.viewOf(link);
  const isForBrowser = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.defaultPrevented;
  if (!view?.isJoined() || isForBrowser || link!.matches("[target],[download]") || !isOwn(link!.href)) return;
  event.preventDefault();
  showUrl(link!.href);
  view.urlChanged();
}

/** Keys by their names, as in `live-key="Enter Escape"`; the space bar is `Space`. None while an input method composes. */
function isKeyMeant(element: Element, { key, isComposing }: KeyboardEvent): boolean {
  const wanted = element.getAttribute(ATTRIBUTES.key);
  return !key || (!isComposing && (!wanted || wanted.split(" ").includes(key === " " ? "Space" : key)));
}

function isFocus(type: string): boolean {
  return type === "focus" || type === "blur";
}
