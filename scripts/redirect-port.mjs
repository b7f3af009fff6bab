// Preloaded into a snippet that serves: whatever port it names, it listens on PORT, so that snippets may run side by side.
import { Server } from "node:net";

const listen = Server.prototype.listen;

/** @param {any[]} words */
Server.prototype.listen = function (...words) {
  const port = Number(process.env["PORT"]);
  if (typeof words[0] === "number") words[0] = port;
  else if (typeof words[0]?.port === "number") words[0] = { ...words[0], port };
  return listen.apply(this, /** @type {any} */ (words));
};
