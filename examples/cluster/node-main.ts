import { serveNode } from "../node.js";

// One of several: on a free port, which it tells to the process that started it.
try {
  process.send?.({ port: await serveNode(0) });
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
