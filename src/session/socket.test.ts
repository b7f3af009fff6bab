import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../clock.js";
import { resolveLimits } from "../options.js";
import type { Identity } from "./identity.js";
import { Socket, type RawSocket } from "./socket.js";
import type { JoinResult, Parting, Reply, Topic, TopicLink } from "./topic.js";

const identity = {
  user: null,
  userId: "anon",
  session: {},
  isAnonymous: true,
  tenant: "",
  origin: "http://a",
  address: "",
} as Identity;

function harness(join: (link: TopicLink, payload: unknown) => Promise<JoinResult> = joinEcho) {
  let now = 0;
  const sent: unknown[][] = [];
  const closes: string[] = [];
  let bufferedAmount = 0;
  const ticks: (() => void)[] = [];
  const clock: Clock = {
    now: () => now,
    wallTime: () => now,
    after: () => ({ clear() {} }),
    every: (_ms, work) => {
      ticks.push(work);
      return { clear: () => void ticks.splice(ticks.indexOf(work), 1) };
    },
  };
  const raw: RawSocket = {
    get bufferedAmount() {
      return bufferedAmount;
    },
    send: (data) => void sent.push(JSON.parse(String(data)) as unknown[]),
    ping: () => void closes.push("ping"),
    close: (code) => void closes.push(`close ${code}`),
    terminate: () => void closes.push("terminate"),
  };
  const logger = { info() {}, warn() {}, error() {} };
  const socket = new Socket(raw, identity, { clock, limits: resolveLimits(), logger, join });
  return {
    socket,
    raw,
    sent,
    closes,
    ticks,
    wait: (ms: number) => void (now += ms),
    buffer: (bytes: number) => void (bufferedAmount = bytes),
    async receive(...frame: unknown[]) {
      socket.receive(JSON.stringify(frame));
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

class EchoTopic implements Topic {
  readonly partings: Parting[] = [];
  receive(event: string, payload: unknown): Reply {
    return event === "silent" ? null : { status: "ok", response: { event, payload } };
  }
  parted(parting: Parting): void {
    this.partings.push(parting);
  }
}

function joinEcho(_link: TopicLink, payload: unknown): Promise<JoinResult> {
  const isRefused = (payload as { refuse?: boolean }).refuse;
  return Promise.resolve(
    isRefused ? { refusal: { reason: "no" } } : { topic: new EchoTopic(), response: { hello: 1 } },
  );
}

test("what an event is answered with is gathered into one write, what a pointer causes is not", async () => {
  const written: string[] = [];
  class LateTopic implements Topic {
    constructor(private readonly link: TopicLink) {}
    parted(): void {}
    receive(event: string): Reply | Promise<Reply> {
      this.link.write(JSON.stringify([null, null, "lv:x", `html of ${event}`, {}]));
      if (event === "cursor") return null;
      return Promise.resolve().then(() => {
        this.link.write(JSON.stringify([null, null, "lv:x", "more", {}]));
        return { status: "ok", response: {} };
      });
    }
  }
  const { receive, raw } = harness((link) => Promise.resolve({ topic: new LateTopic(link), response: {} }));
  await receive("1", "1", "lv:x", "phx_join", {});
  const { send } = raw;
  raw.send = (data) => {
    written.push((JSON.parse(String(data)) as unknown[])[3] as string);
    send(data);
  };
  raw.gather = () => void written.push("gather");
  await receive("1", "2", "lv:x", "event", {});
  assert.deepEqual(written.splice(0), ["html of event", "gather", "more", "gather", "phx_reply"]);
  await receive("1", null, "lv:x", "cursor", [1, 2]);
  assert.deepEqual(written, ["html of cursor"]);
});

test("A join is answered, a push is answered with the join's ref, a heartbeat with none", async () => {
  const { receive, sent } = harness();
  await receive("1", "1", "t", "phx_join", {});
  await receive("1", "2", "t", "say", { a: 1 });
  await receive("1", null, "t", "silent", {});
  await receive(null, "3", "phoenix", "heartbeat", {});
  assert.deepEqual(sent, [
    ["1", "1", "t", "phx_reply", { status: "ok", response: { hello: 1 } }],
    ["1", "2", "t", "phx_reply", { status: "ok", response: { event: "say", payload: { a: 1 } } }],
    [null, "3", "phoenix", "phx_reply", { status: "ok", response: {} }],
  ]);
});

test("A push to a topic not joined, or with a stale join ref, never reaches a topic", async () => {
  const { receive, sent } = harness();
  await receive("1", "1", "t", "say", {});
  await receive("2", "2", "t", "phx_join", {});
  await receive("1", "3", "t", "say", {});
  assert.deepEqual(
    sent.map((frame) => [frame[0], frame[1], (frame[4] as { status: string }).status]),
    [
      [null, "1", "error"],
      ["2", "2", "ok"],
    ],
  );
});

test("A refused join is answered with the reason and leaves nothing", async () => {
  const { receive, sent } = harness();
  await receive("1", "1", "t", "phx_join", { refuse: true });
  await receive("1", "2", "t", "say", {});
  assert.deepEqual(sent[0]![4], { status: "error", response: { reason: "no" } });
  assert.deepEqual(sent[1]![4], { status: "error", response: { reason: "unmatched topic" } });
});

test("A duplicate join replaces the first, whose close comes after the new reply and carries the old ref", async () => {
  const topics: EchoTopic[] = [];
  const { receive, sent } = harness(() => {
    topics.push(new EchoTopic());
    return Promise.resolve({ topic: topics.at(-1)!, response: {} });
  });
  await receive("1", "1", "t", "phx_join", {});
  await receive("2", "2", "t", "phx_join", {});
  assert.deepEqual(topics[0]!.partings, [{ kind: "replaced" }]);
  assert.deepEqual(topics[1]!.partings, []);
  assert.deepEqual(
    sent.map((frame) => frame.slice(0, 4)),
    [
      ["1", "1", "t", "phx_reply"],
      ["2", "2", "t", "phx_reply"],
      ["1", "1", "t", "phx_close"],
    ],
  );
});

test("A join that ends after its socket is told that its page is gone", async () => {
  let finish = (_: JoinResult) => {};
  const topic = new EchoTopic();
  const { receive, socket, sent } = harness(() => new Promise((resolve) => (finish = resolve)));
  await receive("1", "1", "t", "phx_join", {});
  socket.closed(1_006);
  finish({ topic, response: {} });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(topic.partings, [{ kind: "broken" }]);
  assert.deepEqual(sent, []);
});

test("A join that never ends is told when nobody waits for it", async () => {
  for (const leave of ["left", "replaced", "gone"]) {
    let abandoned = 0;
    const { receive, socket } = harness((link) => {
      link.whenAbandoned(() => (abandoned += 1));
      return new Promise(() => {});
    });
    await receive("1", "1", "t", "phx_join", {});
    if (leave === "left") await receive("1", "2", "t", "phx_leave", {});
    if (leave === "replaced") await receive("2", "2", "t", "phx_join", {});
    if (leave === "gone") socket.closed(1_006);
    assert.equal(abandoned, 1, leave);
  }
});

test("Leaving answers, closes and parts; leaving what was not joined answers too; a stale leave is ignored", async () => {
  const topic = new EchoTopic();
  const { receive, sent } = harness(() => Promise.resolve({ topic, response: {} }));
  await receive("1", "1", "t", "phx_join", {});
  await receive("9", "2", "t", "phx_leave", {});
  await receive("1", "3", "t", "phx_leave", {});
  await receive("1", "4", "t", "phx_leave", {});
  assert.deepEqual(topic.partings, [{ kind: "left" }]);
  assert.deepEqual(
    sent.slice(1).map((frame) => [frame[1], frame[3]]),
    [
      ["3", "phx_reply"],
      ["1", "phx_close"],
      ["4", "phx_reply"],
    ],
  );
});

test("A closed page and a broken link are told apart by the close code, once", async () => {
  for (const [code, kind] of [
    [1_000, "unloaded"],
    [1_001, "unloaded"],
    [1_006, "broken"],
  ] as const) {
    const topic = new EchoTopic();
    const { receive, socket } = harness(() => Promise.resolve({ topic, response: {} }));
    await receive("1", "1", "t", "phx_join", {});
    socket.closed(code);
    socket.closed(code);
    assert.deepEqual(topic.partings, [{ kind }]);
  }
});

test("Whatever is not a frame closes the socket with its code", async () => {
  for (const junk of [
    "",
    "null",
    "[]",
    "7",
    "{}",
    '["1","1","t","e"]',
    '[1,"1","t","e",{}]',
    '["1","1",{},"e",{}]',
    "[".repeat(60_000),
  ]) {
    const { socket, closes } = harness();
    socket.receive(junk);
    assert.deepEqual(closes, ["close 4400"], junk.slice(0, 20));
  }
});

test("Events above the bucket are refused, and a flood that goes on is closed; cursors are dropped in silence", async () => {
  const { receive, sent, closes, wait } = harness();
  for (let i = 0; i < 101; i += 1) await receive(null, `${i}`, "phoenix", "heartbeat", {});
  assert.deepEqual(sent.at(-1)![4], { status: "error", response: { reason: "RATE_LIMITED" } });
  for (let i = 0; i < 500; i += 1) await receive("1", null, "t", "cursor", [1, 1]);
  assert.deepEqual(closes, []);
  for (let i = 0; i < 400 && closes.length === 0; i += 1) {
    wait(10);
    await receive(null, `${i}`, "phoenix", "heartbeat", {});
    await receive(null, `${i}`, "phoenix", "heartbeat", {});
  }
  assert.deepEqual(closes, ["close 4029"]);
});

test("The silent are pinged and cut when no pong comes; any sign of life counts", () => {
  const { socket, closes, wait } = harness();
  socket.receive('["1","1","t","phx_join",{}]');
  wait(15_000);
  socket.tick();
  wait(9_000);
  socket.tick();
  socket.heard();
  wait(2_000);
  socket.tick();
  assert.deepEqual(closes, ["ping"]);
  wait(13_000);
  socket.tick();
  wait(10_000);
  socket.tick();
  assert.deepEqual(closes, ["ping", "ping", "close 1001", "terminate"]);
});

test("A socket that joins nothing is closed after its time", () => {
  const { socket, closes, wait } = harness();
  wait(9_999);
  socket.tick();
  assert.deepEqual(closes, []);
  wait(1);
  socket.tick();
  assert.deepEqual(closes, ["close 4408"]);
});

test("A reader too slow for its queue is cut at once", () => {
  const { socket, closes, buffer } = harness();
  buffer(1_048_577);
  socket.write("[]");
  assert.deepEqual(closes, ["close 4008", "terminate"]);
});

test("Whoever waits for a slow socket is called once when it is drained, and no timer stays", () => {
  const { socket, buffer, ticks } = harness();
  let calls = 0;
  buffer(100_000);
  assert.equal(socket.isSlow, true);
  socket.whenDrained(() => void (calls += 1));
  socket.whenDrained(() => void (calls += 1));
  assert.equal(ticks.length, 1);
  ticks[0]!();
  assert.equal(calls, 0);
  buffer(0);
  ticks[0]!();
  assert.equal(calls, 2);
  assert.equal(ticks.length, 0);
});

test("Too many topics on one socket are refused", async () => {
  const { receive, sent } = harness();
  for (let i = 0; i < 50; i += 1) await receive(`${i}`, `${i}`, `t${i}`, "phx_join", {});
  assert.equal((sent.at(-1)![4] as { status: string }).status, "ok");
  const many = harness();
  for (let i = 0; i < 101; i += 1) {
    many.wait(100);
    await many.receive(`${i}`, `${i}`, `t${i}`, "phx_join", {});
  }
  assert.deepEqual(many.sent.at(-1)![4], { status: "error", response: { reason: "too many channels joined" } });
});

test("A ref that no counter would make is no frame, and is kept nowhere", () => {
  for (const frame of [
    ["x".repeat(65), "1", "t", "phx_join", {}],
    ["1", "x".repeat(65), "t", "phx_join", {}],
  ]) {
    const { socket, closes } = harness();
    socket.receive(JSON.stringify(frame));
    assert.deepEqual(closes, ["close 4400"]);
  }
});

test("A socket that left what it had joined has its time to join something else", async () => {
  const { socket, closes, receive, wait } = harness();
  await receive("1", "1", "t", "phx_join", {});
  wait(14_000);
  socket.tick();
  await receive("1", "2", "t", "phx_leave", {});
  wait(9_000);
  socket.tick();
  assert.deepEqual(closes, []);
  wait(1_000);
  socket.tick();
  assert.deepEqual(closes, ["close 4408"]);
});
