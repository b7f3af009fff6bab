import assert from "node:assert/strict";
import { test } from "node:test";
import { RoomVisit } from "../presence/room-visit.js";
import { Delivery } from "./delivery.js";
import { event, inline, LiveView, notFound, PresenceMixin, redirect, type PresenceEvent } from "../index.js";
import { SessionRig } from "../testing/session-rig.js";

const ada = { id: "ada" };

test("A foreign client's payload that nothing can encode is refused, and the process lives on", async () => {
  const rig = new SessionRig({ authorizePresence: () => true });
  const wire = rig.connect(ada);
  await wire.tell("room:hall", "phx_join", { meta: {} });
  wire.socket.receive(`["1","900","room:hall","say",${"[".repeat(30_000)}${"]".repeat(30_000)}]`);
  await rig.clock.advance(100);
  assert.equal(wire.answer("900")?.status, "error");
  const said = await wire.tell("room:hall", "say", { hello: 1 });
  await rig.clock.advance(100);
  assert.equal(wire.answer(said)?.status, "ok");
  assert.deepEqual(wire.told("say"), [{ hello: 1 }]);
  await rig.sessions.close();
});

test("A foreign client cannot say what only the protocol and our pages say", async () => {
  const rig = new SessionRig({ authorizePresence: () => true });
  const wire = rig.connect(ada);
  await wire.tell("room:hall", "phx_join", { meta: {} });
  const statusOf = async (event: string) => {
    const ref = await wire.tell("room:hall", event, {});
    await rig.clock.advance(100);
    return wire.answer(ref)?.status;
  };
  for (const event of ["presence_diff", "presence_event", "cursors", "live-carets"])
    assert.equal(await statusOf(event), "error", event);
  for (const event of ["wave", "lively", "cursors-of-mine"]) assert.equal(await statusOf(event), "ok", event);
  await rig.sessions.close();
});

test("Whether a page that comes back may see its room is asked of who he is now", async () => {
  class HallView extends PresenceMixin(LiveView) {
    static override template = inline`<p><%= it.presenceCount %></p>`;
    static override viewName = "hall";
    override async mount() {
      await this.trackPresence({});
    }
  }
  const rig = new SessionRig({
    authorizePresence: ({ user }) => !(user as { isBanned?: boolean } | null)?.isBanned,
  });
  const other = rig.connect({ id: "bob" });
  await other.join(HallView);
  const wire = rig.connect(ada);
  const { resume } = await wire.join(HallView);
  await rig.clock.advance(100);
  wire.socket.closed(1_006);
  const back = rig.connect({ id: "ada", isBanned: true });
  const { rendered } = await back.join(HallView, { resume });
  assert.match(JSON.stringify(rendered), /"0"/);
  await rig.clock.advance(100);
  assert.equal(await rig.sessions.services.node.presence.presenceCount("hall"), 1);
  await rig.sessions.close();
});

test("Who has left a room before he came in does not come in", async () => {
  const rig = new SessionRig();
  const { rooms } = rig.sessions.services.node;
  const visitor = {
    tenant: "",
    key: "hall",
    user: null,
    userId: "ada",
    connectionId: "c",
    via: "view",
    isLasting: true,
  } as const;
  const visit = new RoomVisit(rooms, visitor, {});
  await visit.end("left");
  await visit.track({});
  assert.equal(visit.hold, null);
  await rig.sessions.close();
});

test("A redirect or an end that a timer throws reaches its page; another error goes to handleError and the log", async () => {
  const errors: string[] = [];
  class TimedView extends LiveView {
    static override template = inline`<p><%= it.n %></p>`;
    static override viewName = "timed";
    n = 0;
    @event start() {
      this.after(10, () => {
        throw redirect("/elsewhere");
      });
      this.after(20, () => {
        this.n = 7;
        throw new Error("a timer");
      });
      this.after(30, () => {
        throw notFound();
      });
    }
    override handleError(error: unknown) {
      errors.push((error as Error).message);
    }
  }
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  await wire.join(TimedView);
  await wire.event("lv:timed", "start");
  await rig.clock.advance(25);
  assert.deepEqual(wire.told("redirect"), [{ to: "/elsewhere" }]);
  assert.deepEqual(errors, ["a timer"]);
  assert.deepEqual(wire.told("diff"), [{ d: [{ "0": "7" }] }], "what changed before it threw is shown");
  assert.deepEqual(rig.errors(), ["a handler of a view failed"]);
  await rig.clock.advance(10);
  assert.equal(wire.told("phx_error").length, 1);
  assert.equal(rig.sessions.pages.size, 0);
  await rig.sessions.close();
});

test("A template or getter that throws later keeps what the page shows, and the view lives on", async () => {
  class FragileView extends LiveView {
    static override template = inline`<p><%= it.text %></p>`;
    static override viewName = "fragile";
    n = 0;
    get text() {
      if (this.n === 1) throw new Error("not now");
      return `n is ${this.n}`;
    }
    @event next() {
      this.n += 1;
    }
  }
  const rig = new SessionRig();
  const wire = rig.connect(ada);
  await wire.join(FragileView);
  assert.equal((await wire.event("lv:fragile", "next"))?.status, "ok");
  assert.deepEqual(rig.errors(), ["a view could not be rendered; its page keeps what it shows"]);
  await wire.event("lv:fragile", "next");
  assert.equal(wire.told("diff").length, 1);
  await rig.sessions.close();
});

test("What is pushed to a room from outside reaches its pages, also those that hear for themselves", async () => {
  const heard: unknown[] = [];
  class PlainHall extends PresenceMixin(LiveView) {
    static override template = inline``;
    static override viewName = "plain-hall";
    static override presenceKey = "hall";
  }
  class HearingHall extends PlainHall {
    static override viewName = "hearing-hall";
    override handlePresenceEvent(message: PresenceEvent<Record<string, unknown>>) {
      heard.push([message.event, message.payload, message.from]);
    }
  }
  const rig = new SessionRig();
  const delivery = new Delivery(rig.sessions.services, rig.sessions.pages);
  const [one, two] = [rig.connect(ada), rig.connect({ id: "bob" })];
  await one.join(PlainHall);
  await two.join(HearingHall);
  await rig.clock.advance(100);
  await delivery.push({ key: "hall" }, "note", { n: 1 });
  await rig.clock.advance(100);
  assert.deepEqual(one.told("presence_event"), [{ event: "note", payload: { n: 1 } }]);
  assert.deepEqual(heard, [["note", { n: 1 }, null]]);
  delivery.close();
  await rig.sessions.close();
});
