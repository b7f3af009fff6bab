import { ATTRIBUTES, type JoinReply, type PushPayload } from "../src/protocol.js";
import type { Clock } from "./clock.js";
import { DomPatch } from "./dom-patch.js";
import { FLASH, showFlash } from "./flash.js";
import { formEntries } from "./forms.js";
import { createHooks, type HookRunner, type Hooks } from "./hooks.js";
import { report } from "./report.js";

const MARKED = `[${ATTRIBUTES.hook}],[${ATTRIBUTES.userId}],${FLASH}`;

export type Push = (name: string, value: unknown, element: Element) => Promise<unknown>;

export interface ElementsWorld {
  readonly clock: Clock;
  readonly hooks: () => Hooks | undefined;
}

/** What a view shows, and the hooks that live in it. */
export interface Elements {
  readonly hooks: HookRunner;
  readonly patch: DomPatch;
  /** The whole tree; `before` is the last join's. */
  joined(reply: JoinReply, before: JoinReply | undefined): void;
  /** Shows the page of an error. */
  failed(html: string): void;
  pushed(push: PushPayload): void;
}

export function createElements(root: Element, world: ElementsWorld, push: Push): Elements {
  const hooks = createHooks(root, world.hooks, push);
  let self: string;

  const changed = (seen: (element: Element) => void) => (element: Element) => {
    // Lists are the same for all who see them; which one am I, only the page knows.
    element.toggleAttribute(ATTRIBUTES.self, element.getAttribute(ATTRIBUTES.userId) === self);
    // Screen readers speak of what comes into a region that was one before.
    if (element.matches(FLASH)) element.setAttribute("role", "status");
    seen(element);
  };
  const onAdded = (added: Element) => [added, ...added.querySelectorAll(MARKED)].forEach(changed(hooks.added));
  const patch = new DomPatch(root, { onAdded, onUpdated: changed(hooks.updated), onRemoved: hooks.removed });
  return {
    hooks,
    patch,
    joined({ rendered, statics, user, title, connection }, before) {
      self = user;
      if (title) document.title = title;
      const recover = before && before.connection !== connection ? writtenForms(root, patch, push) : [];
      patch.join(rendered, statics);
      onAdded(root);
      if (before) hooks.all("reconnected");
      for (const work of recover) work();
    },
    failed(html) {
      hooks.removed(root);
      root.innerHTML = html;
    },
    pushed({ event, payload }) {
      if (event === "flash") showFlash(payload, world.clock);
      root.dispatchEvent(new CustomEvent(`live:${event}`, { detail: payload, bubbles: true }));
    },
  };
}

/** What the user wrote, to be shown again and told to a view that has heard of nothing. */
function writtenForms(root: Element, { isWritten, keepState }: DomPatch, push: Push): (() => void)[] {
  return [...root.querySelectorAll("form")].flatMap((form) => {
    const event = form.getAttribute("live-change") || form.getAttribute("live-input");
    const restores = [...form.elements].filter(isWritten).map(keepState);
    if (!event || !restores.length) return [];
    const payload = Object.fromEntries(formEntries(form));
    return () => {
      for (const restore of restores) restore();
      push(event, payload, form).catch(report);
    };
  });
}
