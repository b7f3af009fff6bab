// A bare echo: what comes in goes back as it is.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { obey } from "../server-control.js";

const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false });
server.on("connection", (socket) => {
  socket.on("message", (data: Buffer) => socket.send(data, { binary: false }));
  socket.on("error", () => {});
});
http.listen(0, "127.0.0.1", () => obey((http.address() as AddressInfo).port));
