import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { event, inline, LiveCursorMixin, LiveView } from "../index.js";
import { memoryStore } from "../open-store.js";
import { resolveOptions } from "../options.js";
import { Templates } from "../render/template.js";
import { FakeClock, settle } from "../testing/fake-clock.js";
import type { Identity } from "./identity.js";
import type { ViewClass } from "./registry.js";
import { MOUNT_PURPOSE, type MountTicket } from "./services.js";
import { Sessions } from "./sessions.js";
import { Socket } from "./socket.js";

/** The wire, byte for byte: whoever changes a line here changes the protocol, and its page. */
class GoldenView extends LiveCursorMixin(LiveView<{ id: string }>)<{ name: string; color: string }> {
  static override template = inline`<p><%= it.count %></p><% for (const p of it.presences) { %><i><%= p.name %></i><% } %>`;
  static override viewName = "golden";
  static override presenceKey = "golden:{id}";
  count = 0;
  override async mount() {
    this.pageTitle = "Golden";
    await this.trackPresence({ name: this.getPresenceUserId(), color: "#123456" });
  }
  @event increment() {
    this.count += 1;
    this.pageTitle = `Golden ${this.count}`;
    this.pushEvent("flash", { message: "up" });
    return this.count;
  }
  @event(z.object({ to: z.number() }), { throttleMs: 50, debounceMs: 10 }) set({ to }: { to: number }) {
    this.count = to;
  }
}

class Page {
  readonly sent: string[] = [];
  readonly socket: Socket;
  readonly bufferedAmount = 0;

  constructor(
    readonly sessions: Sessions,
    readonly userId: string,
  ) {
    const { clock, limits, logger } = sessions.services;
    const identity: Identity = {
      user: null,
      userId,
      session: {},
      isAnonymous: true,
      tenant: "",
      origin: "http://a",
      address: "",
    };
    this.socket = new Socket(this, identity, {
      clock,
      limits,
      logger,
      join: (link, payload) => sessions.join(link, payload),
    });
  }
  send(data: string | Buffer): void {
    this.sent.push(String(data));
  }
  ping(): void {}
  close(): void {}
  terminate(): void {}

  /** Sends a frame; what came back, with what differs from run to run named instead. */
  async exchange(text: string, clock: FakeClock): Promise<string[]> {
    this.sent.length = 0;
    this.socket.receive(text);
    await settle();
    await clock.advance(60);
    return this.heard();
  }
  heard(): string[] {
    return this.sent.splice(0).map((text) =>
      text
        .replace(/"resume":"[^"]+"/, '"resume":"…"')
        .replace(/"v1\.[^"]+"/g, '"…"')
        .replace(/"[\w-]{16}"/g, '"CONNECTION"'),
    );
  }
}

async function start() {
  const clock = new FakeClock();
  const settings = resolveOptions({ mode: "development", clock });
  const templates = new Templates({ directories: [], isDevelopment: false });
  const logger = { info() {}, warn() {}, error() {} };
  const sessions = new Sessions({
    ...settings,
    logger,
    store: memoryStore({ ...settings, logger }),
    templates,
    secrets: ["a secret of sixteen characters"],
    authorizePresence: undefined,
  });
  sessions.services.views.register(GoldenView as unknown as ViewClass);
  const joinFrame = (userId: string) => {
    const ticket: MountTicket = { view: "golden", id: "golden", params: { id: "1" }, route: "/golden/:id", userId };
    const token = sessions.services.tokens.sign(MOUNT_PURPOSE, ticket, 1_000_000);
    return JSON.stringify(["1", "1", "lv:golden", "phx_join", { v: 1, token, url: "/golden/1" }]);
  };
  return { clock, sessions, joinFrame };
}

