import { type Clock, pauseMs } from "./clock.js";

const RELOADS = "convive:reloads";
const MAX_RELOADS = 5;

let shownPath = pathNow();

function pathNow(): string {
  return location.pathname + location.search;
}

/** Path, query and hash of the page now. */
export function hereUrl(): string {
  return pathNow() + location.hash;
}

/** Whether `to` is on this site: nothing takes the user elsewhere. */
export function isOwn(to: string): boolean {
  return new URL(to, location.href).origin === location.origin;
}

/** Leaves for another page of the site. */
export function leaveFor(to: string): void {
  if (isOwn(to)) location.assign(to);
}

/** Shows another address without leaving the page. The browser refuses one that is not of this site. */
export function showUrl(to: string, replace?: boolean): void {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  shownPath = pathNow();
}

/** Whether the user went to another address, not just to another place of the same page. */
export function hasMoved(): boolean {
  return shownPath !== (shownPath = pathNow());
}

/** Loads a page that is too old for its server anew, spread out and not for ever; false when that did not help before. */
export function reloadStale(clock: Clock, random: () => number): boolean {
  const reloads = countReloads((count) => count + 1);
  if (reloads > MAX_RELOADS) return false;
  clock.after(pauseMs(reloads, random), () => location.reload());
  return true;
}

/** Kept beyond a reload. Without storage nothing would stop a circle, so it is as if there had been too many. */
export function countReloads(next: (count: number) => number): number {
  try {
    const count = next(Number(sessionStorage[RELOADS] ?? 0));
    sessionStorage[RELOADS] = count;
    return count;
  } catch {
    return MAX_RELOADS + 1;
  }
}
