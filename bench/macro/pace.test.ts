import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "./pace.js";

function moversOf(count: number) {
  const moves: string[] = [];
  const movers = Array.from({ length: count }, () => ({
    point: (x: number, y: number) => void moves.push(`${x},${y}`),
  }));
  return { moves, movers };
}

test("movers move 30 times a second each, one after the other, and each move says which it is", () => {
  const { moves, movers } = moversOf(3);
  let now = 1_000;
  const pace = new Pace(movers, () => now);
  pace.start();
  pace.step();
  assert.deepEqual(moves, ["1000,1000"]);
  now += 12;
  pace.step();
  assert.deepEqual(moves, ["1000,1000", "1000,1001"]);
  now = 2_000 - 1;
  pace.step();
  assert.deepEqual([moves.length, pace.sent, pace.sentBy(2), pace.lastOf(2)], [90, 90, 30, 1_029]);
  assert.deepEqual([pace.sentAt(0, 1_000), pace.sentAt(1, 1_000)], [1_000, 1_012]);
});

test("all moves are of the same length, however long they move", () => {
  const { moves, movers } = moversOf(1);
  let now = 0;
  const pace = new Pace(movers, () => now);
  pace.start();
  now = 301_000;
  pace.step();
  assert.deepEqual(new Set(moves.map(({ length }) => length)), new Set([9]));
  assert.deepEqual(moves.slice(8_999, 9_001), ["9999,1000", "1000,1000"]);
});
