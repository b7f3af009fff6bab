import assert from "node:assert/strict";
import { test } from "node:test";
import { event, forbidden, inline, LiveView, PresenceMixin, redirect } from "../index.js";
import { settle } from "../testing/fake-clock.js";
import { SessionRig } from "../testing/session-rig.js";

const ada = { id: "ada" };
const never = () => new Promise<never>(() => {});

class PlainView extends LiveView {
  static override template = inline`<p><%= it.count %></p>`;
  static override viewName = "plain";
  count = 0;
  @event increment() {
    this.count += 1;
    return this.count;
  }
  @event hang() {
    this.count += 1;
    return never();
  }
  @event huge() {
    return { n: 10n };
  }
  @event circle() {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    this.pushEvent("circle", circle);
  }
  @event many() {
    for (let i = 0; i < 250; i += 1) this.pushEvent("n", i);
  }
}

test("What a handler answers or pushes and is no JSON fails that event, and nothing else", async () => {
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  await wire.join(PlainView);
  assert.equal((await wire.event("lv:plain", "huge"))?.response.reason, "EVENT_FAILED");
  assert.equal((await wire.event("lv:plain", "circle"))?.status, "error");
  assert.deepEqual(await wire.event("lv:plain", "increment"), { status: "ok", response: { reply: 1 } });
  await rig.sessions.close();
});

test("Everything a handler pushes in one turn arrives", async () => {
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  await wire.join(PlainView);
  await wire.event("lv:plain", "many");
  assert.equal(wire.told("push").length, 250);
  await rig.sessions.close();
});

test("Nothing comes down before the answer to the join", async () => {
  class EagerView extends PresenceMixin(LiveView) {
    static override template = inline`<p><%= it.n %></p>`;
    static override viewName = "eager";
    n = 0;
    override async mount() {
      await this.trackPresence({});
      this.pushEvent("hello");
      this.after(1, () => {});
      if (this.url.search !== "?a") this.patchUrl("?a");
    }
    override handlePresenceJoin() {
      this.n += 1;
    }
    override handleParams() {
      this.n += 10;
    }
  }
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  void wire.join(EagerView);
  await rig.clock.advance(200);
  assert.equal(wire.events[0], "phx_reply");
  assert.deepEqual(wire.told("push"), [{ event: "hello", payload: {} }]);
  assert.deepEqual(wire.told("patch_url"), [{ url: "/?a", replace: false }]);
  await rig.sessions.close();
});

test("A page whose socket was slow is shown what it missed once it reads again, also after it came back on another", async () => {
  const rig = new SessionRig();
  const slow = rig.connect(ada);
  const { resume } = await slow.join(PlainView);
  slow.bufferedAmount = 100_000;
  await slow.event("lv:plain", "increment");
  assert.deepEqual(slow.told("diff"), []);
  slow.bufferedAmount = 0;
  await rig.clock.advance(100);
  assert.deepEqual(slow.told("diff"), [{ d: [{ "0": "1" }] }]);

  slow.bufferedAmount = 100_000;
  await slow.event("lv:plain", "increment");
  slow.socket.closed(1_006);
  const back = rig.connect(ada);
  await back.join(PlainView, { resume });
  back.bufferedAmount = 100_000;
  await back.event("lv:plain", "increment");
  back.bufferedAmount = 0;
  await rig.clock.advance(100);
  assert.deepEqual(back.told("diff"), [{ d: [{ "0": "3" }] }]);
  await rig.sessions.close();
});

test("A handler that never ends does not keep the server from closing", async () => {
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  await wire.join(PlainView);
  await wire.event("lv:plain", "hang");
  let isClosed = false;
  void rig.sessions.close().then(() => (isClosed = true));
  await rig.clock.advance(11_000);
  assert.equal(isClosed, true);
});

test("A handler that never ends is given up after its time: its event fails and the page joins anew", async () => {
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  await wire.join(PlainView);
  const hung = await wire.tell("lv:plain", "event", { name: "hang", value: {} });
  const waiting = await wire.tell("lv:plain", "event", { name: "increment", value: {} });
  await rig.clock.advance(29_000);
  assert.equal(wire.answer(hung), undefined);
  await rig.clock.advance(2_000);
  assert.equal(wire.answer(hung)?.response.reason, "HANDLER_TIMEOUT");
  assert.equal(wire.answer(waiting)?.status, "error");
  assert.deepEqual(wire.events.filter((name) => name === "phx_error").length, 1);
  assert.equal(rig.sessions.pages.size, 0);
  assert.deepEqual(rig.errors(), ["a handler of a view took too long; its page is mounted anew"]);
  await rig.sessions.close();
});

