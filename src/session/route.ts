import { match, type MatchFunction } from "path-to-regexp";
import type { Params } from "../register.js";
import type { MountTicket } from "./services.js";

const MAX_MATCHERS = 1_000;
const matchers = new Map<string, MatchFunction<Record<string, string | string[]>>>();

/** The params of a URL that belongs to the page of this ticket; null when it is another page's. */
export function placeAt(ticket: MountTicket, url: URL): Params | null {
  if (!ticket.route) return null;
  const found = matcherOf(ticket.route)(url.pathname);
  return found ? flatParams(found.params) : null;
}

/** A splat's segments stand in one string, as they do in the URL. */
export function flatParams(params: Readonly<Record<string, string | readonly string[] | undefined>>): Params {
  const flat = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) flat[name] = typeof value === "string" ? value : value.join("/");
  }
  return flat;
}

function matcherOf(route: string): MatchFunction<Record<string, string | string[]>> {
  let matcher = matchers.get(route);
  if (!matcher) {
    // Routes come from our own signed tokens; the limit guards against an app that makes routes without end.
    if (matchers.size >= MAX_MATCHERS) matchers.clear();
    matchers.set(route, (matcher = match(route)));
  }
  return matcher;
}
