import { ATTRIBUTES } from "../src/protocol.js";
import { GLIDE_AFTER_PAUSE_MS, LONGEST_GLIDE_MS } from "./limits.js";

export type Point = readonly [x: number, y: number];

/** A linear map from the window to an element: `inElement = (inWindow - start) * scale`. */
interface Axis {
  readonly start: number;
  /** units of the element per CSS px of the window */
  readonly scale: number;
}

/** What is read of an element. */
export interface Box {
  getAttribute(name: string): string | null;
  getBoundingClientRect(): {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
  readonly offsetWidth?: number | undefined;
  readonly offsetHeight?: number | undefined;
  readonly clientLeft: number;
  readonly clientTop: number;
  readonly clientWidth: number;
  readonly clientHeight: number;
  readonly scrollLeft: number;
  readonly scrollTop: number;
}

/**
 * Points count from the inner edge of the border, scrolled content included, transforms undone. `live-cursors="1600x900"`
 * gives the element that size for everybody; else it is counted in its own CSS px.
 */
export function axesOf(box: Box): readonly [x: Axis, y: Axis] {
  const { left, top, width, height } = box.getBoundingClientRect();
  const [unitsX, unitsY] = box.getAttribute(ATTRIBUTES.cursors)!.split("x");
  return [
    axis(left, width, box.offsetWidth, box.clientLeft - box.scrollLeft, box.clientWidth, Number(unitsX)),
    axis(top, height, box.offsetHeight, box.clientTop - box.scrollTop, box.clientHeight, Number(unitsY)),
  ];
}

function axis(at: number, shown: number, own: number | undefined, inset: number, inner: number, units: number): Axis {
  const transform = own! / shown || 1;
  return { start: at + inset / transform, scale: transform * (units / (inner || own!) || 1) };
}

/**
 * Where a pointer is in a `live-cursors` element, in the units of its cursors: what a hook needs to draw there.
 *
 * @example
 * const [x, y] = positionIn(this.el, event);
 */
export function positionIn(box: Box, pointer: { readonly clientX: number; readonly clientY: number }): Point {
  const [x, y] = axesOf(box);
  return [(pointer.clientX - x.start) * x.scale, (pointer.clientY - y.start) * y.scale];
}

/** How long a cursor is under way to a new position: as long as the gap before it, so that it arrives when the next is told. */
export function glideMs(gapMs: number): number {
  return gapMs < LONGEST_GLIDE_MS ? gapMs : GLIDE_AFTER_PAUSE_MS;
}
