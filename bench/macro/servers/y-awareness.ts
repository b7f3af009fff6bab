// Awareness of y-protocols over ws, as y-websocket's server has it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { obey } from "../server-control.js";

interface Change {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  readonly removed: readonly number[];
}
/** What we use of packages that only `bench/` has. */
interface Awareness {
  readonly states: Map<number, unknown>;
  readonly _checkInterval: NodeJS.Timeout;
  setLocalState(state: null): void;
  on(event: "update", heard: (change: Change) => void): void;
}
interface YAwareness {
  readonly Awareness: new (doc: object) => Awareness;
  applyAwarenessUpdate(awareness: Awareness, update: Uint8Array, origin: unknown): void;
  encodeAwarenessUpdate(awareness: Awareness, clients: readonly number[]): Uint8Array;
}
interface Encoding {
  createEncoder(): object;
  writeVarUint(encoder: object, value: number): void;
  writeVarUint8Array(encoder: object, bytes: Uint8Array): void;
  toUint8Array(encoder: object): Uint8Array;
}
interface Decoding {
  createDecoder(bytes: Uint8Array): object;
  readVarUint(decoder: object): number;
  readVarUint8Array(decoder: object): Uint8Array;
}

const AWARENESS = 1;
const QUERY_AWARENESS = 3;
const load = <T>(name: string) => import(name) as Promise<T>;
const { Doc } = await load<{ readonly Doc: new () => object }>("yjs");
const protocol = await load<YAwareness>("y-protocols/awareness");
const encoding = await load<Encoding>("lib0/encoding");
const decoding = await load<Decoding>("lib0/decoding");

interface Room {
  readonly sockets: Set<WebSocket>;
  readonly awareness: Awareness;
}
const rooms = new Map<string, Room>();

function roomOf(key: string): Room {
  const known = rooms.get(key);
  if (known) return known;
  const room: Room = { sockets: new Set(), awareness: new protocol.Awareness(new Doc()) };
  room.awareness.setLocalState(null);
  // The load does not renew its states; real clients do, every 15 s, at a cost that is not measured here.
  clearInterval(room.awareness._checkInterval);
  room.awareness.on("update", ({ added, updated, removed }) => {
    const message = messageOf(room.awareness, [...added, ...updated, ...removed]);
    for (const socket of room.sockets) socket.send(message);
  });
  rooms.set(key, room);
  return room;
}

function messageOf(awareness: Awareness, clients: readonly number[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, AWARENESS);
  encoding.writeVarUint8Array(encoder, protocol.encodeAwarenessUpdate(awareness, clients));
  return encoding.toUint8Array(encoder);
}

const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false });
server.on("connection", (socket, { url = "" }) => {
  const room = roomOf(url);
  room.sockets.add(socket);
  socket.send(messageOf(room.awareness, [...room.awareness.states.keys()]));
  socket.on("message", (data: Buffer) => {
    const decoder = decoding.createDecoder(new Uint8Array(data));
    const kind = decoding.readVarUint(decoder);
    if (kind === QUERY_AWARENESS) socket.send(messageOf(room.awareness, [...room.awareness.states.keys()]));
    if (kind !== AWARENESS) return;
    protocol.applyAwarenessUpdate(room.awareness, decoding.readVarUint8Array(decoder), socket);
  });
  socket.on("error", () => {});
  socket.on("close", () => room.sockets.delete(socket));
});

http.listen(0, "127.0.0.1", () => obey((http.address() as AddressInfo).port));
