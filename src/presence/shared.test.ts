import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveView } from "../live-view.js";
import { isFrozen } from "../render/freeze.js";
import { FakePage, servicesOf, type PageOptions } from "../testing/fake-page.js";
import { PresenceCluster } from "../testing/presence-cluster.js";
import type { PresenceNode } from "./node.js";
import { defineShared } from "./shared.js";

interface Shape {
  id: string;
}

/** A board and the store it is loaded from. */
function makeBoard() {
  const stored = new Map<string, Shape[]>();
  const loads: string[] = [];
  let gate: Promise<void> = Promise.resolve();
  const board = defineShared({
    key: "board:{boardId}",
    load: async ({ boardId }): Promise<readonly Shape[]> => {
      loads.push(boardId);
      await gate;
      return [...(stored.get(boardId) ?? [])];
    },
    on: {
      add: (shapes, shape: Shape) => (shapes.some(({ id }) => id === shape.id) ? shapes : [...shapes, shape]),
      explode: () => {
        throw new Error("a bad reducer");
      },
      clear: () => [],
    },
  });
  class BoardView extends LiveView<{ boardId: string }> {
    static override template = "board";
    shapes = this.share(board);
    add(shape: Shape) {
      stored.set(this.params.boardId, [...(stored.get(this.params.boardId) ?? []), shape]);
      this.shapes.send("add", shape);
    }
  }
  const hold = () => {
    let open = () => {};
    gate = new Promise((resolve) => (open = resolve));
    return () => open();
  };
  return { board, BoardView, stored, loads, hold };
}

test("a value is loaded once per room and node, frozen, and the same object for all who see it", async () => {
  const { open, services } = begin(2);
  const { BoardView, stored, loads } = makeBoard();
  stored.set("1", [{ id: "a" }]);
  const pages = await Promise.all([open(BoardView), open(BoardView), open(BoardView)]);
  const [first, second] = pages;
  assert.deepEqual([loads, first!.it["shapes"]], [["1"], [{ id: "a" }]]);
  assert.equal(first!.view.shapes.value, second!.view.shapes.value);
  assert.ok(isFrozen(first!.view.shapes.value) && Object.isFrozen(first!.view.shapes.value[0]));
  await open(BoardView, { params: { boardId: "2" } });
  await open(BoardView, {}, 1);
  assert.deepEqual(loads, ["1", "2", "1"]);
  assert.equal(services[0]!.shared.size, 2);
});

test("what is sent reaches every node, is reduced once on each, and renders all who see it", async () => {
  const { cluster, open } = begin(2);
  const { BoardView, loads } = makeBoard();
  const [ann, bob, cyd] = [await open(BoardView), await open(BoardView), await open(BoardView, {}, 1)];
  const renders = [ann, bob, cyd].map((page) => page.renders);
  ann.view.add({ id: "a" });
  bob.view.add({ id: "b" });
  await cluster.advance(10);
  for (const page of [ann, bob, cyd]) assert.deepEqual(page.it["shapes"], [{ id: "a" }, { id: "b" }]);
  assert.equal(ann.view.shapes.value, bob.view.shapes.value);
  assert.ok([ann, bob, cyd].every((page, i) => page.renders > renders[i]!));
  assert.equal(loads.length, 2);
});

test("all nodes apply changes in one order", async () => {
  const { cluster, open } = begin(3);
  const { BoardView } = makeBoard();
  const pages = [await open(BoardView, {}, 0), await open(BoardView, {}, 1), await open(BoardView, {}, 2)];
  for (let i = 0; i < 30; i += 1) pages[i % 3]!.view.shapes.send("add", { id: `${i}` });
  await cluster.advance(10);
  const [one, two, three] = pages.map((page) => page.view.shapes.value.map(({ id }) => id));
  assert.equal(one!.length, 30);
  assert.deepEqual([two, three], [one, one]);
});

test("what changes while the value is loaded is applied to it", async () => {
  const { cluster, open } = begin(2);
  const { BoardView, stored, hold } = makeBoard();
  const ann = await open(BoardView, {}, 0);
  const release = hold();
  const bob = open(BoardView, {}, 1);
  await cluster.advance(1);
  ann.view.shapes.send("add", { id: "late" });
  await cluster.advance(1);
  stored.set("1", [{ id: "early" }]);
  release();
  assert.deepEqual((await bob).it["shapes"], [{ id: "early" }, { id: "late" }]);
});

