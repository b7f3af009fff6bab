import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Observer, PresenceCluster, type ClusterNode } from "../testing/presence-cluster.js";
import type { MemoryRoom } from "./memory-room.js";
import type { RoomHold } from "./node.js";

const KEY = "doc:1";

test("a join is told at once, further ones of the same tick together", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const observer = await Observer.of(two, KEY);
  const batches: number[] = [];
  observer.hold.room.watch({ changed: ({ joins }) => batches.push(joins.length) });
  const hold = await one.node.host("", KEY);
  for (let i = 0; i < 10; i += 1) {
    void track(hold, `c${i}`, `user${i}`);
    await cluster.advance(i === 0 ? 0 : 2);
  }
  await cluster.advance(100);
  assert.deepEqual(batches, [1, 9]);
});

test("joins that come in one turn are one write and one event", async () => {
  const cluster = new PresenceCluster();
  const one = cluster.start();
  const observer = await Observer.of(one, KEY);
  for (let i = 0; i < 100; i += 1) void track(observer.hold, `c${i}`, `user${i}`);
  await cluster.advance(0);
  assert.equal(one.link.writes, 1);
  assert.equal(observer.list.length, 100);
});

test("tracking resolves when the own list shows it", async () => {
  const cluster = new PresenceCluster();
  const hold = await cluster.start().node.host("", KEY);
  const tracked = track(hold, "c1", "ann");
  assert.equal(hold.room.find("ann"), undefined);
  await tracked;
  assert.equal(hold.room.find("ann")!.id, "ann");
});

test("a node that comes late sees who is there, and is not told that they joined", async () => {
  const cluster = new PresenceCluster();
  const hold = await cluster.start().node.host("", KEY);
  await cluster.until(track(hold, "c1", "ann"));
  const late = cluster.start();
  const joined: string[] = [];
  late.presence.on("join", ({ person }) => joined.push(person.id));
  const observer = await Observer.of(late, KEY);
  await cluster.advance(1_000);
  assert.deepEqual([observer.list, observer.told, joined], [["ann"], [], []]);
});

test("tabs on two nodes are one person; the last one to close is the one leave", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const observer = await Observer.of(two, KEY);
  const [here, there] = [await one.node.host("", KEY), await two.node.host("", KEY)];
  await cluster.until(track(here, "c1", "ann"));
  await cluster.until(track(there, "c2", "ann"));
  await cluster.until(track(here, "c3", "ann"));
  await cluster.advance(100);
  assert.equal(observer.hold.room.find("ann")!.connections, 3);
  await cluster.until(here.room.leave("c1", "closed"));
  await cluster.until(there.room.leave("c2", "closed"));
  await cluster.advance(100);
  assert.equal(observer.hold.room.find("ann")!.connections, 1);
  await cluster.until(here.room.leave("c3", "closed"));
  await cluster.advance(100);
  assert.deepEqual(observer.told, ["+ann", "-ann closed"]);
});

test("a reload, on whatever node it ends, is no event and keeps the place in the list", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const [here, there] = [await one.node.host("", KEY), await two.node.host("", KEY)];
  await cluster.until(track(here, "c1", "ann"));
  await cluster.advance(100);
  await cluster.until(track(there, "c2", "bob"));
  const observer = await Observer.of(two, KEY);
  const joinedAt = observer.hold.room.find("ann")!.joinedAt;
  here.room.linger("c1", 3_000, "closed");
  await cluster.advance(500);
  assert.equal(observer.hold.room.find("ann")!.connections, 0);
  await cluster.until(track(there, "c3", "ann"));
  await cluster.advance(10_000);
  assert.deepEqual(observer.told, []);
  const ann = observer.hold.room.find("ann")!;
  assert.deepEqual([ann.connections, ann.joinedAt], [1, joinedAt]);
  assert.deepEqual(
    observer.hold.room.everybody.map(({ id }) => id),
    ["ann", "bob"],
  );
});

