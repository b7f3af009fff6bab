import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFrozen } from "../render/freeze.js";
import {
  diff,
  fold,
  isSameMeta,
  mostAwake,
  type ConnectionRecord,
  type Connections,
  type Presence,
} from "./presence.js";
import { Roster } from "./roster.js";

const NO_CHANGE = { joins: [], updates: [], leaves: [] };

test("two tabs are one person, and closing one is no leave", () => {
  const both = fold(room(tab("c1", "ann"), tab("c2", "ann")));
  const one = fold(room(tab("c2", "ann")));
  assert.equal(both.get("ann")!.connections, 2);
  assert.equal(one.get("ann")!.connections, 1);
  assert.deepEqual(diff(both, one), NO_CHANGE);
});

test("the first connection of a user is a join, the last one gone a leave", () => {
  const none = fold(room());
  const one = fold(room(tab("c1", "ann")));
  assert.deepEqual(ids(diff(none, one).joins), ["ann"]);
  assert.deepEqual(ids(diff(one, none).leaves), ["ann"]);
});

test("a lingering connection holds the presence and is not counted", () => {
  const gone = fold(room(tab("c1", "ann", { isLingering: true, meta: { name: "Ann" } })));
  const ann = gone.get("ann")! as Presence<{ name: string }>;
  assert.deepEqual([ann.connections, ann.metas.length, ann.name], [0, 0, "Ann"]);
  const back = fold(
    room(tab("c1", "ann", { isLingering: true, meta: { name: "Ann" } }), tab("c2", "ann", { meta: { name: "Ann" } })),
  );
  assert.deepEqual(diff(gone, back), NO_CHANGE);
});

test("the meta is of the oldest connection, until another one changes its own", () => {
  const before = fold(
    room(tab("c1", "ann", { meta: { at: "a" }, joinedAt: 1 }), tab("c2", "ann", { meta: { at: "b" }, joinedAt: 2 })),
  );
  assert.deepEqual(before.get("ann")!.meta, { at: "a" });
  const after = fold(
    room(
      tab("c1", "ann", { meta: { at: "a" }, joinedAt: 1 }),
      tab("c2", "ann", { meta: { at: "c" }, joinedAt: 2, revision: 3 }),
    ),
  );
  assert.deepEqual(after.get("ann")!.meta, { at: "c" });
  const { joins, updates, leaves } = diff(before, after);
  assert.deepEqual(
    [joins, leaves, updates.map(({ person, previous }) => [person.id, previous])],
    [[], [], [["ann", { at: "a" }]]],
  );
});

test("the status is of the most awake connection, and its change is an update", () => {
  const before = fold(room(tab("c1", "ann", { status: "idle" }), tab("c2", "ann", { status: "away" })));
  assert.equal(before.get("ann")!.status, "idle");
  const after = fold(room(tab("c1", "ann", { status: "idle" }), tab("c2", "ann", { status: "active" })));
  assert.deepEqual(
    diff(before, after).updates.map(({ person }) => person.status),
    ["active"],
  );
  assert.equal(mostAwake([]), "away");
});

test("a record reads flat and nested, is frozen all the way down, and takes any name as data", () => {
  const meta = JSON.parse('{"name":"Ann","at":{"line":3},"__proto__":{"isAdmin":true}}') as Record<string, unknown>;
  const ann = fold(room(tab("c1", "ann", { meta }))).get("ann")! as Presence<{ name: string; at: { line: number } }>;
  assert.deepEqual([ann.name, ann.meta.name, ann.at.line, ann.metas[0]!.name], ["Ann", "Ann", 3, "Ann"]);
  assert.ok(isFrozen(ann) && Object.isFrozen(ann.meta.at) && Object.isFrozen(ann.metas));
  assert.equal((ann as unknown as { isAdmin?: boolean }).isAdmin, undefined);
  assert.ok(Object.hasOwn(ann, "__proto__"));
  assert.equal(Object.getPrototypeOf(ann), Object.prototype);
});

test("metas are equal as JSON, whatever the order of their names", () => {
  assert.ok(isSameMeta({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }));
  for (const other of [{ a: 1 }, { a: 1, c: 2 }, { a: 1, b: undefined }, [1, 2], null])
    assert.ok(!isSameMeta({ a: 1, b: 2 }, other));
  assert.ok(!isSameMeta([1], { 0: 1 }));
});

// ── against a model ──

interface Step {
  readonly kind: "put" | "delete";
  readonly connection: ConnectionRecord;
}
const connection = fc.record({
  connectionId: fc.constantFrom("c1", "c2", "c3", "c4", "c5"),
  owner: fc.constant("n.1"),
  isLingering: fc.boolean(),
  status: fc.constantFrom("active", "idle", "away") as fc.Arbitrary<ConnectionRecord["status"]>,
  revision: fc.nat(3),
  joinedAt: fc.nat(5),
  since: fc.nat(5),
  meta: fc.record({ v: fc.nat(2) }),
});
const USERS: Readonly<Record<string, string>> = { c1: "ann", c2: "ann", c3: "bob", c4: "bob", c5: "__proto__" };
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("put", "put", "delete"),
  connection: connection.map((each) => ({ ...each, userId: USERS[each.connectionId]! })),
});
const batches = fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 12 });

