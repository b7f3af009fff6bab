import { type Clock, pauseMs } from "./clock.js";
import { MAX_RELOADS } from "./limits.js";

const RELOADS = "convive:reloads";

/** Path, query and hash of the page now. */
export function hereUrl(): string {
  const { pathname, search, hash } = location;
  return pathname + search + hash;
}

/** Whether `to` is on this site: nothing takes the user elsewhere. */
export function isOwn(to: string): boolean {
  return new URL(to, location.href).origin === location.origin;
}

/** Leaves for another page of the site. */
export function leaveFor(to?: string): void {
  if (to && isOwn(to)) location.assign(to);
}

/** Shows another address without leaving the page. The browser refuses one that is not of this site. */
export function showUrl(to: string, replace?: boolean): void {
  history[replace ? "replaceState" : "pushState"](null, "", to);
}

/** Loads a page that is too old for its server anew, spread out and not for ever; false when that did not help before. */
export function reloadStale(clock: Clock): boolean {
  const reloads = countReloads((before) => before + 1);
  if (reloads > MAX_RELOADS) return false;
  clock.after(pauseMs(reloads, clock), () => location.reload());
  return true;
}

/** Kept beyond a reload. Without storage nothing would stop a circle, so it is as if there had been too many. */
export function countReloads(next: (before: number) => number): number {
  try {
    return (sessionStorage[RELOADS] = next(Number(sessionStorage[RELOADS] ?? 0)));
  } catch {
    return Infinity;
  }
}
