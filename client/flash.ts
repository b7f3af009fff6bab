import type { Clock } from "./clock.js";

const SHOWN_MS = 5_000;
const HELD_MS = 1_000;
const MAX_SHOWN = 4;

/** Shows a message, as text, for a while; longer while someone points at the region. */
export function showFlash(region: Element, payload: unknown, { after }: Clock): void {
  const { message, kind = "info" } = payload as { message?: unknown; kind?: string };
  const item = document.createElement("div");
  item.dataset["kind"] = kind;
  item.textContent = `${message ?? payload}`;
  region.append(item);
  while (region.childElementCount > MAX_SHOWN) region.firstElementChild!.remove();
  const dismiss = () => {
    if (region.matches(":hover,:focus-within")) after(HELD_MS, dismiss);
    else item.remove();
  };
  after(SHOWN_MS, dismiss);
}