test("grace ends with a leave, once, on its deadline", async () => {
  const cluster = new PresenceCluster();
  const hold = await cluster.start().node.host("", KEY);
  const observer = await Observer.of(cluster.start(), KEY);
  await cluster.until(track(hold, "c1", "ann"));
  hold.room.linger("c1", 15_000, "timeout");
  await cluster.advance(14_900);
  assert.deepEqual(observer.told, ["+ann"]);
  await cluster.advance(200);
  assert.deepEqual(observer.told, ["+ann", "-ann timeout"]);
});

test("who comes back within the grace is awake again and stays", async () => {
  const cluster = new PresenceCluster();
  const observer = await Observer.of(cluster.start(), KEY);
  await cluster.until(track(observer.hold, "c1", "ann"));
  observer.hold.room.linger("c1", 3_000, "closed");
  await cluster.advance(2_000);
  await cluster.until(observer.hold.room.wake("c1"));
  await cluster.advance(20_000);
  assert.deepEqual(observer.told, ["+ann"]);
  assert.equal(observer.hold.room.find("ann")!.connections, 1);
});

test("an explicit leave of the last live connection ends the lingering ones, on every node", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const [here, there] = [await one.node.host("", KEY), await two.node.host("", KEY)];
  const observer = await Observer.of(two, KEY);
  await cluster.until(track(here, "c1", "ann"));
  here.room.linger("c1", 15_000, "timeout");
  await cluster.until(track(there, "c2", "ann"));
  await cluster.advance(100);
  await cluster.until(there.room.leave("c2", "left"));
  await cluster.advance(100);
  assert.deepEqual(observer.told, ["+ann", "-ann left"]);
  assert.equal(here.room.connections.size, 0);
});

test("who was ended while lingering does not come back with what its node asserts", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const [here, there] = [await one.node.host("", KEY), await two.node.host("", KEY)];
  const observer = await Observer.of(two, KEY);
  await cluster.until(track(here, "c1", "ann"));
  here.room.linger("c1", 15_000, "timeout");
  await cluster.until(track(there, "c2", "ann"));
  await cluster.until(there.room.leave("c2", "left"));
  await cluster.advance(100);
  here.room.assert();
  await cluster.advance(2_000);
  assert.deepEqual(observer.told, ["+ann", "-ann left"]);
  assert.equal(here.room.carried, 0);
});

test("a node that could not ask for the time for long waits its whole time for who is missed in a store that went back", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const observer = await Observer.of(one, KEY);
  const there = await two.node.host("", KEY);
  await cluster.until(track(there, "c1", "ann"));
  await cluster.advance(1_000);
  const tick = one.link.tick.bind(one.link);
  one.link.tick = () => Promise.reject(new Error("the store does not answer"));
  await cluster.advance(40_000);
  two.link.isCut = true;
  cluster.store.rooms.clear();
  cluster.store.roomsOf.clear();
  await cluster.advance(6_000);
  one.link.tick = tick;
  await cluster.advance(2_000);
  assert.deepEqual([observer.list, observer.told], [["ann"], ["+ann"]]);
  two.link.isCut = false;
  await cluster.advance(30_000);
  assert.deepEqual([observer.list, observer.told], [["ann"], ["+ann"]]);
});

test("the connections of a dead node leave when its lease has ended", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const observer = await Observer.of(two, KEY);
  await cluster.until(track(await one.node.host("", KEY), "c1", "ann"));
  await cluster.until(track(observer.hold, "c2", "bob"));
  await cluster.advance(500);
  cluster.kill(one);
  await cluster.advance(13_000);
  assert.deepEqual(observer.list, ["ann", "bob"]);
  await cluster.advance(4_000);
  assert.deepEqual([observer.list, observer.told], [["bob"], ["+ann", "+bob", "-ann node"]]);
});

test("whoever moves to another node before the dead one's lease ends is not told to have left", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const observer = await Observer.of(two, KEY);
  await cluster.until(track(await one.node.host("", KEY), "c1", "ann"));
  await cluster.advance(500);
  cluster.kill(one);
  await cluster.advance(1_000);
  await cluster.until(track(observer.hold, "c2", "ann"));
  await cluster.advance(30_000);
  assert.deepEqual(observer.told, ["+ann"]);
  assert.equal(observer.hold.room.find("ann")!.connections, 1);
});

