import { ATTRIBUTES, type CursorsPayload } from "../src/protocol.js";
import { axesOf, glideMs, type Point } from "./cursor-motion.js";

/** More cursors than this nobody can follow. */
const MAX_SHOWN = 500;
const FADE = { delay: 10_000, duration: 500, fill: "forwards" } as const;
const LAYER = "position:absolute;overflow:hidden;pointer-events:none;z-index:1000;";
const CURSOR = "position:absolute;transition:transform ";
const LABEL =
  "position:absolute;left:12px;top:14px;max-width:12em;overflow:hidden;white-space:nowrap;padding:0 7px;border-radius:9px;background:currentColor;-webkit-text-fill-color:#fff;font:12px/18px system-ui";
const CONTENT = `<svg width=18 viewBox="0 0 16 16" fill=currentColor stroke=#fff><path d="M1 1l5 14 2-6 6-2z"/></svg><bdi></bdi>`;

/** Draws other people's cursors over an element, outside the tree that patches touch. */
export interface CursorLayer {
  /** Nobody is known yet; the own connection is not drawn. */
  reset(own?: string): void;
  heard(payload: CursorsPayload): void;
  /** The element moved, or is another. */
  shifted(): void;
}

interface Shown {
  readonly element: HTMLElement;
  readonly label: HTMLElement;
  readonly fade: Animation;
  at?: Point;
  color?: string;
  movedAt: number;
  glideMs: number;
}

export function createCursorLayer(surface: () => Element | null): CursorLayer {
  const layer = document.createElement("div");
  const cursors = new Map<string, Shown>();
  let lastFrame: number;
  let self: string | undefined;
  layer.ariaHidden = "true";

  const remove = (isGone: (connection: string) => boolean) => {
    for (const [connection, { element }] of cursors) {
      if (!isGone(connection)) continue;
      element.remove();
      cursors.delete(connection);
    }
  };
  const change = (connection: string, work: (shown: Shown) => void) => {
    if (connection === self) return;
    if (!cursors.has(connection) && cursors.size < MAX_SHOWN) cursors.set(connection, createCursor(connection));
    const shown = cursors.get(connection);
    if (shown) work(shown);
  };
  const draw = () => drawCursors(layer, cursors.values(), cursors.size ? surface() : null);
  return {
    reset(own) {
      self = own;
      lastFrame = -1;
      remove(() => true);
      draw();
    },
    heard({ n, c, p = {}, l = [], all }) {
      if (n < lastFrame || (n === lastFrame && !all)) return;
      lastFrame = n;
      remove((connection) => (all ? !c.some(([other]) => other === connection) : l.includes(connection)));
      for (const [connection, { name = "", color = "" }] of Object.entries(p)) {
        change(connection, (shown) => {
          shown.label.textContent = name;
          shown.color = color;
        });
      }
      for (const [connection, x, y] of c) change(connection, (shown) => move(shown, [x, y]));
      draw();
    },
    // In a frame of its own, so that nobody who patches waits for the layout.
    shifted() {
      requestAnimationFrame(() => {
        for (const shown of cursors.values()) shown.glideMs = 0;
        draw();
      });
    },
  };
}

function createCursor(connection: string): Shown {
  const element = document.createElement("div");
  element.setAttribute(ATTRIBUTES.cursor, connection);
  element.innerHTML = CONTENT;
  const label = element.lastChild as HTMLElement;
  label.style.cssText = LABEL;
  return { element, label, fade: element.animate({ opacity: [1, 0.35] }, FADE), movedAt: 0, glideMs: 0 };
}

/** The next step takes as long as the gap before it, so that it ends when another is told. */
function move(shown: Shown, at: Point): void {
  const now = performance.now();
  shown.glideMs = glideMs(now - shown.movedAt);
  shown.movedAt = now;
  shown.at = at;
  shown.fade.currentTime = 0;
  shown.fade.play();
}

function drawCursors(layer: HTMLElement, cursors: Iterable<Shown>, surface: Element | null): void {
  if (!surface) return layer.remove();
  const [axisX, axisY] = axesOf(surface);
  const { left, top, width, height } = surface.getBoundingClientRect();
  const isCalm = matchMedia("(prefers-reduced-motion)").matches;
  layer.style.cssText = `${LAYER}left:${left + scrollX}px;top:${top + scrollY}px;width:${width}px;height:${height}px`;
  for (const { element, at, color, glideMs } of cursors) {
    if (!at) continue;
    const [x, y] = [at[0] / axisX.scale + axisX.start - left, at[1] / axisY.scale + axisY.start - top];
    element.style.cssText = `${CURSOR}${isCalm ? 0 : glideMs}ms linear;transform:translate(${x}px,${y}px)`;
    // A property of its own takes nothing but a color.
    element.style.color = color!;
    if (!element.isConnected) layer.append(element);
  }
  if (!layer.isConnected) document.documentElement.append(layer);
}
