// The classic script, beside `convive.js`: adds `LiveCaret` to the hooks, also when the app's own script sets others.
import { LiveCaret } from "./carets.js";
import type {} from "./classic.js";

const addHook = () => {
  const convive = (window.Convive ??= {});
  convive.hooks = { LiveCaret, ...convive.hooks };
};
addHook();
// Hooks are looked up when the page has joined, which is later.
addEventListener("DOMContentLoaded", addHook, { once: true });
