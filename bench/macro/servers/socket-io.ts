// A room of socket.io, as its documentation has it.
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { obey } from "../server-control.js";

interface Person {
  readonly id: string;
  readonly name: string;
}
/** What we use of a package that only `bench/` has. */
interface IoSocket {
  on(event: "join", heard: (key: string, person: Person | null) => void): void;
  on(event: "leave" | "disconnect", heard: () => void): void;
  on(event: "move", heard: (x: number, y: number) => void): void;
  readonly id: string;
  to(room: string): { emit(event: string, ...words: unknown[]): void };
  join(room: string): void;
  emit(event: string, ...words: unknown[]): void;
}
interface Io {
  on(event: "connection", heard: (socket: IoSocket) => void): void;
  to(room: string): { emit(event: string, ...words: unknown[]): void };
}
type SocketIo = { readonly Server: new (http: HttpServer, options: object) => Io };

const SHOWN = 100;
const LONG_MS = 3_600_000;
const PACKAGE: string = "socket.io";
const { Server } = (await import(PACKAGE)) as SocketIo;

const http = createServer();
const io = new Server(http, { transports: ["websocket"], pingInterval: LONG_MS, pingTimeout: LONG_MS });
const rooms = new Map<string, Map<IoSocket, Person>>();

io.on("connection", (socket) => {
  let key = "";
  socket.on("join", (wanted, person) => {
    key = wanted;
    const people = rooms.get(key) ?? new Map<IoSocket, Person>();
    rooms.set(key, people);
    socket.join(key);
    if (person) {
      people.set(socket, person);
      io.to(key).emit("joined", person, people.size);
    }
    socket.emit("welcome", [...people.values()].slice(0, SHOWN), people.size);
  });
  socket.on("leave", () => {
    const people = rooms.get(key);
    const person = people?.get(socket);
    if (!people?.delete(socket)) return;
    io.to(key).emit("left", person!.id, people.size);
  });
  socket.on("move", (x, y) => socket.to(key).emit("moved", socket.id, x, y));
  socket.on("disconnect", () => rooms.get(key)?.delete(socket));
});

http.listen(0, "127.0.0.1", () => obey((http.address() as AddressInfo).port));