test("a node frozen beyond its lease leaves, comes back under a new term, and joins once", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const observer = await Observer.of(two, KEY);
  const frozen = await Observer.of(one, KEY);
  await cluster.until(track(frozen.hold, "c1", "ann"));
  await cluster.until(track(frozen.hold, "c2", "bob"));
  await cluster.advance(500);
  const incarnation = one.node.incarnation;
  one.freeze();
  await cluster.advance(20_000);
  assert.deepEqual(observer.list, []);
  await cluster.until(track(observer.hold, "c9", "bob"));
  one.thaw();
  await cluster.advance(3_000);
  assert.notEqual(one.node.incarnation, incarnation);
  assert.deepEqual(observer.told.toSorted(), ["+ann", "+ann", "+bob", "+bob", "-ann node", "-bob node"]);
  assert.deepEqual(
    [observer.list, frozen.list],
    [
      ["ann", "bob"],
      ["ann", "bob"],
    ],
  );
  assert.equal(observer.hold.room.find("bob")!.connections, 2);
  assert.deepEqual([observer.faults, frozen.faults], [[], []]);
});

test("a late leave of a frozen node does not remove who moved away meanwhile", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const observer = await Observer.of(two, KEY);
  const hold = await one.node.host("", KEY);
  await cluster.until(track(hold, "c1", "ann"));
  await cluster.advance(500);
  one.freeze();
  await cluster.advance(5_000);
  await cluster.until(track(observer.hold, "c2", "ann"));
  await cluster.advance(20_000);
  one.thaw();
  void hold.room.leave("c1", "timeout");
  await cluster.advance(10_000);
  assert.deepEqual([observer.list, observer.told], [["ann"], ["+ann"]]);
});

test("lost, doubled and overtaken events change nothing that is told in the end", async () => {
  for (const fate of ["lose", "twice", "late"] as const) {
    const cluster = new PresenceCluster();
    const [one, two] = [cluster.start(), cluster.start()];
    const observer = await Observer.of(two, KEY);
    const hold = await one.node.host("", KEY);
    await cluster.until(track(hold, "c0", "zoe"));
    let n = 0;
    two.link.fate = () => ((n += 1) % 3 === 1 ? fate : "deliver");
    for (let i = 0; i < 9; i += 1) {
      await cluster.until(track(hold, `c${i + 1}`, `user${i}`));
      await cluster.advance(60);
    }
    two.link.fate = () => "deliver";
    await cluster.advance(6_000);
    assert.equal(observer.list.length, 10, fate);
    assert.deepEqual(observer.told.length, 10, fate);
    assert.deepEqual(observer.faults, [], fate);
  }
});

test("an overtaken event is waited for, without reading the room anew", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const observer = await Observer.of(two, KEY);
  const hold = await one.node.host("", KEY);
  let reads = 0;
  const snapshot = two.link.snapshot.bind(two.link);
  two.link.snapshot = async (room) => ((reads += 1), snapshot(room));
  let n = 0;
  two.link.fate = () => ((n += 1) === 1 ? "late" : "deliver");
  await cluster.until(track(hold, "c1", "ann"));
  await cluster.until(track(hold, "c2", "bob"));
  await cluster.advance(60);
  assert.deepEqual(observer.list, ["ann", "bob"]);
  await cluster.advance(1_000);
  assert.equal(reads, 0);
});

test("a lost last event is found by the audit", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const observer = await Observer.of(two, KEY);
  two.link.fate = () => "lose";
  await cluster.until(track(await one.node.host("", KEY), "c1", "ann"));
  await cluster.advance(50);
  assert.deepEqual(observer.list, []);
  await cluster.advance(cluster.limits.auditMs + 200);
  assert.deepEqual(observer.told, ["+ann"]);
});

