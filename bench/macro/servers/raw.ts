// The least a server can do with `ws`: the same bytes to everybody in a room, encoded once.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { obey } from "../server-control.js";

interface Person {
  readonly id: string;
  readonly name: string;
}
interface Room {
  readonly sockets: Set<WebSocket>;
  readonly people: Map<WebSocket, Person>;
  /** who came since the last tick; batched only */
  joined: Person[];
}

const SHOWN = 100;
const TICK_MS = 50;
const rooms = new Map<string, Room>();
/** what a join and a leave are told with, when it is the bytes of somebody else */
let said: { readonly join: Buffer; readonly leave: Buffer } | null = null;
let isBatched = false;

const http = createServer();
const server = new WebSocketServer({ server: http, path: "/raw", perMessageDeflate: false, clientTracking: false });
server.on("connection", (socket) => {
  let room: Room | null = null;
  socket.on("message", (data: Buffer) => {
    const [what, key, person] = JSON.parse(data.toString()) as [string, string, Person | null];
    if (what === "leave") return room && leave(room, socket);
    room = roomOf(key);
    room.sockets.add(socket);
    if (person) join(room, socket, person);
    welcome(room, socket);
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    room?.sockets.delete(socket);
    room?.people.delete(socket);
  });
});

function roomOf(key: string): Room {
  const room = rooms.get(key) ?? { sockets: new Set(), people: new Map(), joined: [] };
  rooms.set(key, room);
  return room;
}

function join(room: Room, socket: WebSocket, person: Person): void {
  room.people.set(socket, person);
  if (!isBatched) return tell(room, said?.join ?? encode({ joined: [person], count: room.people.size }));
  if (room.joined.length === 0) setTimeout(() => flush(room), TICK_MS);
  room.joined.push(person);
}

function flush(room: Room): void {
  const before = room.people.size - room.joined.length;
  tell(room, encode({ joined: room.joined.slice(0, Math.max(0, SHOWN - before)), count: room.people.size }));
  room.joined = [];
}

function leave(room: Room, socket: WebSocket): void {
  const left = room.people.get(socket)?.id;
  room.people.delete(socket);
  tell(room, said?.leave ?? encode({ left, count: room.people.size }));
}

function welcome(room: Room, socket: WebSocket): void {
  const shown: Person[] = [];
  for (const person of room.people.values()) if (shown.push(person) >= SHOWN) break;
  socket.send(encode({ welcome: shown, count: room.people.size }), { binary: false });
}

function tell(room: Room, bytes: Buffer): void {
  for (const socket of room.sockets) socket.send(bytes, { binary: false });
}

function encode(message: object): Buffer {
  return Buffer.from(JSON.stringify(message));
}

http.listen(0, "127.0.0.1", () => {
  obey((http.address() as AddressInfo).port, {
    say: (join: string, leave: string) => {
      said = { join: Buffer.from(join), leave: Buffer.from(leave) };
    },
    batch: (isOn: boolean) => {
      isBatched = isOn;
    },
  });
});