test("a reducer that throws loads the value again, and the views live on", async () => {
  const { cluster, open } = begin();
  const { BoardView, stored, loads } = makeBoard();
  const ann = await open(BoardView);
  stored.set("1", [{ id: "stored" }]);
  ann.view.shapes.send("explode");
  await cluster.advance(10);
  assert.deepEqual([ann.it["shapes"], loads.length], [[{ id: "stored" }], 2]);
});

test("a message that was lost is noticed with the next one, and the value loaded again", async () => {
  const { cluster, open, nodes } = begin(2);
  const { BoardView, loads } = makeBoard();
  const ann = await open(BoardView, {}, 0);
  const bob = await open(BoardView, {}, 1);
  nodes[1]!.link.fate = () => "lose";
  ann.view.add({ id: "a" });
  await cluster.advance(10);
  nodes[1]!.link.fate = () => "deliver";
  ann.view.add({ id: "b" });
  await cluster.advance(10);
  assert.deepEqual(bob.view.shapes.value, [{ id: "a" }, { id: "b" }]);
  assert.equal(loads.length, 3);
});

test("a message that comes twice is applied once", async () => {
  const { cluster, open, nodes } = begin();
  const counter = defineShared({ key: "n:{boardId}", load: () => 0, on: { more: (n, by: number) => n + by } });
  class CounterView extends LiveView<{ boardId: string }> {
    n = this.share(counter);
  }
  const page = await open(CounterView);
  nodes[0]!.link.fate = () => "twice";
  page.view.n.send("more", 2);
  page.view.n.send("more", 3);
  await cluster.advance(10);
  assert.equal(page.view.n.value, 5);
});

test("reload loads on every node", async () => {
  const { cluster, open } = begin(2);
  const { BoardView, stored } = makeBoard();
  const [ann, bob] = [await open(BoardView, {}, 0), await open(BoardView, {}, 1)];
  stored.set("1", [{ id: "imported" }]);
  ann.view.shapes.reload();
  await cluster.advance(10);
  for (const page of [ann, bob]) assert.deepEqual(page.it["shapes"], [{ id: "imported" }]);
});

test("a reload that comes while another node loads for the first time is a reload there, too", async () => {
  const { cluster, open } = begin(2);
  let stored = "old";
  let gate: Promise<void> | undefined;
  let letGo = () => {};
  const text = defineShared({
    key: "board:{boardId}",
    load: async () => {
      const found = stored;
      await gate;
      return { found };
    },
    on: {},
  });
  class TextView extends LiveView<{ boardId: string }> {
    static override template = "text";
    text = this.share(text);
  }
  const ann = await open(TextView);
  gate = new Promise((resolve) => (letGo = resolve));
  const opening = open(TextView, {}, 1);
  await cluster.advance(10);
  stored = "new";
  ann.view.text.reload();
  await cluster.advance(10);
  gate = undefined;
  letGo();
  const bob = await opening;
  await cluster.advance(100);
  assert.deepEqual([ann.view.text.value, bob.view.text.value], [{ found: "new" }, { found: "new" }]);
});

test("with the last viewer it is gone; the next one loads it again", async () => {
  const { cluster, open, services } = begin();
  const { BoardView, loads } = makeBoard();
  const [ann, bob] = [await open(BoardView), await open(BoardView)];
  await ann.end("closed");
  assert.equal(services[0]!.shared.size, 1);
  await bob.end("closed");
  await cluster.advance(1_000);
  assert.deepEqual([services[0]!.shared.size, services[0]!.rooms.rooms.length], [0, 0]);
  await open(BoardView);
  assert.equal(loads.length, 2);
});

test("the value can be read in mount after ready(), and before it is an error that says so", async () => {
  const { open } = begin();
  const { board, stored } = makeBoard();
  stored.set("1", [{ id: "a" }]);
  const seen: unknown[] = [];
  class EarlyView extends LiveView<{ boardId: string }> {
    shapes = this.share(board);
    override async mount() {
      assert.throws(() => this.shapes.value, { code: "SHARED_NOT_READY" });
      assert.equal(this.context()["shapes"], undefined);
      await this.shapes.ready();
      seen.push(this.shapes.value.length);
    }
  }
  await open(EarlyView);
  assert.deepEqual(seen, [1]);
});

test("what is sent before the value is ready is sent then", async () => {
  const { cluster, open } = begin();
  const { board } = makeBoard();
  class EagerView extends LiveView<{ boardId: string }> {
    shapes = this.share(board);
    override mount() {
      this.shapes.send("add", { id: "first" });
    }
  }
  const page = await open(EagerView);
  await cluster.advance(10);
  assert.deepEqual(page.view.shapes.value, [{ id: "first" }]);
});

