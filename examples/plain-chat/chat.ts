import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { PresenceManager, type Room } from "convive";
import { WebSocketServer, type WebSocket } from "ws";
import { personName } from "../identity.js";

/** What a browser sends, beside the heartbeat. */
type Message = { readonly type: "name"; readonly name: string } | { readonly type: "say"; readonly text: string };
interface Person {
  readonly name: string;
}

const MAX_FRAME_BYTES = 4_096;
const MAX_TEXT_LENGTH = 1_000;
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FILES: Readonly<Record<string, readonly [name: string, type: string]>> = {
  "/": ["chat.html", "text/html; charset=utf-8"],
  "/chat.js": ["chat.js", "text/javascript; charset=utf-8"],
  "/chat.css": ["chat.css", "text/css; charset=utf-8"],
};

/** A chat of bare sockets: a room of the presence manager, and no view. */
export class PlainChat {
  readonly server: Server = createServer((request, response) => void sendFile(request, response));
  readonly presence = new PresenceManager();
  readonly #room: Room<Person> = this.presence.room<Person>("chat");
  readonly #names = new WeakMap<WebSocket, string>();
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES });

  constructor() {
    this.presence.on("change", () => this.#tellWhoIsHere());
    this.presence.on("update", () => this.#tellWhoIsHere());
    this.server.on("upgrade", (request, stream, head) => {
      stream.on("error", () => stream.destroy());
      if (isOwnPage(request)) this.#sockets.handleUpgrade(request, stream, head, (socket) => this.#welcome(socket));
      else stream.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    await this.presence.close();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Everybody may look on; who says a name is in the list. */
  #welcome(socket: WebSocket): void {
    socket.on("error", () => socket.terminate());
    socket.on(
      "message",
      this.presence.touchPresence((data, isBinary) => {
        const message = isBinary ? null : readMessage(`${data as Buffer}`);
        if (message) void this.#receive(socket, message);
      }),
    );
    socket.on("close", this.presence.removePresence());
    void this.#room.add(socket, { meta: { name: "" }, whenSilent: "close" });
  }

  async #receive(socket: WebSocket, message: Message): Promise<void> {
    if (message.type === "say")
      return this.#room.broadcast({ type: "said", name: this.#names.get(socket) ?? "Somebody", text: message.text });
    const name = personName(message.name);
    if (!name) return;
    // An app with a login takes the id from its session, never from what a browser says.
    const user = this.#names.has(socket) ? undefined : randomUUID();
    this.#names.set(socket, name);
    await this.#room.add(socket, { user, meta: { name } });
  }

  #tellWhoIsHere(): Promise<void> {
    const known = new Set(this.#room.users());
    const people = this.#room.presences().flatMap(({ id, name }) => (known.has(id) ? { id, name } : []));
    return this.#room.broadcast({ type: "presence", people, lurkers: this.#room.anonymousCount() });
  }
}

function readMessage(text: string): Message | null {
  try {
    const message = JSON.parse(text) as Record<string, unknown> | null;
    if (message?.["type"] === "name" && typeof message["name"] === "string") return message as Message;
    const said = message?.["type"] === "say" ? message["text"] : null;
    return typeof said === "string" && said.trim() ? { type: "say", text: said.slice(0, MAX_TEXT_LENGTH) } : null;
  } catch {
    return null;
  }
}

/** A browser tells where its page is from; a page of another site is none of ours. */
function isOwnPage({ headers }: IncomingMessage): boolean {
  return URL.canParse(headers.origin ?? "") && new URL(headers.origin!).host === headers.host;
}

async function sendFile(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const file = Object.hasOwn(FILES, request.url ?? "") ? FILES[request.url!] : undefined;
  response.setHeader("Content-Security-Policy", CONTENT_SECURITY_POLICY);
  response.setHeader("X-Content-Type-Options", "nosniff");
  if (!file || request.method !== "GET") return void response.writeHead(404).end("Not found");
  const [name, type] = file;
  const text = await readFile(new URL(`public/${name}`, import.meta.url));
  response.writeHead(200, { "Content-Type": type }).end(text);
}
