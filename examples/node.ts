import type { AddressInfo } from "node:net";
import { createDemo } from "./demo.js";

const DRAIN_MS = 500;

/**
 * Serves the demo until it is told to end: by a signal, or by the end of the process that started it.
 * @returns the port
 */
export async function serveNode(port: number): Promise<number> {
  const { NODE_NAME = "", REDIS_URL, SECRET } = process.env;
  const { app, live } = createDemo({ secret: SECRET, redis: REDIS_URL, helpers: { node: NODE_NAME } });
  const end = () => void live.close({ drainMs: DRAIN_MS }).then(() => process.exit(0));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
  process.once("disconnect", end);
  const server = await live.listen(app, port);
  return (server.address() as AddressInfo).port;
}
