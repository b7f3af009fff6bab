import { ATTRIBUTES, type CursorsPayload, type JoinReply } from "../src/protocol.js";
import { createCursorLayer } from "./cursor-layer.js";
import { positionIn } from "./cursor-motion.js";

/** The pointers of one view: the own one goes up, the others' are drawn. */
export interface Cursors {
  /** A new join, after which the server tells the whole room; without options the view has no cursors, or no link. */
  joined(options?: JoinReply["cursors"], own?: string): void;
  /** The own pointer is there; null when it left the page. */
  pointed(event: PointerEvent | null): void;
  /** The page moved under the pointer and the cursors. */
  shifted(): void;
  heard(payload: CursorsPayload): void;
}

export function createCursors(root: Element, tell: (position: readonly number[]) => void): Cursors {
  const surface = () => root.querySelector(`[${ATTRIBUTES.cursors}]`);
  const layer = createCursorLayer(surface);
  let options: JoinReply["cursors"];
  let pointer: PointerEvent | null = null;
  let isInside = false;
  let isPending = false;
  let sentAt = 0;

  // Waits in frames, not with a timer: what is sent is where the pointer was seen last.
  const sample = (now: number) => {
    if (now - sentAt < (options?.intervalMs ?? 0)) return void requestAnimationFrame(sample);
    isPending = false;
    sentAt = now;
    const element = surface();
    isInside = !!pointer && !!element;
    tell(isInside ? positionIn(element!, pointer!).map((n) => Math.round(n * 10) / 10) : []);
  };
  const moved = () => {
    if (isPending || !options || !(pointer || isInside)) return;
    isPending = true;
    requestAnimationFrame(sample);
  };
  return {
    joined(next, own) {
      options = next;
      isInside = false;
      layer.reset(own);
    },
    pointed(event) {
      pointer = event && surface()?.contains(event.target as Node) ? event : null;
      moved();
    },
    shifted() {
      layer.shifted();
      moved();
    },
    heard: layer.heard,
  };
}
