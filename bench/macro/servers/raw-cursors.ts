// Cursors with bare `ws`: each move to each other as it comes, or all of a tick in one message, as Convive says it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { REST, tickMs } from "../../../src/cursor/room.js";
import { DEFAULT_LIMITS } from "../../../src/options.js";
import { randomId } from "../../../src/token.js";
import { obey } from "../server-control.js";

interface Room {
  readonly topic: string;
  readonly sockets: Set<WebSocket>;
  /** who moved since the last tick; batched only */
  readonly moved: Map<string, readonly [x: number, y: number]>;
  dueAt: number;
  frames: number;
  timer: NodeJS.Timeout | null;
}

const rooms = new Map<string, Room>();
let isBatched = false;

const http = createServer();
const server = new WebSocketServer({ server: http, path: "/raw", perMessageDeflate: false, clientTracking: false });
server.on("connection", (socket) => {
  const id = randomId();
  let room: Room | null = null;
  socket.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString()) as ["enter", string] | ["move", number, number];
    if (message[0] === "enter") {
      room = roomOf(message[1]);
      room.sockets.add(socket);
      socket.send('{"welcome":[]}');
    } else if (room && isBatched) {
      room.moved.set(id, [message[1], message[2]]);
      schedule(room);
    } else if (room) relay(room, socket, Buffer.from(JSON.stringify(["moved", id, message[1], message[2]])));
  });
  socket.on("error", () => {});
  socket.on("close", () => room?.sockets.delete(socket));
});

function roomOf(key: string): Room {
  const topic = `room:board:${key}`;
  const known = rooms.get(key);
  if (known) return known;
  const room = {
    topic,
    sockets: new Set<WebSocket>(),
    moved: new Map(),

    dueAt: 0,
    frames: 0,
    timer: null,
  };
  rooms.set(key, room);
  return room;
}

function relay(room: Room, from: WebSocket, bytes: Buffer): void {
  for (const socket of room.sockets) if (socket !== from) socket.send(bytes, { binary: false });
}

function schedule(room: Room): void {
  if (room.timer) return;
  const waitMs = room.dueAt - performance.now();
  if (waitMs <= 0) return flush(room);
  room.timer = setTimeout(() => {
    room.timer = null;
    flush(room);
  }, waitMs);
}

function flush(room: Room): void {
  const startedAt = performance.now();
  const movers = room.moved.size;
  room.frames += 1;
  const moves = [...room.moved].map(([id, [x, y]]) => [id, x, y]);
  room.moved.clear();
  const bytes = Buffer.from(JSON.stringify([null, null, room.topic, "cursors", { n: room.frames, c: moves }]));
  for (const socket of room.sockets) socket.send(bytes, { binary: false });
  const endedAt = performance.now();
  // As Convive: the tick of so many, and a rest after a long one.
  room.dueAt = Math.max(startedAt + tickMs(movers, DEFAULT_LIMITS), endedAt + (endedAt - startedAt) * REST);
}

http.listen(0, "127.0.0.1", () => {
  obey((http.address() as AddressInfo).port, {
    batch: (isOn: boolean) => {
      isBatched = isOn;
    },
  });
});
