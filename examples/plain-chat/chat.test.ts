import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { PlainChat } from "./chat.js";

interface Told {
  readonly type: string;
  readonly people?: readonly { readonly id: string; readonly name: string }[];
  readonly lurkers?: number;
  readonly name?: string;
  readonly text?: string;
}

test("who comes is counted, who says a name is listed, and what is said reaches all", async (t) => {
  const { visit } = await open(t);
  const [ada, bob] = [await visit(), await visit()];
  await ada.until(({ lurkers }) => lurkers === 2);
  ada.say({ type: "name", name: "Ada" });
  await bob.until(({ people, lurkers }) => people?.[0]?.name === "Ada" && lurkers === 1);
  ada.say({ type: "say", text: "hello" });
  const { name, text } = await bob.until(({ type }) => type === "said");
  assert.deepEqual([name, text], ["Ada", "hello"]);
  ada.say({ type: "name", name: "Countess" });
  const renamed = await bob.until(({ people }) => people?.[0]?.name === "Countess");
  assert.equal(renamed.people?.length, 1);
});

test("who closes the page is gone for the others", async (t) => {
  const { visit } = await open(t);
  const [ada, bob] = [await visit(), await visit()];
  ada.say({ type: "name", name: "Ada" });
  await bob.until(({ people }) => people?.length === 1);
  ada.socket.close();
  await bob.until(({ people }) => people?.length === 0);
});

test("heartbeats, bytes and nonsense are answered by nothing and break nothing", async (t) => {
  const { visit } = await open(t);
  const [ada, bob] = [await visit(), await visit()];
  await ada.until(({ lurkers }) => lurkers === 2);
  ada.say("heartbeat");
  ada.socket.send(Buffer.from([0, 255]));
  for (const nonsense of ["", "{", "null", "[]", '{"type":"say","text":1}', '{"type":"name","name":""}']) {
    ada.socket.send(nonsense);
  }
  ada.say({ type: "say", text: "still here" });
  await bob.until(({ text }) => text === "still here");
  assert.equal(bob.told.filter(({ type }) => type === "said").length, 1);
});

test("the page forbids what is not its own, and other sites and paths get nothing", async (t) => {
  const { origin } = await open(t);
  const page = await fetch(origin);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'; script-src 'self'/);
  const html = await page.text();
  for (const [, path = ""] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
    assert.equal((await fetch(new URL(path, origin))).status, 200, path);
  }
  assert.doesNotMatch(html, /<script>|<style|style=| on\w+=/);
  assert.equal((await fetch(new URL("/../chat.ts", origin))).status, 404);
  const stranger = new WebSocket(origin.replace("http", "ws"), { origin: "https://elsewhere.example" });
  const [error] = (await once(stranger, "error")) as [Error];
  assert.match(error.message, /403/);
});

async function open(t: TestContext) {
  const chat = new PlainChat();
  await once(chat.server.listen(0), "listening");
  t.after(() => chat.close());
  const origin = `http://localhost:${(chat.server.address() as AddressInfo).port}`;
  const visit = async () => {
    const visitor = new Visitor(origin);
    await once(visitor.socket, "open");
    return visitor;
  };
  return { origin, visit };
}

class Visitor {
  readonly socket: WebSocket;
  readonly told: Told[] = [];

  constructor(origin: string) {
    this.socket = new WebSocket(origin.replace("http", "ws"), { origin });
    this.socket.on("message", (data) => this.told.push(JSON.parse(`${data as Buffer}`) as Told));
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** What was told last of this kind, or is told next. */
  async until(isMeant: (told: Told) => boolean): Promise<Told> {
    for (;;) {
      const found = this.told.findLast(isMeant);
      if (found) return found;
      await once(this.socket, "message");
    }
  }
}