test("an event without a reducer is an error where it is sent, names of objects included", async () => {
  const { open } = begin();
  const { BoardView } = makeBoard();
  const page = await open(BoardView);
  for (const event of ["remove", "toString", "__proto__"]) {
    assert.throws(() => page.view.shapes.send(event as "clear"), { code: "SHARED_UNKNOWN_EVENT" });
  }
});

test("a value that cannot be loaded ends the mount, and the next page tries again", async () => {
  const { open, services } = begin();
  let isBroken = true;
  const broken = defineShared({
    key: "broken:{boardId}",
    load: () => {
      if (isBroken) throw new Error("the database is away");
      return [1];
    },
    on: {},
  });
  class BrokenView extends LiveView<{ boardId: string }> {
    list = this.share(broken);
  }
  await assert.rejects(open(BrokenView), /database is away/);
  assert.equal(services[0]!.shared.size, 0);
  isBroken = false;
  assert.deepEqual((await open(BrokenView)).it["list"], [1]);
});

test("a reload that fails keeps the old value and is tried again", async () => {
  const { cluster, open } = begin();
  let answer: () => number = () => 1;
  const number = defineShared({ key: "number:{boardId}", load: () => answer(), on: {} });
  class NumberView extends LiveView<{ boardId: string }> {
    n = this.share(number);
  }
  const page = await open(NumberView);
  answer = () => {
    throw new Error("away");
  };
  page.view.n.reload();
  await cluster.advance(100);
  assert.equal(page.view.n.value, 1);
  answer = () => 2;
  await cluster.advance(cluster.limits.auditMs);
  assert.equal(page.view.n.value, 2);
});

test("an HTTP render loads for itself, together with those of the same moment, or takes what is held; it leaves no trace", async () => {
  const { cluster, open, services } = begin();
  const { BoardView, loads, hold } = makeBoard();
  const release = hold();
  const renders = Promise.all([1, 2, 3].map(() => open(BoardView, { connected: false })));
  await cluster.advance(1);
  release();
  for (const page of await renders) assert.deepEqual(page.it["shapes"], []);
  assert.equal(loads.length, 1);
  assert.deepEqual([services[0]!.shared.size, cluster.clock.timers, cluster.store.bus.size], [0, 0, 0]);
  await open(BoardView);
  await open(BoardView, { connected: false });
  assert.equal(loads.length, 2);
  const page = await open(BoardView, { connected: false });
  page.view.shapes.send("clear");
});

test("who may not see the room is given no value, and who loses the right loses it", async () => {
  const banned = new Set(["eve"]);
  const { cluster, open, services } = begin(1, ({ userId }) => ({ see: !banned.has(userId), track: true }));
  const { BoardView, loads } = makeBoard();
  await assert.rejects(open(BoardView, { userId: "eve" }), { code: "PRESENCE_FORBIDDEN", status: 403 });
  assert.equal(loads.length, 0);
  const ann = await open(BoardView, { userId: "ann" });
  banned.add("ann");
  await services[0]!.presence.disconnectUser("ann", { key: "board:1" });
  await cluster.advance(1_000);
  assert.equal(ann.it["shapes"], undefined);
  await assert.rejects(
    ann.resume().then(() => ann.view.shapes.ready()),
    { code: "PRESENCE_FORBIDDEN" },
  );
});

test("two definitions of one name are refused, and a name of their own tells them apart", async () => {
  const { open } = begin();
  const one = defineShared({ key: "same:{boardId}", load: () => 1, on: {} });
  const two = defineShared({ key: "same:{boardId}", load: () => 2, on: {} });
  const named = defineShared({ key: "same:{boardId}", name: "other", load: () => 3, on: {} });
  class OneView extends LiveView<{ boardId: string }> {
    value = this.share(one);
    other = this.share(named);
  }
  class TwoView extends LiveView<{ boardId: string }> {
    value = this.share(two);
  }
  const page = await open(OneView);
  assert.deepEqual([page.it["value"], page.it["other"]], [1, 3]);
  await assert.rejects(open(TwoView), { code: "OPTION_INVALID" });
});

function begin(count = 1, authorize?: ConstructorParameters<typeof PresenceNode>[0]["authorizePresence"]) {
  const cluster = new PresenceCluster({}, authorize);
  const nodes = Array.from({ length: count }, () => cluster.start());
  const services = nodes.map(servicesOf);
  const open = <V extends LiveView<any>>(View: new (host: unknown) => V, options: PageOptions = {}, node = 0) =>
    FakePage.open(cluster, services[node]!, View, { params: { boardId: "1" }, ...options });
  return { cluster, nodes, services, open };
}
