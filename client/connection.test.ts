import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CLOSE_CODES, decodeFrame, type Frame, HEARTBEAT, HEARTBEAT_TOPIC, REPLY } from "../src/protocol.js";
import { createConnection, type LinkListener } from "./connection.js";
import { ManualClock } from "./manual-clock.js";
import { createRequests, type PushError } from "./requests.js";

class FakeLink {
  readonly sent: Frame[] = [];
  closes: (number | undefined)[] = [];

  constructor(readonly page: LinkListener) {}

  send(text: string): void {
    this.sent.push(decodeFrame(text)!);
  }

  close(code?: number): void {
    this.closes.push(code);
  }

  says(...frame: Frame): void {
    this.page.received(JSON.stringify(frame));
  }

  get heartbeats(): number {
    return this.sent.filter(([, , , event]) => event === HEARTBEAT).length;
  }
}

function setUp(random?: () => number) {
  const clock = new ManualClock(random);
  const links: FakeLink[] = [];
  const events: string[] = [];
  const dial = (page: LinkListener) => {
    const link = new FakeLink(page);
    links.push(link);
    return link;
  };
  const connection = createConnection(
    { clock, dial },
    {
      opened: () => events.push("opened"),
      closed: () => events.push("closed"),
      heard: ([, , , event]) => events.push(event),
    },
  );
  const open = () => {
    connection.start();
    links.at(-1)!.page.opened();
    return links.at(-1)!;
  };
  /** Ms until the next dial. */
  const gap = () => {
    const [count, from] = [links.length, clock.now()];
    while (links.length === count) clock.advance(1);
    return clock.now() - from;
  };
  return { clock, links, events, connection, open, gap };
}

describe("a connection", () => {
  it("dials when it is started, and once", () => {
    const { connection, links, events } = setUp();
    connection.start();
    connection.start();
    assert.equal(links.length, 1);
    links[0]!.page.opened();
    assert.deepEqual(events, ["opened"]);
  });

  it("sends nothing, and says so, while there is no link", () => {
    const { connection, links } = setUp();
    connection.start();
    assert.equal(connection.send(null, "1", "t", "e", {}), false);
    links[0]!.page.opened();
    assert.equal(connection.send(null, "1", "t", "e", { a: 1 }), true);
    assert.deepEqual(links[0]!.sent, [[null, "1", "t", "e", { a: 1 }]]);
    links[0]!.page.closed(1006);
    assert.equal(connection.send(null, "1", "t", "e", {}), false);
  });

  it("numbers its refs", () => {
    const { connection } = setUp();
    assert.deepEqual([connection.nextRef(), connection.nextRef()], ["1", "2"]);
  });

  it("tries again within a second, then in steps that double, for ever and at least every ten seconds", () => {
    const { open, gap, links } = setUp(() => 1);
    open().page.closed(1006);
    const gaps = Array.from({ length: 7 }, () => {
      const ms = gap();
      links.at(-1)!.page.closed(1006);
      return ms;
    });
    assert.deepEqual(gaps, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  });

  it("draws the pause from the whole of its range", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(9), (chance, failures) => {
        const { open, gap, links } = setUp(() => chance);
        open().page.closed(1006);
        for (let failed = 0; failed < failures; failed++) {
          gap();
          links.at(-1)!.page.closed(1006);
        }
        assert.equal(gap(), Math.max(1, Math.ceil(chance * Math.min(10_000, 1_000 * 2 ** failures))));
      }),
      { numRuns: 25 },
    );
  });

  it("begins with short pauses again after a calm time", () => {
    const { clock, open, gap, links } = setUp(() => 1);
    open().page.closed(1006);
    gap();
    links.at(-1)!.page.closed(1006);
    assert.equal(gap(), 2_000);
    links.at(-1)!.page.opened();
    for (let second = 0; second < 40; second++) {
      clock.advance(1_000);
      links.at(-1)!.says(null, null, "t", "anything", {});
    }
    links.at(-1)!.page.closed(1006);
    assert.equal(gap(), 1_000);
  });

  it("gives up a dial that is not answered", () => {
    const { clock, connection, links, gap } = setUp(() => 0.5);
    connection.start();
    clock.advance(10_000);
    assert.equal(links[0]!.closes.length, 1);
    assert.equal(gap(), 500);
  });

  it("spreads what comes back after a restart, and waits long where it is not wanted, whoever looks", () => {
    const restarted = setUp(() => 1);
    restarted.open().page.closed(CLOSE_CODES.serviceRestart);
    assert.equal(restarted.gap(), 4_000);
    for (const code of [CLOSE_CODES.flood, CLOSE_CODES.disconnected]) {
      const { open, gap, connection, links, clock } = setUp(() => 0.5);
      open().page.closed(code);
      clock.advance(10_000);
      connection.wake();
      assert.equal(links.length, 1);
      assert.equal(gap(), 35_000);
    }
  });

  it("asks after silence, and gives the link up when nothing comes", () => {
    const { clock, open, events, links } = setUp();
    const link = open();
    clock.advance(14_999);
    assert.equal(link.heartbeats, 0);
    clock.advance(1);
    assert.deepEqual(link.sent, [[null, "1", HEARTBEAT_TOPIC, HEARTBEAT, {}]]);
    clock.advance(10_000);
    assert.deepEqual(events, ["opened", "closed"]);
    assert.equal(link.closes.length, 1);
    clock.advance(1_000);
    assert.equal(links.length, 2);
  });

  it("takes any frame for a sign of life", () => {
    const { clock, open, events } = setUp();
    const link = open();
    for (let second = 0; second < 100; second += 10) {
      clock.advance(10_000);
      link.says(null, null, "t", "news", {});
    }
    assert.equal(link.heartbeats, 0);
    clock.advance(20_000);
    link.says(null, "1", HEARTBEAT_TOPIC, REPLY, { status: "ok", response: {} });
    clock.advance(14_000);
    assert.equal(link.heartbeats, 1);
    assert.ok(!events.includes("closed"));
  });

  it("survives timers that a hidden tab runs late", () => {
    const { clock, open, events } = setUp();
    const link = open();
    for (let minute = 0; minute < 5; minute++) {
      clock.sleep(60_000);
      clock.advance(0);
      assert.equal(link.heartbeats, minute + 1);
      link.says(null, `${minute}`, HEARTBEAT_TOPIC, REPLY, {});
    }
    assert.ok(!events.includes("closed"));
  });

  it("finds out within a second, on waking, whether the link lives", () => {
    const { clock, open, connection, links } = setUp(() => 0);
    const link = open();
    clock.sleep(3_600_000);
    connection.wake();
    assert.equal(link.heartbeats, 1);
    clock.advance(1_000);
    assert.equal(links.length, 2);
    links[1]!.page.opened();
    connection.wake();
    links[1]!.says(null, "2", HEARTBEAT_TOPIC, REPLY, {});
    clock.advance(10_000);
    assert.equal(links.length, 2);
  });

  it("dials at once on waking instead of waiting for its pause, but not twice", () => {
    const { open, connection, links } = setUp(() => 1);
    open().page.closed(1006);
    connection.wake();
    connection.wake();
    assert.equal(links.length, 2);
  });

  it("ends cleanly, stays ended, and can be started again", () => {
    const { clock, open, connection, links, events } = setUp();
    const link = open();
    connection.stop();
    assert.deepEqual(link.closes, [1_000]);
    assert.deepEqual(events, ["opened", "closed"]);
    assert.equal(clock.pending, 0);
    connection.wake();
    assert.equal(links.length, 1);
    connection.start();
    assert.equal(links.length, 2);
  });
});

