import { ATTRIBUTES, BOUND_EVENTS } from "../src/protocol.js";
import { type Entry, fieldEntries, formEntries } from "./forms.js";
import { isOwn, showUrl } from "./location.js";
import type { Pace, Pacer } from "./pace.js";
import { report } from "./report.js";
import type { View } from "./view.js";

const AWAY = "live-click-away";

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
  const fireAll = (attribute: string, isMeant = (_element: Element) => true) => {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      if (isMeant(element)) fire(page, element, attribute, event);
    }
  };
  if (target instanceof Element) {
    if (isForBrowser(event as MouseEvent, target)) return;
    if (/^(blur|submit)$/.test(type)) page.pacer.flush((owner) => owner.contains(target) || target.contains(owner));
    // Focus does not bubble, so neither does its binding.
    const bound = isFocus(type) ? target : target.closest(`[live-${type}]`);
    if (bound) fire(page, bound, `live-${type}`, event);
    if (type === "click") {
      const path = event.composedPath();
      fireAll(AWAY, (element) => !path.includes(element) && element.getClientRects().length > 0);
      followPatch(page, event, target);
    }
  }
  if (!isFocus(type) || target === window) fireAll(ATTRIBUTES.window + type);
}

function fire(page: BoundPage, element: Element, attribute: string, event: Event): void {
  const view = page.viewOf(element);
  const name = element.getAttribute(attribute);
  if (!view || !name || !isKeyMeant(element, event as KeyboardEvent)) return;
  const isSubmit = event.type === "submit";
  if (isSubmit || element.getAttribute("href") === "#") event.preventDefault();
  const value = Object.fromEntries(entriesOf(element, event));
  const pace = isSubmit || isFocus(event.type) ? {} : ownPace(element, event.target);
  page.pacer.run(element, name, { ...view.paceOf(name), ...pace }, () => {
    // What the server draws from now on is its answer to what was entered.
    if (isSubmit) view.elements.patch.markClean(event.target as Element);
    view.push(name, value, element).catch(report);
  });
}

/** A flat record of strings: what the event is about, then `live-value-*`. */
function entriesOf(element: Element, event: Event): Entry[] {
  const { target, type } = event;
  const { key, submitter } = event as KeyboardEvent & SubmitEvent;
  const entries: Entry[] = key ? [["key", key]] : [];
  const form = element instanceof HTMLFormElement ? element : target;
  if (form instanceof HTMLFormElement) entries.push(...formEntries(form, submitter));
  else if (type !== "click" && target instanceof Element) entries.push(...fieldEntries(target));
  for (const { name, value } of element.attributes) {
    if (name.startsWith(ATTRIBUTES.value)) entries.push([name.slice(ATTRIBUTES.value.length), value]);
  }
  return entries;
}

/** The field says, else the bound element around it. */
function ownPace(element: Element, target: EventTarget | null): Pace {
  const read = (attribute: string) => {
    const field = target instanceof Element ? target.closest(`[${attribute}]`) : null;
    const text = (element.contains(field) ? field! : element).getAttribute(attribute);
    return text === "blur" ? Infinity : Number(text);
  };
  const [debounce, throttle] = [read(ATTRIBUTES.debounce), read(ATTRIBUTES.throttle)];
  return debounce || throttle ? { debounce, throttle } : {};
}

/** Without a view to tell, it is a link like any other. */
function followPatch(page: BoundPage, event: Event, target: Element): void {
  const link = target.closest<HTMLAnchorElement>(`a[${ATTRIBUTES.patch}]`);
  const view = link && page.viewOf(link);
  if (!view?.isJoined || event.defaultPrevented || link!.target || !isOwn(link!.href)) return;
  event.preventDefault();
  showUrl(link!.href);
  void view.urlChanged();
}

/** Keys by their names, as in `live-key="Enter Escape"`; the space bar is `Space`. None while an input method composes. */
function isKeyMeant(element: Element, { key, isComposing }: KeyboardEvent): boolean {
  const wanted = element.getAttribute(ATTRIBUTES.key);
  return !key || (!isComposing && (!wanted || wanted.split(" ").includes(key === " " ? "Space" : key)));
}

/** New tabs, new windows and downloads are the browser's. */
function isForBrowser({ type, ctrlKey, metaKey, shiftKey, altKey }: MouseEvent, target: Element): boolean {
  const link = type === "click" && target.closest<HTMLAnchorElement>("a[href]");
  return !!link && (ctrlKey || metaKey || shiftKey || altKey || link.hasAttribute("download"));
}

function isFocus(type: string): boolean {
  return type === "focus" || type === "blur";
}
