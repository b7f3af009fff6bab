import { ATTRIBUTES, type CursorPerson, type CursorsPayload } from "../src/protocol.js";
import { axesOf, glideMs, type Point } from "./cursor-motion.js";
import { FADE_AFTER_MS, FADE_MS, MAX_CURSORS } from "./limits.js";

const LAYER = "position:absolute;overflow:hidden;pointer-events:none;z-index:1000;";
const CURSOR = "position:absolute;transition:transform linear ";
/** An arrow with a name, both in the color of the element, on white. A long name is cut. */
const CONTENT = '<svg><path d="M2 2l6 16 3-7 7-3z"/><text x=16 y=28></text></svg>';
/** Styles, not attributes: what the app says of every svg and path is not said of these. */
const ARROW =
  "all:initial;pointer-events:none;width:180px;height:34px;color:inherit;fill:currentColor;stroke:#fff;stroke-width:3;paint-order:stroke;font:600 13px system-ui";
const ARROW_PART = "fill:inherit;stroke:inherit;stroke-width:inherit";

/** Draws other people's cursors over an element, outside the tree that patches touch. */
export interface CursorLayer {
  /** Nobody is known yet; the own connection is not drawn, nor those before it. */
  reset(own?: string): void;
  heard(payload: CursorsPayload): void;
  /** The element moved, or is another. */
  shifted(): void;
}

interface Cursor {
  readonly element: Element;
  tell(person: CursorPerson): void;
  move(to: Point): void;
  /** With what turns its place into one of the layer; at once when the page moved and not the cursor. */
  draw(place: (point: Point) => Point, isShift: boolean): void;
}

export function createCursorLayer(surface: () => Element | null): CursorLayer {
  const layer = document.createElement("div");
  const cursors = new Map<string, Cursor>();
  const own = new Set<string | undefined>();
  let lastFrame: number;
  let [isScheduled, isShift] = [false, false];
  layer.dataset["cursorLayer"] = "";
  layer.ariaHidden = "true";

  const draw = () => {
    isScheduled = false;
    const element = cursors.size ? surface() : null;
    if (!element) return layer.remove();
    const place = layOver(layer, element);
    cursors.forEach((cursor) => cursor.draw(place, isShift));
    isShift = false;
  };
  // In a frame: nobody waits for the layout, and a hidden page draws nothing.
  const drawSoon = () => {
    if (!isScheduled) requestAnimationFrame(draw);
    isScheduled = true;
  };
  const cursorOf = (connection: string) => {
    if (!own.has(connection) && cursors.size < MAX_CURSORS && !cursors.has(connection)) {
      cursors.set(connection, createCursor(layer, connection));
    }
    return cursors.get(connection);
  };
  return {
    reset(connection) {
      own.add(connection);
      lastFrame = -1;
      remove(cursors, cursors.keys());
      drawSoon();
    },
    heard({ n, c, p = {}, l = [], all }) {
      if (n < lastFrame || (n === lastFrame && !all)) return;
      lastFrame = n;
      remove(cursors, all ? cursors.keys() : l);
      for (const connection in p) cursorOf(connection)?.tell(p[connection]!);
      for (const [connection, x, y] of c) cursorOf(connection)?.move([x, y]);
      drawSoon();
    },
    shifted() {
      isShift = true;
      drawSoon();
    },
  };
}

function remove(cursors: Map<string, Cursor>, gone: Iterable<string>): void {
  for (const connection of gone) {
    cursors.get(connection)?.element.remove();
    cursors.delete(connection);
  }
}

/** Puts the layer where the element is; the result turns places in the element into places in the layer. */
function layOver(layer: HTMLElement, element: Element): (point: Point) => Point {
  const [axisX, axisY] = axesOf(element);
  const { left, top, width, height } = element.getBoundingClientRect();
  layer.style.cssText = `${LAYER}left:${left + scrollX}px;top:${top + scrollY}px;width:${width}px;height:${height}px`;
  if (!layer.isConnected) document.documentElement.append(layer);
  return ([x, y]) => [x / axisX.scale + axisX.start - left, y / axisY.scale + axisY.start - top];
}

function createCursor(layer: Element, connection: string): Cursor {
  const element = document.createElement("div");
  const { style } = element;
  element.setAttribute(ATTRIBUTES.cursor, connection);
  element.innerHTML = CONTENT;
  element.querySelectorAll("*").forEach((part, index) => {
    (part as SVGElement).style.cssText = index ? ARROW_PART : ARROW;
  });
  const fade = element.animate({ opacity: 0.35 }, { delay: FADE_AFTER_MS, duration: FADE_MS, fill: "forwards" });
  let [color, movedAt, ms] = ["", 0, 0];
  let at: Point | undefined;
  return {
    element,
    tell(person) {
      color = person.color ?? "";
      element.querySelector("text")!.textContent = person.name ?? "";
    },
    move(to) {
      // As long as the gap before it, so that it ends when the next is told.
      ms = glideMs(performance.now() - movedAt);
      movedAt = performance.now();
      at = to;
      fade.currentTime = 0;
      fade.play();
    },
    draw(place, isShift) {
      if (!at) return;
      const [x, y] = place(at);
      const isJump = isShift || matchMedia("(prefers-reduced-motion)").matches;
      style.cssText = `${CURSOR}${isJump ? 0 : ms}ms;transform:translate(${x}px,${y}px)`;
      // A property of its own takes nothing but a color.
      style.color = color;
      if (!element.isConnected) layer.append(element);
    },
  };
}
