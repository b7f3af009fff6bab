import { match, pathToRegexp, type MatchFunction } from "path-to-regexp";
import type { Params } from "../register.js";
import type { MountTicket } from "./services.js";

const MAX_MATCHERS = 1_000;
const matchers = new Map<string, Matcher>();

interface Matcher {
  readonly match: MatchFunction<Record<string, string | string[]>>;
  /** the params that the pattern itself gives */
  readonly names: ReadonlySet<string>;
}

/** The params of a URL that belongs to the page of this ticket; null when it is another page's. */
export function placeAt(ticket: MountTicket, url: URL): Params | null {
  if (!ticket.route) return null;
  const { match, names } = matcherOf(ticket.route);
  const found = attempted(() => match(url.pathname));
  if (!found) return null;
  // What a router above the route gave stands in the pattern as text: it is as it was.
  const outer = Object.entries(ticket.params).filter(([name]) => !names.has(name));
  return flatParams({ ...Object.fromEntries(outer), ...found.params });
}

export function isSamePlace(one: Params, other: Params): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => one[name] === other[name]);
}

/** A URL of this site by its path, which may begin with two slashes and is one all the same; null for what is none. */
export function urlOfPath(path: string, origin: string): URL | null {
  if (!path.startsWith("/")) return null;
  const url = attempted(() => new URL(origin + path));
  return url && url.origin === origin ? url : null;
}

/** A splat's segments stand in one string, as they do in the URL. */
export function flatParams(params: Readonly<Record<string, string | readonly string[] | undefined>>): Params {
  const flat = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) flat[name] = typeof value === "string" ? value : value.join("/");
  }
  return flat;
}

function matcherOf(route: string): Matcher {
  let matcher = matchers.get(route);
  if (!matcher) {
    // Routes come from our own signed tokens; the limit guards against an app that makes routes without end.
    if (matchers.size >= MAX_MATCHERS) matchers.clear();
    const names = new Set(pathToRegexp(route).keys.map(({ name }) => name));
    matchers.set(route, (matcher = { match: match(route), names }));
  }
  return matcher;
}

/** False also for what is percent-encoded wrongly. */
function attempted<T>(work: () => T): T | false {
  try {
    return work();
  } catch {
    return false;
  }
}
