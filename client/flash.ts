import { ATTRIBUTES } from "../src/protocol.js";
import type { Clock } from "./clock.js";
import { FLASH_HELD_MS, FLASH_MS, MAX_FLASHES } from "./limits.js";

export const FLASH = `[${ATTRIBUTES.flash}]`;

/** Shows a message in the page's region for them, as text, for a while; longer while someone points there. */
export function showFlash(payload: unknown, { after }: Clock): void {
  const region = document.querySelector(FLASH);
  if (!region) return;
  const { message, kind } = payload as { message?: unknown; kind?: string };
  const item = document.createElement("div");
  if (kind) item.dataset["kind"] = kind;
  item.textContent = `${message ?? payload}`;
  region.append(item);
  if (region.childElementCount > MAX_FLASHES) region.firstElementChild!.remove();
  const dismiss = () => {
    if (region.matches(":hover,:focus-within")) after(FLASH_HELD_MS, dismiss);
    else item.remove();
  };
  after(FLASH_MS, dismiss);
}
