import type { Page } from "@playwright/test";

export interface PresenceLog {
  /** every count that was shown, in order */
  readonly counts: readonly string[];
  /** every list of names that was shown, in order */
  readonly lists: readonly (readonly string[])[];
  readonly toasts: readonly string[];
}

/** Writes down from now on whatever a page shows of presence, however briefly. */
export async function watchPresence(page: Page): Promise<{ read(): Promise<PresenceLog> }> {
  const log = await page.evaluateHandle(() => {
    const counts: string[] = [];
    const lists: string[][] = [];
    const toasts: string[] = [];
    const textOf = (element: Element | null) => element?.textContent?.trim() ?? "";
    const note = () => {
      const count = textOf(document.querySelector("[data-presence-count]"));
      const list = [...document.querySelectorAll("[data-presence] .name")].map(textOf);
      if (count !== counts.at(-1)) counts.push(count);
      if (list.join("\n") !== lists.at(-1)?.join("\n")) lists.push(list);
    };
    note();
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
    new MutationObserver((records) => {
      for (const { addedNodes } of records) for (const node of addedNodes) toasts.push(node.textContent ?? "");
    }).observe(document.querySelector("[live-flash]")!, { childList: true });
    return { counts, lists, toasts };
  });
  return { read: () => log.jsonValue() };
}