test("what a roster tells is the difference of two folds of everything", () => {
  fc.assert(
    fc.property(batches, (story) => {
      const roster = new Roster(1_000);
      const connections = new Map<string, ConnectionRecord>();
      let before = fold(connections);
      for (const batch of story) {
        for (const each of batch) perform(each, roster, connections);
        const after = fold(connections);
        const expected = diff(before, after);
        const change = roster.flush();
        assert.deepEqual(ids(change?.joins ?? []), ids(expected.joins));
        assert.deepEqual(ids(change?.leaves ?? []), ids(expected.leaves));
        assert.deepEqual(
          (change?.updates ?? []).map(({ id }) => id).toSorted(),
          expected.updates.map(({ person }) => person.id).toSorted(),
        );
        assert.deepEqual(
          [...roster.all].map(plain),
          [...after.values()].toSorted((a, b) => a.joinedAt - b.joinedAt || (a.id < b.id ? -1 : 1)).map(plain),
        );
        before = after;
      }
    }),
  );
});

test("for an observer, joins and leaves of a user alternate and end in the truth", () => {
  fc.assert(
    fc.property(batches, (story) => {
      const roster = new Roster(1_000);
      const connections = new Map<string, ConnectionRecord>();
      const seen = new Set<string>();
      for (const batch of story) {
        for (const each of batch) perform(each, roster, connections);
        const { joins = [], leaves = [] } = roster.flush() ?? {};
        for (const { id } of joins) assert.ok(!seen.has(id) && seen.add(id));
        for (const { id } of leaves) assert.ok(seen.delete(id));
      }
      assert.deepEqual(
        [...seen].toSorted(),
        [...new Set([...connections.values()].map(({ userId }) => userId))].toSorted(),
      );
    }),
  );
});

test("who did not change stays the same object, and so does a list in which nobody changed", () => {
  const roster = new Roster(1_000);
  roster.put(tab("c1", "ann"));
  roster.put(tab("c2", "bob"));
  roster.flush();
  const [list, ann] = [roster.list, roster.find("ann")];
  roster.put(tab("c1", "ann"));
  assert.equal(roster.flush(), null);
  assert.equal(roster.list, list);
  roster.put(tab("c2", "bob", { meta: { v: 2 }, revision: 1 }));
  roster.flush();
  assert.notEqual(roster.list, list);
  assert.equal(roster.find("ann"), ann);
  assert.ok(isFrozen(roster.list));
});

test("join and leave within one flush cancel out, and so do leave and return", () => {
  const roster = new Roster(1_000);
  roster.put(tab("c1", "ann"));
  roster.delete(tab("c1", "ann"), "left");
  assert.equal(roster.flush(), null);
  roster.put(tab("c2", "bob"));
  roster.flush();
  roster.delete(tab("c2", "bob"), "left");
  roster.put(tab("c3", "bob"));
  const change = roster.flush()!;
  assert.deepEqual([change.joins, change.updates, change.leaves], [[], [], []]);
});

test("a leave names why the last connection went", () => {
  const roster = new Roster(1_000);
  roster.put(tab("c1", "ann"));
  roster.put(tab("c2", "ann"));
  roster.flush();
  roster.delete(tab("c1", "ann"), "closed");
  roster.flush();
  roster.delete(tab("c2", "ann"), "timeout");
  assert.equal(roster.flush()!.reasons.get("ann"), "timeout");
});

test("a large room lists the first who joined and counts everybody", () => {
  const roster = new Roster(3);
  for (const [i, id] of ["d", "b", "a", "c"].entries()) roster.put(tab(`c${i}`, id, { joinedAt: i, since: i }));
  roster.flush();
  assert.deepEqual([ids(roster.list), roster.count, roster.isLarge], [["d", "b", "a"], 4, true]);
  const list = roster.list;
  roster.put(tab("c9", "e", { joinedAt: 9, since: 9 }));
  roster.flush();
  assert.equal(roster.list, list);
  assert.equal(roster.count, 5);
});

function perform({ kind, connection: each }: Step, roster: Roster, connections: Map<string, ConnectionRecord>): void {
  const known = connections.get(each.connectionId);
  if (kind === "put") {
    connections.set(each.connectionId, each);
    roster.put(each);
  } else if (known) {
    connections.delete(each.connectionId);
    roster.delete(known, "left");
  }
}

function tab(connectionId: string, userId: string, more: Partial<ConnectionRecord> = {}): ConnectionRecord {
  return {
    connectionId,
    userId,
    owner: "n.1",
    isLingering: false,
    status: "active",
    revision: 0,
    joinedAt: 1,
    since: 1,
    meta: {},
    ...more,
  };
}

function room(...connections: ConnectionRecord[]): Connections {
  return new Map(connections.map((each) => [each.connectionId, each]));
}

function ids(people: readonly Presence[]): string[] {
  return people.map(({ id }) => id);
}

function plain(person: Presence): unknown {
  return JSON.parse(JSON.stringify(person));
}
