import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { WebSocket } from "ws";
import type { RawSocket, Socket } from "../session/socket.js";
import { WebSockets } from "./web-socket.js";

/** At the ends of what each kind of length can say. */
const SIZES = [0, 1, 125, 126, 127, 1_000, 65_535, 65_536, 200_000];

async function pair(t: TestContext): Promise<{ readonly raw: RawSocket; readonly client: WebSocket }> {
  const sockets = new WebSockets({ message() {}, pong() {}, closed() {} }, 1_000);
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  const opened = new Promise<RawSocket>((resolve) => {
    server.on("upgrade", (request, stream, head) => {
      sockets.accept(request, stream, head, (raw) => {
        resolve(raw);
        return {} as Socket;
      });
    });
  });
  await once(server, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => client.terminate());
  return { raw: await opened, client };
}

test("what is told to many and what is told to one arrive in the order in which they were sent", async (t) => {
  const { raw, client } = await pair(t);
  const heard: string[] = [];
  client.on("message", (data: Buffer) => heard.push(data.toString()));
  const sent = SIZES.flatMap((size) => [`one ${size}`, "m".repeat(size)]);
  const shared = new Map(sent.map((text) => [text, Buffer.from(text)]));
  for (const text of [...sent, ...sent]) raw.send(text.startsWith("one") ? text : shared.get(text)!);
  raw.close(1_000, "");
  raw.send(shared.get(sent[1]!)!);
  await once(client, "close");
  assert.deepEqual(heard, [...sent, ...sent]);
});

test("whatever text is told to many is the text that each of them hears", async (t) => {
  const { raw, client } = await pair(t);
  const texts = fc.asyncProperty(fc.string({ unit: "binary", maxLength: 400 }), async (text) => {
    const written = Buffer.from(text);
    raw.send(written);
    const [heard, isBinary] = (await once(client, "message")) as [Buffer, boolean];
    assert.deepEqual([heard.toString(), isBinary], [written.toString(), false]);
  });
  await fc.assert(texts);
});
