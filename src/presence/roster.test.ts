import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFrozen } from "../render/freeze.js";
import { byJoin, fold, type ConnectionRecord, type Presence } from "./presence.js";
import { Roster } from "./roster.js";

const PEOPLE = 80;
const LIMITS = [0, 3, 10, 25, 60];

function tab(number: number, joinedAt: number, version = 0): ConnectionRecord {
  return Object.freeze({
    connectionId: `c${number}`,
    userId: `u${number}`,
    owner: "n.1",
    isLingering: false,
    status: "active",
    revision: version,
    joinedAt,
    since: joinedAt,
    meta: { version },
  });
}

function filled(people: number, maxListed: number): Roster {
  const roster = new Roster(maxListed);
  for (let number = 0; number < people; number += 1) roster.put(tab(number, number));
  roster.flush();
  return roster;
}

/** Everybody with the same id, by which a list is told from another. */
function idsOf(people: readonly Presence[]): string[] {
  return people.map(({ id }) => id);
}

const change = fc.record({
  number: fc.nat(PEOPLE),
  joinedAt: fc.nat(PEOPLE),
  version: fc.nat(2),
  isGone: fc.boolean(),
});
// Few changes at a time, and many.
const stories = fc.array(
  fc.oneof(fc.array(change, { maxLength: 5 }), fc.array(change, { minLength: 30, maxLength: 60 })),
  {
    maxLength: 6,
  },
);

test("list, cuts and count are those of everybody sorted, and stay the same objects while nobody in them changes", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const roster = filled(PEOPLE / 2, 20);
      const stored = new Map(Array.from({ length: PEOPLE / 2 }, (_, i) => [`c${i}`, tab(i, i)]));
      for (const batch of story) {
        const before = LIMITS.map((limit) => roster.first(limit));
        for (const { number, joinedAt, version, isGone } of batch) {
          const record = tab(number, joinedAt, version);
          const existing = stored.get(record.connectionId);
          if (isGone && existing) roster.delete(existing, "left");
          if (!isGone) roster.put(record);
          if (isGone) stored.delete(record.connectionId);
          else stored.set(record.connectionId, record);
        }
        roster.flush();
        const expected = [...fold(stored).values()].toSorted(byJoin);
        assert.deepEqual(idsOf(roster.all), idsOf(expected));
        assert.deepEqual(idsOf(roster.list), idsOf(expected.slice(0, 20)));
        assert.deepEqual([roster.count, roster.isLarge], [expected.length, expected.length > 20]);
        for (const [i, limit] of LIMITS.entries()) {
          const cut = roster.first(limit);
          assert.ok(cut.every((person, place) => person === roster.find(person.id) && person === roster.all[place]));
          assert.equal(cut.length, Math.min(limit, expected.length));
          const isSame = cut.length === before[i]!.length && cut.every((person, place) => person === before[i]![place]);
          if (isSame && limit < expected.length) assert.equal(cut === before[i] || cut.length === 0, true);
        }
      }
    }),
  );
});

test("what views cut from a large room is one frozen object for all of them, until somebody in it changes", () => {
  const roster = filled(100, 20);
  const cut = roster.first(50);
  assert.ok(isFrozen(cut));
  assert.equal(roster.first(50), cut);
  roster.put(tab(100, 100));
  roster.delete(tab(70, 70), "left");
  roster.flush();
  assert.equal(roster.first(50), cut);
  roster.put(tab(49, 49, 1));
  roster.flush();
  assert.notEqual(roster.first(50), cut);
  assert.deepEqual(idsOf(roster.first(50)), idsOf(cut));
});

test("cuts of ever new lengths are not kept without bound, and nonsense cuts nothing", () => {
  const roster = filled(100, 20);
  const cut = roster.first(1);
  for (let limit = 2; limit < 60; limit += 1) assert.equal(roster.first(limit).length, limit);
  assert.notEqual(roster.first(1), cut);
  assert.deepEqual([roster.first(-5), roster.first(NaN), roster.first(0)], [[], [], []]);
  assert.equal(roster.first(Infinity), roster.all);
});
