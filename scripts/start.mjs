// `npm start [-- --nodes N]`: the example; several nodes need a Redis, so it is installed where that can be done.
import { register } from "tsx/esm/api";
import { setup } from "./setup.mjs";

const asksForNodes = process.argv.slice(2).some((word) => /^--nodes(=|$)/.test(word));
if (asksForNodes && !process.env["REDIS_URL"]) await setup("start", { redis: true });
register();
// A name that the type checker does not follow: the examples have a project of their own.
await import(new URL("../examples/server.ts", import.meta.url).href);