test("A join, events, changes of others, cursors and a leave are these frames", async () => {
  const { clock, sessions, joinFrame } = await start();
  const ada = new Page(sessions, "ada");
  const template = sessions.services.templates.render(GoldenView.template, { count: 0, presences: [] }).template;
  const statics = JSON.stringify({ [template.id]: template.statics });

  assert.deepEqual(await ada.exchange(joinFrame("ada"), clock), [
    `["1","1","lv:golden","phx_reply",{"status":"ok","response":{"rendered":{"t":"${template.id}","o":[0,"0",1,"ada"]},"statics":${statics},` +
      `"user":"ada","connection":"CONNECTION","resume":"…","title":"Golden","timing":{"set":{"throttle":50,"debounce":10}},` +
      `"rooms":["room:golden:1"],"cursors":{"room":"room:golden:1","intervalMs":33}}}]`,
  ]);
  assert.deepEqual(await ada.exchange('["1","2","lv:golden","event",{"name":"increment","value":{}}]', clock), [
    '[null,null,"lv:golden","diff",{"d":[{"0":"1"}]}]',
    '["1",null,"lv:golden","title",{"title":"Golden 1"}]',
    '["1",null,"lv:golden","push",{"event":"flash","payload":{"message":"up"}}]',
    '["1","2","lv:golden","phx_reply",{"status":"ok","response":{"reply":1}}]',
  ]);
  assert.deepEqual(await ada.exchange('["1","3","lv:golden","event",{"name":"set","value":{"to":1}}]', clock), [
    '["1","3","lv:golden","phx_reply",{"status":"ok","response":{}}]',
  ]);
  assert.deepEqual(await ada.exchange('["1","4","lv:golden","event",{"name":"set","value":{"to":"x"}}]', clock), [
    '["1","4","lv:golden","phx_reply",{"status":"error","response":{"reason":"EVENT_INVALID","message":"The payload of \\"set\\" does not fit its schema: to: Invalid input: expected number, received string [EVENT_INVALID]"}}]',
  ]);
  assert.deepEqual(await ada.exchange('[null,"5","phoenix","heartbeat",{}]', clock), [
    '[null,"5","phoenix","phx_reply",{"status":"ok","response":{}}]',
  ]);

  const bob = new Page(sessions, "bob");
  await bob.exchange(joinFrame("bob"), clock);
  assert.deepEqual(ada.heard(), ['[null,null,"lv:golden","diff",{"d":[2,["+",1,"bob"]]}]']);

  await bob.exchange('["1",null,"lv:golden","cursor",[10.5,20]]', clock);
  assert.deepEqual(ada.heard(), [
    '[null,null,"room:golden:1","cursors",{"n":1,"c":[["CONNECTION",10.5,20]],"p":{"CONNECTION":{"user":"bob","name":"bob","color":"#123456"}}}]',
  ]);
  await bob.exchange('["1",null,"lv:golden","cursor",[11,21]]', clock);
  assert.deepEqual(ada.heard(), ['[null,null,"room:golden:1","cursors",{"n":2,"c":[["CONNECTION",11,21]]}]']);

  assert.deepEqual(await bob.exchange('["1","9","lv:golden","phx_leave",{}]', clock), [
    '["1","9","lv:golden","phx_reply",{"status":"ok","response":{}}]',
    '["1","1","lv:golden","phx_close",{}]',
  ]);
  const last = ada.heard();
  assert.deepEqual(last.toSorted(), [
    '[null,null,"lv:golden","diff",{"d":[2,-1]}]',
    '[null,null,"room:golden:1","cursors",{"n":3,"c":[],"l":["CONNECTION"]}]',
  ]);
  await sessions.close();
});

test("What cannot be is answered with these frames", async () => {
  const { clock, sessions, joinFrame } = await start();
  const eve = new Page(sessions, "eve");
  assert.deepEqual(await eve.exchange(joinFrame("ada"), clock), [
    '["1","1","lv:golden","phx_reply",{"status":"error","response":{"reason":"stale"}}]',
  ]);
  assert.deepEqual(await eve.exchange('["1","2","lv:golden","event",{"name":"increment","value":{}}]', clock), [
    '[null,"2","lv:golden","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]',
  ]);
  assert.deepEqual(await eve.exchange('["1","3","room:golden:1","phx_join",{}]', clock), [
    '["1","3","room:golden:1","phx_reply",{"status":"error","response":{"reason":"unauthorized"}}]',
  ]);
  await sessions.close();
});