describe("requests", () => {
  function setUpRequests() {
    const clock = new ManualClock();
    const sent: Frame[] = [];
    let refs = 0;
    let isOpen = true;
    const send = (...frame: Frame) => (isOpen && sent.push(frame), isOpen);
    const requests = createRequests({ send, nextRef: () => `${++refs}` }, clock);
    const close = () => (isOpen = false);
    return { clock, sent, requests, close };
  }
  const codeOf = (promise: Promise<unknown>) => promise.then(String, (error: PushError) => error.code);

  it("resolve with the response of their own ref", async () => {
    const { requests, sent } = setUpRequests();
    const [first, second] = [requests.ask("1", "t", "a", 1), requests.ask("1", "t", "b", 2)];
    assert.deepEqual(sent, [
      ["1", "1", "t", "a", 1],
      ["1", "2", "t", "b", 2],
    ]);
    assert.equal(requests.answered(["1", "2", "t", REPLY, { status: "ok", response: "two" }]), true);
    assert.equal(requests.answered(["1", "1", "t", REPLY, { status: "ok", response: "one" }]), true);
    assert.deepEqual(await Promise.all([first, second]), ["one", "two"]);
  });

  it("leave frames that are no replies to others, and replies to nobody alone", () => {
    const { requests } = setUpRequests();
    assert.equal(requests.answered(["1", null, "t", "diff", {}]), false);
    assert.equal(requests.answered(["1", "99", "t", REPLY, { status: "ok", response: {} }]), true);
  });

  it("reject with the server's reason and message", async () => {
    const { requests } = setUpRequests();
    const asked = requests.ask("1", "t", "a", {});
    requests.answered([
      "1",
      "1",
      "t",
      REPLY,
      { status: "error", response: { reason: "EVENT_INVALID", message: "no" } },
    ]);
    await assert.rejects(asked, { code: "EVENT_INVALID", message: "no" });
  });

  it("reject in time when nothing comes, and leave no timer", async () => {
    const { requests, clock } = setUpRequests();
    const asked = codeOf(requests.ask("1", "t", "a", {}));
    clock.advance(35_000);
    assert.equal(await asked, "TIMEOUT");
    assert.equal(clock.pending, 0);
  });

  it("reject when there is no link, and when it ends, and are not sent again", async () => {
    const { requests, clock, sent, close } = setUpRequests();
    const lost = codeOf(requests.ask("1", "t", "a", {}));
    requests.dropped("other");
    assert.equal(clock.pending, 1);
    requests.dropped("t");
    assert.equal(await lost, "DISCONNECTED");
    close();
    assert.equal(await codeOf(requests.ask("1", "t", "b", {})), "DISCONNECTED");
    assert.equal(sent.length, 1);
    assert.equal(clock.pending, 0);
  });
});
