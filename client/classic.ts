// The classic script: `Convive.hooks = { … }` in a script after it, or `window.Convive = { hooks }` before it, is all there is to set up.
import { type LiveOptions, positionIn, start, stop } from "./index.js";

/** What the classic script puts on `window`. */
export interface ConviveGlobal extends LiveOptions {
  start: typeof start;
  stop: typeof stop;
  positionIn: typeof positionIn;
}

declare global {
  interface Window {
    Convive?: Partial<ConviveGlobal>;
  }
}

const convive = (window.Convive = Object.assign(window.Convive ?? {}, { start, stop, positionIn }));
const startNow = () => start(convive);

// Deferred scripts run before this event, so those after us have set their hooks by then.
if (document.readyState === "complete") startNow();
else for (const type of ["DOMContentLoaded", "load"]) addEventListener(type, startNow, { once: true });
