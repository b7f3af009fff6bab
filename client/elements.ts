import { ATTRIBUTES, type JoinReply, type PushPayload } from "../src/protocol.js";
import type { Clock } from "./clock.js";
import { DomPatch } from "./dom-patch.js";
import { showFlash } from "./flash.js";
import { formEntries } from "./forms.js";
import { createHooks, type HookRunner, type Hooks } from "./hooks.js";

const FLASH = `[${ATTRIBUTES.flash}]`;
const MARKED = `[${ATTRIBUTES.hook}],[${ATTRIBUTES.userId}],${FLASH}`;

export type Push = (name: string, value: unknown, element: Element) => Promise<unknown>;

/** What a view shows, and the hooks that live in it. */
export interface Elements {
  readonly hooks: HookRunner;
  /** Follows the server. A new one begins with each join that finds the page not as this one left it. */
  patch: DomPatch;
  joined(reply: JoinReply): void;
  /** Shows the page of an error. */
  failed(html: string): void;
  pushed(push: PushPayload): void;
  /** Tells what the user typed to a view that has never heard of it. */
  recover(): void;
}

export function createElements(
  root: Element,
  clock: Clock,
  definitions: () => Hooks | undefined,
  push: Push,
): Elements {
  const hooks = createHooks(definitions, push);
  let self: string;

  const mark = (element: Element) => {
    // Lists are the same for all who see them; which one am I, only the page knows.
    element.toggleAttribute(ATTRIBUTES.self, element.getAttribute(ATTRIBUTES.userId) === self);
    // Screen readers speak of what comes into a region that was one before.
    if (element.matches(FLASH)) element.setAttribute("role", "status");
  };
  const onAdded = (added: Element) => {
    for (const element of [added, ...added.querySelectorAll(MARKED)]) {
      mark(element);
      hooks.added(element);
    }
  };
  const onUpdated = (element: Element) => {
    mark(element);
    hooks.updated(element);
  };
  const newPatch = () => new DomPatch(root, { onAdded, onUpdated, onRemoved: hooks.removed });
  const elements: Elements = {
    hooks,
    patch: newPatch(),
    joined({ rendered, statics, user }) {
      self = user;
      elements.patch.join(rendered, statics);
      onAdded(root);
    },
    failed(html) {
      hooks.removed(root);
      elements.patch.destroy();
      root.innerHTML = html;
      elements.patch = newPatch();
    },
    pushed({ event, payload }) {
      const region = event === "flash" && (root.querySelector(FLASH) ?? document.querySelector(FLASH));
      if (region) showFlash(region, payload, clock);
      hooks.heard(event, payload);
      root.dispatchEvent(new CustomEvent(`live:${event}`, { detail: payload, bubbles: true }));
    },
    recover() {
      for (const form of root.querySelectorAll<HTMLFormElement>("form[live-change]")) {
        if (![...form.elements].some((field) => elements.patch.isDirty(field))) continue;
        void push(form.getAttribute("live-change")!, Object.fromEntries(formEntries(form)), form);
      }
    },
  };
  return elements;
}