test("a store that comes back empty makes nobody leave", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const [observer, other] = [await Observer.of(two, KEY), await Observer.of(one, KEY)];
  await cluster.until(track(other.hold, "c1", "ann"));
  await cluster.until(track(observer.hold, "c2", "bob"));
  await cluster.advance(2_000);
  cluster.store.rooms.clear();
  cluster.store.roomsOf.clear();
  await cluster.advance(20_000);
  assert.deepEqual(
    [observer.told, other.told],
    [
      ["+ann", "+bob"],
      ["+ann", "+bob"],
    ],
  );
  assert.equal(cluster.store.rooms.get("doc%3A1")!.connections.size, 2);
});

test("a store that went back in time makes nobody leave, and in the end brings nobody back", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const [here, there] = [await Observer.of(one, KEY), await Observer.of(two, KEY)];
  await cluster.until(track(here.hold, "c1", "ann"));
  await cluster.until(track(there.hold, "c2", "bob"));
  await cluster.advance(1_000);
  const room = cluster.store.rooms.get("doc%3A1")!;
  const saved = { head: room.head, maps: mapsOf(room).map((map) => new Map(map as Map<string, unknown>)) };
  await cluster.until(track(here.hold, "c3", "cyd"));
  await cluster.until(there.hold.room.leave("c2", "closed"));
  await cluster.advance(1_000);
  room.head = saved.head;
  for (const [i, map] of mapsOf(room).entries()) {
    map.clear();
    for (const [name, value] of saved.maps[i]!) (map as Map<string, unknown>).set(name, value);
  }
  // Others write on, so that the version comes level again.
  await cluster.until(track(there.hold, "c4", "dan"));
  await cluster.advance(20_000);
  assert.deepEqual(
    [here.list, there.list],
    [
      ["ann", "cyd", "dan"],
      ["ann", "cyd", "dan"],
    ],
  );
  for (const { told, faults } of [here, there]) {
    assert.deepEqual(faults, []);
    assert.deepEqual(
      told.filter((line) => /^-(ann|cyd|dan)/.test(line)),
      [],
    );
  }
});

test("what the store lost and no owner brings back leaves in the end", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const observer = await Observer.of(two, KEY);
  await cluster.until(track(await one.node.host("", KEY), "c1", "ann"));
  await cluster.until(track(observer.hold, "c2", "bob"));
  await cluster.advance(500);
  cluster.kill(one);
  cluster.store.rooms.clear();
  cluster.store.roomsOf.clear();
  await cluster.advance(40_000);
  assert.deepEqual([observer.list, observer.told], [["bob"], ["+ann", "+bob", "-ann node"]]);
});

test("while the store is away local people come and go, remote ones stay, and nobody is told anything when it returns", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const [here, there] = [await Observer.of(one, KEY), await Observer.of(two, KEY)];
  await cluster.until(track(here.hold, "c1", "ann"));
  await cluster.until(track(there.hold, "c2", "bob"));
  await cluster.advance(500);
  for (const { link } of [one, two]) link.isCut = true;
  await cluster.until(track(here.hold, "c3", "cyd"));
  await cluster.advance(50_000);
  assert.deepEqual(here.list, ["ann", "bob", "cyd"]);
  assert.ok(one.node.isDegraded);
  await here.hold.room.leave("c1", "left");
  await cluster.advance(100);
  assert.deepEqual(here.list, ["bob", "cyd"]);
  for (const { link } of [one, two]) link.isCut = false;
  await cluster.advance(20_000);
  assert.deepEqual(
    [here.list, there.list],
    [
      ["bob", "cyd"],
      ["bob", "cyd"],
    ],
  );
  assert.deepEqual(here.told, ["+ann", "+bob", "+cyd", "-ann left"]);
  // Why somebody left is lost with the event; that he left is not.
  assert.deepEqual(new Set(there.told.map((line) => line.split(" ")[0])), new Set(["+ann", "+bob", "+cyd", "-ann"]));
  assert.equal(there.told.length, 4);
  assert.equal(one.node.isDegraded, false);
});

test("a room that could not be read is read when the store answers", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  await cluster.until(track(await one.node.host("", KEY), "c1", "ann"));
  two.link.isCut = true;
  const observer = await Observer.of(two, KEY);
  assert.ok(observer.hold.room.isStale);
  two.link.isCut = false;
  await cluster.advance(1_100);
  assert.deepEqual(observer.list, ["ann"]);
});