test("A mount that never ends is refused after its time, and leaves nothing", async () => {
  class SlowView extends LiveView {
    static override template = inline``;
    static override viewName = "slow";
    override mount() {
      return never();
    }
  }
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  const joining = await wire.tell("lv:slow", "phx_join", { v: 1, token: rig.tokenOf(SlowView, "ada"), url: "/" });
  await rig.clock.advance(31_000);
  assert.equal(wire.answer(joining)?.response.code, "HANDLER_TIMEOUT");
  assert.equal(rig.sessions.pages.size, 0);
  await rig.sessions.close();
});

test("A resume token that is used twice at once leaves one page with the view", async () => {
  const rig = new SessionRig();
  const first = rig.connect(ada);
  const { resume, connection } = await first.join(PlainView);
  first.socket.closed(1_006);
  const [one, two] = [rig.connect(ada), rig.connect(ada)];
  const replies = await Promise.all([one.join(PlainView, { resume }), two.join(PlainView, { resume })]);
  assert.equal(replies.filter((reply) => reply.connection === connection).length, 1);
  await one.event("lv:plain", "increment");
  await two.event("lv:plain", "increment");
  const answered = [one, two].map((wire) =>
    wire.told("phx_reply").filter((reply) => JSON.stringify(reply).includes('{"reply":')),
  );
  assert.deepEqual(answered.flat(), [{ status: "ok", response: { reply: 1 } }]);
  await rig.sessions.close();
});

test("A page that comes back is who he is now, for its guards and for what it shows", async () => {
  class RoleView extends LiveView {
    static override template = inline`<p><%= it.user.name %></p>`;
    static override viewName = "role";
    static override guards = [
      (view: LiveView) => {
        if ((view.session as { isBanned?: boolean }).isBanned) throw forbidden();
      },
    ];
  }
  const rig = new SessionRig();
  const first = rig.connect({ id: "ada", name: "Ada" });
  const { resume } = await first.join(RoleView);
  first.socket.closed(1_006);
  const second = rig.connect({ id: "ada", name: "Countess" });
  const back = await second.join(RoleView, { resume });
  assert.match(JSON.stringify(back.rendered), /Countess/);
  second.socket.closed(1_006);
  const third = rig.connect({ id: "ada", name: "Ada" }, { session: { isBanned: true } });
  assert.deepEqual(await third.join(RoleView, { resume: back.resume }), { reason: "forbidden" });
  await rig.sessions.close();
});

test("Guards are asked before a page shows other params, whether it moves or comes back", async () => {
  const seen: unknown[] = [];
  class MemberView extends LiveView<{ id: string }> {
    static override template = inline`<p><%= it.params.id %></p>`;
    static override viewName = "member";
    static override guards = [
      (view: LiveView<{ id: string }>) => {
        if (view.params.id === "secret") throw forbidden();
        if (view.params.id === "moved") throw redirect("/elsewhere");
      },
    ];
    override handleParams() {
      seen.push(this.params.id);
    }
  }
  const rig = new SessionRig();
  const place = { route: "/boards/:id", params: { id: "1" }, url: "/boards/1" };
  const wire = rig.connect(ada);
  const { resume } = await wire.join(MemberView, place);
  const refused = await wire.tell("lv:member", "url", { url: "/boards/secret" });
  assert.deepEqual(wire.answer(refused), { status: "error", response: { reason: "forbidden" } });
  await wire.tell("lv:member", "url", { url: "/boards/moved" });
  assert.deepEqual(wire.told("redirect"), [{ to: "/elsewhere" }]);
  const allowed = await wire.tell("lv:member", "url", { url: "/boards/2" });
  assert.equal(wire.answer(allowed)?.status, "ok");
  assert.deepEqual(seen, ["1", "2"]);
  wire.socket.closed(1_006);
  const back = rig.connect(ada);
  assert.deepEqual(await back.join(MemberView, { ...place, resume, url: "/boards/secret" }), { reason: "forbidden" });
  assert.deepEqual(seen, ["1", "2"]);
  await rig.sessions.close();
});

test("A page that is closed while it is mounted is no error", async () => {
  let finish = () => {};
  class WaitingView extends LiveView {
    static override template = inline``;
    static override viewName = "waiting";
    override mount() {
      return new Promise<void>((resolve) => (finish = resolve));
    }
  }
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  await wire.join(WaitingView);
  wire.socket.closed(1_001);
  finish();
  await settle();
  assert.deepEqual(rig.log, []);
  assert.equal(rig.sessions.pages.size, 0);
  await rig.sessions.close();
});

