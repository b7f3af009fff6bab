import { type LiveOptions, startPage } from "./live-socket.js";

export { positionIn } from "./cursor-motion.js";
export type { Hook, HookContext, HookDefinition, Hooks } from "./hooks.js";
export type { LiveOptions } from "./live-socket.js";
export type { PushError } from "./requests.js";

let end: (() => void) | undefined;

/**
 * Makes the views of the page live. To be called once the page is parsed: from a module or a deferred script. The classic
 * script, `convive.js`, does so by itself.
 *
 * @example
 * import { start } from "convive/client";
 * start({ hooks: { Focus: { mounted() { this.el.focus(); } } } });
 */
export function start(options: LiveOptions = {}): void {
  end ??= startPage(options);
}

/** Closes the connection and lets go of the page, which stays as it is. */
export function stop(): void {
  end?.();
  end = undefined;
}
