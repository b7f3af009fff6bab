import { ATTRIBUTES, BASE_PATH, CLOSE_CODES, type Frame } from "../src/protocol.js";
import { bind } from "./bindings.js";
import { browserClock } from "./clock.js";
import { type Connection, createConnection, type Link, type LinkListener } from "./connection.js";
import type { Hooks } from "./hooks.js";
import { reloadStale } from "./location.js";
import { createPacer } from "./pace.js";
import { createRequests } from "./requests.js";
import { type StatusWatch, watchStatus } from "./status.js";
import { createView, type View } from "./view.js";

export interface LiveOptions {
  /** By the names that `live-hook` gives. Looked up when an element comes, so they may be added later. */
  hooks?: Hooks;
}

const VIEW = `[${ATTRIBUTES.view}]`;
const clock = browserClock;

type Listen = (types: string, listener: (event: Event) => void, capture?: boolean) => void;

/** Makes all views of the page live, over one connection. Returns what ends that. */
export function startPage(options: LiveOptions): () => void {
  const views: View[] = [];
  const each = (work: (view: View) => void) => views.forEach(work);
  const ending = new AbortController();
  const listen: Listen = (types, listener, capture = true) => {
    for (const type of types.split(" ")) addEventListener(type, listener, { capture, signal: ending.signal });
  };
  let state = "connecting";
  /** Shows how things stand, for style sheets and tests. */
  const changed = () => {
    const shown = views.every((view) => view.isSettled()) ? "connected" : state;
    document.documentElement.dataset["liveState"] = shown;
  };
  const opened = () => each((view) => view.join());
  const closed = (code?: number) => {
    // Told to leave: whether he may come back, and as whom, a new page will say.
    if (code === CLOSE_CODES.disconnected) reloadStale(clock);
    state = "disconnected";
    each((view) => view.dropped());
    changed();
  };
  const heard = (frame: Frame) => requests.answered(frame) || each((view) => view.heard(frame));
  const connection = createConnection({ clock, dial }, { opened, closed, heard });
  const requests = createRequests(connection, clock);
  const status = watchStatus(clock, (told) => each((view) => view.tellStatus(told)));
  const world = { connection, requests, clock, changed, hooks: () => options.hooks, status: status.current };
  for (const root of document.querySelectorAll<HTMLElement>(VIEW)) views.push(createView(root, world));
  if (views.length) {
    const viewOf = (element: Element) => views.find(({ root }) => root === element.closest(VIEW));
    bind({ pacer: createPacer(clock), viewOf, listen });
    follow(listen, connection, status, each);
    changed();
    connection.start();
  }
  return () => {
    ending.abort();
    status.stop();
    connection.stop();
  };
}

/** What the browser and the user do to a page. */
function follow(
  listen: Listen,
  connection: Connection,
  status: StatusWatch,
  each: (work: (view: View) => void) => void,
): void {
  listen("pagehide", () => connection.stop());
  listen("pageshow online visibilitychange", (event) => {
    // Every page is shown once when it is loaded; only one that was kept comes back.
    if ((event as PageTransitionEvent).persisted === false) return;
    status.stirred();
    if (document.hidden) return;
    connection.start();
    connection.wake();
  });
  listen("pointermove pointerdown keydown wheel", () => status.stirred());
  listen("pointermove pointerdown", (event) => each(({ cursors }) => cursors.pointed(event as PointerEvent)));
  listen(
    "pointerout",
    (event) => (event as PointerEvent).relatedTarget || each(({ cursors }) => cursors.pointed(null)),
  );
  listen("scroll resize", () => each(({ cursors }) => cursors.shifted()));
  listen("popstate", () => each((view) => view.urlChanged()));
}

function dial({ opened, received, closed }: LinkListener): Link {
  const base = document.querySelector<HTMLMetaElement>("meta[name=convive]")?.content ?? BASE_PATH;
  // http becomes ws, https wss.
  const socket = new WebSocket(new URL(`${base}/websocket?vsn=2.0.0`, location.href).href.replace("http", "ws"));
  socket.onopen = opened;
  socket.onmessage = ({ data }) => received(data as string);
  socket.onclose = ({ code }) => closed(code);
  return {
    send: (text) => socket.send(text),
    close(code) {
      socket.onmessage = socket.onclose = null;
      socket.close(code);
    },
  };
}
