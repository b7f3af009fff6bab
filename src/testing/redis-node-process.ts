// A process that carries one connection in one room until it is killed: URL of Redis, key, user id. With a time to live as fourth word in ms
// it only puts the user there.
import { startRedisNode } from "./redis-node.js";

const [url = "", key = "", userId = "", ttlMs] = process.argv.slice(2);
const { presence } = await startRedisNode(url);
if (ttlMs === undefined) await presence.addBot(key, userId, {});
else await presence.joinPresence(key, userId, {}, { ttlMs: Number(ttlMs) });
process.stdout.write("ready\n");
setInterval(() => {}, 60_000);
