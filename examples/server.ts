import { readNodes, USAGE } from "./cluster/arguments.js";
import { Cluster } from "./cluster/cluster.js";
import { serveNode } from "./node.js";

const { PORT = "3000", REDIS_URL } = process.env;

let nodes: number | null;
try {
  nodes = readNodes(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
try {
  const wanted = Number(PORT);
  const port = nodes === null ? await serveNode(wanted) : await new Cluster({ nodes, redisUrl: REDIS_URL }).run(wanted);
  console.log(`Convive: open http://localhost:${port} in two browsers, and draw with somebody else.`);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  console.error(code === "EADDRINUSE" ? `Port ${PORT} is taken; choose another one with PORT.` : message);
  process.exit(1);
}