test("A page whose grace ends while it comes back is mounted anew", async () => {
  let gate: Promise<void> = Promise.resolve();
  let open = () => {};
  class GateView extends LiveView {
    static override template = inline``;
    static override viewName = "gate";
    static override guards = [() => gate];
  }
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  const { resume, connection } = await wire.join(GateView);
  wire.socket.closed(1_006);
  await rig.clock.advance(14_900);
  gate = new Promise((resolve) => (open = resolve));
  const back = rig.connect(ada);
  const joining = await back.tell("lv:gate", "phx_join", {
    v: 1,
    token: rig.tokenOf(GateView, "ada"),
    url: "/",
    resume,
  });
  await rig.clock.advance(1_000);
  open();
  await settle();
  assert.equal(back.answer(joining)?.status, "ok");
  assert.notEqual(connection, undefined);
  assert.deepEqual(rig.errors(), []);
  assert.equal(rig.sessions.pages.size, 1);
  await rig.sessions.close();
});

test("What handleParams throws goes to handleError, as from any handler", async () => {
  const errors: unknown[] = [];
  class ParamsView extends LiveView {
    static override template = inline``;
    static override viewName = "params";
    override handleParams() {
      if (this.url.search) throw new Error("no such page");
    }
    override handleError(error: unknown) {
      errors.push((error as Error).message);
    }
  }
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  await wire.join(ParamsView);
  const moved = await wire.tell("lv:params", "url", { url: "/?page=2" });
  assert.equal(wire.answer(moved)?.response.reason, "EVENT_FAILED");
  assert.deepEqual(errors, ["no such page"]);
  await rig.sessions.close();
});

test("A leave of an older join does not undo the join that waits", async () => {
  let finish = () => {};
  class WaitingView extends LiveView {
    static override template = inline``;
    static override viewName = "later";
    override mount() {
      return new Promise<void>((resolve) => (finish = resolve));
    }
  }
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  const token = rig.tokenOf(WaitingView, "ada");
  wire.socket.receive(JSON.stringify(["7", "7", "lv:later", "phx_join", { v: 1, token, url: "/" }]));
  await settle();
  wire.socket.receive(JSON.stringify(["3", "8", "lv:later", "phx_leave", {}]));
  finish();
  await settle();
  assert.equal(wire.answer("7")?.status, "ok");
  await rig.sessions.close();
});

test("flush shows what changed within a handler, and nothing after the end throws", async () => {
  let view: StepView | null = null;
  class StepView extends LiveView {
    static override template = inline`<p><%= it.step %></p>`;
    static override viewName = "step";
    step = 0;
    override mount() {
      view = this; // eslint-disable-line @typescript-eslint/no-this-alias
    }
    @event async steps() {
      this.step = 1;
      this.pushEvent("one");
      await this.flush();
      this.step = 2;
    }
  }
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  await wire.join(StepView);
  await wire.event("lv:step", "steps");
  assert.deepEqual(wire.events, ["phx_reply", "diff", "push", "diff", "phx_reply"]);
  await wire.tell("lv:step", "phx_leave", {});
  const timers = rig.clock.timers;
  view!.every(10, () => assert.fail("after the end"));
  view!.after(10, () => assert.fail("after the end"));
  view!.subscribe("t", () => assert.fail("after the end"));
  view!.pushEvent("late");
  await view!.flush();
  assert.equal(rig.clock.timers, timers);
  await rig.clock.advance(100);
  await rig.sessions.close();
});

test("A thousand pages that come and go, half of them abruptly, leave no page, timer or topic", async () => {
  class BusyView extends PresenceMixin(LiveView) {
    static override template = inline`<p><%= it.presenceCount %></p>`;
    static override viewName = "busy";
    static override presenceKey = "busy";
    override async mount() {
      if (!this.connected) return;
      this.every(1_000, () => {});
      this.subscribe("news", () => {});
      await this.trackPresence({});
    }
  }
  const rig = new SessionRig();
  for (let i = 0; i < 1_000; i += 1) {
    const wire = rig.connect({ id: `u${i % 50}` });
    const joining = wire.join(BusyView);
    await rig.clock.advance(60);
    await joining;
    if (i % 4 === 0) await wire.tell("lv:busy", "phx_leave", {});
    wire.socket.closed(i % 2 === 0 ? 1_001 : 1_006);
  }
  await rig.clock.advance(60_000);
  assert.equal(rig.sessions.pages.size, 0);
  assert.equal(await rig.sessions.services.node.presence.presenceCount("busy"), 0);
  const nodeTimers = 4;
  assert.ok(rig.clock.timers <= nodeTimers, `${rig.clock.timers} timers`);
  await rig.sessions.close();
  assert.equal(rig.clock.timers, 0);
});
