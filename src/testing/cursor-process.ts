// A process that carries one connection in one room until it is killed, and its pointer: URL of Redis, key, user id, x, y.
import { randomUUID } from "node:crypto";
import { CursorRooms } from "../cursor/rooms.js";
import { RedisCache } from "../cursor/redis.js";
import { startRedisNode } from "./redis-node.js";

const [url = "", key = "", userId = "", x, y] = process.argv.slice(2);
const { node, link } = await startRedisNode(url);
const { room } = await node.host("", key);
const connectionId = randomUUID();
await room.track({ connectionId, userId, meta: {} });
new CursorRooms(node, new RedisCache(link)).of(room).move(connectionId, Number(x), Number(y));
process.stdout.write("ready\n");
setInterval(() => {}, 60_000);