test("a node writes nothing before it has a lease: were it to die, nobody would know of it for long", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const there = await Observer.of(two, KEY);
  const tick = one.link.tick.bind(one.link);
  one.link.tick = () => Promise.reject(new Error("late"));
  const here = await Observer.of(one, KEY);
  void track(here.hold, "c1", "ann");
  await cluster.advance(3_000);
  assert.deepEqual([here.list, there.list], [["ann"], []]);
  one.link.tick = tick;
  await cluster.advance(2_000);
  assert.deepEqual(there.list, ["ann"]);
  one.freeze();
  await cluster.advance(cluster.limits.leaseMs + 3 * cluster.limits.nodeTickMs);
  assert.deepEqual(there.told, ["+ann", "-ann node"]);
});

test("who is on the way in when a node gives its lease back is not written: nobody would sweep him for long", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const there = await Observer.of(two, KEY);
  const here = await Observer.of(one, KEY);
  const resign = one.link.resign.bind(one.link);
  one.link.resign = async (incarnation) => {
    await resign(incarnation);
    void track(here.hold, "c1", "ann");
    await cluster.advance(1_000);
  };
  await one.node.close();
  assert.deepEqual([there.list, there.told], [[], []]);
});

test("rooms used once leave nothing behind", async () => {
  const cluster = new PresenceCluster();
  const { node } = cluster.start();
  const before = await node.host("", "warm-up");
  before.release();
  await cluster.advance(0);
  const timers = cluster.clock.timers;
  for (let i = 0; i < 10_000; i += 1) {
    const hold = await node.host("", `room:${i}`);
    void track(hold, `c${i}`, "ann");
    void hold.room.leave(`c${i}`, "closed");
    hold.release();
  }
  await cluster.advance(40_000);
  assert.deepEqual([node.rooms.length, cluster.store.rooms.size, cluster.store.roomsOf.size], [0, 0, 0]);
  assert.equal(cluster.store.bus.size, 1);
  assert.equal(cluster.clock.timers, timers);
});

test("a node that closes with nobody to carry gives its lease back; one that carries somebody leaves it to end", async () => {
  const cluster = new PresenceCluster();
  const [idle, busy] = [cluster.start(), cluster.start()];
  const hold = await cluster.until(idle.node.host("", "doc"));
  await cluster.until(track(hold, "c1", "ann"));
  await cluster.until(hold.room.leave("c1", "left"));
  await cluster.until(track(await cluster.until(busy.node.host("", "doc")), "c2", "bob"));
  assert.equal(cluster.store.nodes().nodes.length, 2);
  await cluster.until(idle.node.close());
  const left = cluster.store.nodes().nodes.map(({ incarnation }) => incarnation);
  assert.deepEqual(left, [busy.node.incarnation]);
  await cluster.until(busy.node.close());
  assert.deepEqual(
    cluster.store.nodes().nodes.map(({ incarnation, state }) => [incarnation, state]),
    [[busy.node.incarnation, "alive"]],
  );
});

test("a watcher that throws does not keep others from hearing", async () => {
  const cluster = new PresenceCluster();
  const hold = await cluster.start().node.host("", KEY);
  hold.room.watch({
    changed: () => {
      throw new Error("a bad view");
    },
  });
  const heard: number[] = [];
  hold.room.watch({ changed: ({ joins }) => heard.push(joins.length) });
  await cluster.until(track(hold, "c1", "ann"));
  assert.deepEqual(heard, [1]);
});

