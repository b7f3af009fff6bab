// A process that carries one connection in one room until it is killed: URL of Redis, key, user id.
import { startRedisNode } from "./redis-node.js";

const [url = "", key = "", userId = ""] = process.argv.slice(2);
const { presence } = await startRedisNode(url);
await presence.addBot(key, userId, {});
process.stdout.write("ready\n");
setInterval(() => {}, 60_000);