test("away and idle are told when they change how awake the person is, and flips are held back", async () => {
  const cluster = new PresenceCluster();
  const one = cluster.start();
  const observer = await Observer.of(one, KEY);
  const { room } = observer.hold;
  await cluster.until(track(observer.hold, "c1", "ann"));
  await cluster.until(track(observer.hold, "c2", "ann"));
  await cluster.advance(100);
  observer.told.length = 0;
  const writes = one.link.writes;
  room.setStatus("c1", "away");
  await cluster.advance(200);
  assert.equal(one.link.writes, writes);
  assert.deepEqual([room.find("ann")!.status, observer.told], ["active", []]);
  room.setStatus("c2", "idle");
  await cluster.advance(200);
  assert.deepEqual([room.find("ann")!.status, observer.told], ["idle", ["~ann"]]);
  room.setStatus("c2", "active");
  await cluster.advance(200);
  assert.equal(room.find("ann")!.status, "active");
  room.setStatus("c2", "away");
  room.setStatus("c2", "idle");
  await cluster.advance(1_000);
  assert.equal(room.find("ann")!.status, "active");
  await cluster.advance(cluster.limits.statusFlipMs);
  assert.equal(room.find("ann")!.status, "idle");
});

test("when the active tab of two is closed, the status is that of the one that stays", async () => {
  const cluster = new PresenceCluster();
  const observer = await Observer.of(cluster.start(), KEY);
  const { room } = observer.hold;
  for (const id of ["c1", "c2", "c3"]) await cluster.until(track(observer.hold, id, "ann"));
  room.setStatus("c1", "idle");
  room.setStatus("c2", "away");
  await cluster.advance(200);
  assert.equal(room.find("ann")!.status, "active");
  room.linger("c3", 3_000, "closed");
  await cluster.advance(200);
  assert.equal(room.find("ann")!.status, "idle");
  void room.leave("c1", "left");
  await cluster.advance(200);
  assert.equal(room.find("ann")!.status, "away");
});

test("what is said while the store is away is heard by those who are on the same node, once", async () => {
  const cluster = new PresenceCluster();
  const [one, two] = [cluster.start(), cluster.start()];
  const [here, there] = [await Observer.of(one, KEY), await Observer.of(two, KEY)];
  const said: string[] = [];
  for (const [name, { hold }] of Object.entries({ here, there })) {
    hold.room.watch({ message: (message) => said.push(`${name} ${message.kind === "event" ? message.event : ""}`) });
  }
  const say = (event: string) => here.hold.room.send({ kind: "event", event, payload: {}, from: null });
  await say("before");
  for (const { link } of [one, two]) link.isCut = true;
  await say("meanwhile");
  for (const { link } of [one, two]) link.isCut = false;
  await say("after");
  await cluster.advance(100);
  assert.deepEqual(said.toSorted(), ["here after", "here before", "here meanwhile", "there after", "there before"]);
});

test("all flips of a room in a tick are one write", async () => {
  const cluster = new PresenceCluster();
  const one = cluster.start();
  const hold = await one.node.host("", KEY);
  for (let i = 0; i < 50; i += 1) void track(hold, `c${i}`, `user${i}`);
  await cluster.advance(100);
  const before = one.link.writes;
  for (let i = 0; i < 50; i += 1) {
    hold.room.setStatus(`c${i}`, "away");
    await cluster.advance(0);
  }
  await cluster.advance(60);
  assert.equal(one.link.writes, before + 1);
});

// ── chaos: whatever happens, observers are told the truth, in turn ──

type Step =
  | { readonly do: "join" | "leave" | "linger" | "wake" | "update"; readonly node: number; readonly user: number }
  | { readonly do: "fate"; readonly node: number; readonly seed: number }
  | { readonly do: "cut" | "heal"; readonly node: number }
  | { readonly do: "wait"; readonly ms: number };

const member = fc.record({
  do: fc.constantFrom("join", "leave", "linger", "wake", "update") as fc.Arbitrary<"join">,
  node: fc.nat(2),
  user: fc.nat(3),
});
const fault = fc.oneof(
  fc.record({ do: fc.constant("fate" as const), node: fc.nat(2), seed: fc.nat(1_000) }),
  fc.record({ do: fc.constantFrom("cut" as const, "heal" as const), node: fc.nat(2) }),
);
const wait = fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(0, 5, 60, 400, 1_500, 4_000) });
const story: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof({ weight: 4, arbitrary: member }, { weight: 1, arbitrary: fault }, { weight: 3, arbitrary: wait }),
  {
    minLength: 5,
    maxLength: 40,
  },
);

test("whatever is lost, doubled, late or cut off, observers hear joins and leaves in turn and end in the truth", async () => {
  await fc.assert(
    fc.asyncProperty(story, async (steps) => {
      const world = await World.begin();
      for (const step of steps) await world.perform(step);
      await world.heal();
      for (const observer of world.observers) {
        assert.deepEqual(observer.faults, []);
        assert.deepEqual(observer.list, world.truth());
        assert.equal(await world.nodes[0]!.link.count("doc%3A1"), observer.hold.room.count);
        assert.deepEqual([...observer.present].toSorted(), world.truth());
        assert.ok(!observer.told.some((line) => line.startsWith("-anchor")), observer.told.join(" "));
      }
    }),
    { numRuns: 60 },
  );
});

/** Three nodes and what should be true in the end. The anchor's node is never cut for as long as a lease. */
class World {
  readonly observers: Observer[] = [];
  readonly #connections = new Map<string, { readonly node: number; readonly user: string }>();
  #cutFor = 0;

  private constructor(
    readonly cluster: PresenceCluster,
    readonly nodes: readonly ClusterNode[],
  ) {}

  static async begin(): Promise<World> {
    const cluster = new PresenceCluster();
    const world = new World(cluster, [cluster.start(), cluster.start(), cluster.start()]);
    for (const node of world.nodes) world.observers.push(await Observer.of(node, KEY));
    await cluster.until(track(world.observers[0]!.hold, "anchor", "anchor"));
    await cluster.advance(100);
    return world;
  }

  truth(): string[] {
    return [...new Set(["anchor", ...[...this.#connections.values()].map(({ user }) => user)])].toSorted();
  }

  async perform(step: Step): Promise<void> {
    if (step.do === "wait") return this.#wait(step.ms);
    const { link } = this.nodes[step.node]!;
    if (step.do === "fate") link.fate = fates(step.seed);
    else if ("user" in step) this.#member(step.do, step.node, step.user);
    else link.isCut = step.do === "cut";
  }

  async heal(): Promise<void> {
    for (const { link } of this.nodes) {
      link.isCut = false;
      link.fate = () => "deliver";
    }
    await this.cluster.advance(60_000);
  }

  #member(what: "join" | "leave" | "linger" | "wake" | "update", node: number, user: number): void {
    const { room } = this.observers[node]!.hold;
    const [id, name] = [`c${node}-${user}`, `user${user}`];
    const isThere = room.carries(id);
    if (what === "join") {
      void room.track({ connectionId: id, userId: name, meta: {} });
      this.#connections.set(id, { node, user: name });
    } else if (what === "leave" || what === "linger") {
      if (what === "leave") void room.leave(id, "closed");
      else room.linger(id, 3_000, "closed");
      this.#connections.delete(id);
    } else if (what === "wake" && isThere) {
      void room.wake(id);
      this.#connections.set(id, { node, user: name });
    } else if (isThere) void room.update(id, { at: this.cluster.clock.now() });
  }

  /** Nobody is cut off for so long that leaving him out would be right. */
  async #wait(ms: number): Promise<void> {
    const isCut = this.nodes.some(({ link }) => link.isCut);
    this.#cutFor = isCut ? this.#cutFor + ms : 0;
    if (this.#cutFor > this.cluster.limits.leaseMs / 2) {
      for (const { link } of this.nodes) link.isCut = false;
      this.#cutFor = 0;
      await this.cluster.advance(2_000);
    }
    await this.cluster.advance(ms);
  }
}

function fates(seed: number): () => "deliver" | "lose" | "twice" | "late" {
  let state = seed + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (["deliver", "deliver", "lose", "twice", "late"] as const)[state % 5]!;
  };
}

function mapsOf(room: MemoryRoom): Map<string, unknown>[] {
  return [room.connections, room.users, room.owners, room.sequences] as Map<string, unknown>[];
}

function track(hold: RoomHold, connectionId: string, userId: string): Promise<void> {
  return hold.room.track({ connectionId, userId, meta: {} });
}
