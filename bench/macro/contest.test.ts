import assert from "node:assert/strict";
import { test } from "node:test";
import { mustBeQuiet, orderOf } from "./contest.js";

test("nobody has two turns in a row, and of three or more each is the first as often as the others", () => {
  for (const entrants of [
    ["a", "b"],
    ["a", "b", "c"],
    ["a", "b", "c", "d", "e"],
  ]) {
    const rounds = Array.from({ length: 2 * entrants.length }, (_, round) => orderOf(entrants, round));
    const turns = rounds.flat();
    for (const [at, entrant] of turns.entries()) assert.notEqual(entrant, turns[at + 1]);
    for (const round of rounds) assert.deepEqual(round.toSorted(), entrants);
    if (entrants.length < 3) continue;
    for (const entrant of entrants) assert.equal(rounds.filter(([first]) => first === entrant).length, 2);
  }
});

test("a baseline that spreads too far is refused, unless all of it is next to nothing", () => {
  const [wide, narrow] = [
    [1, 1.5, 2, 2.5, 3],
    [1, 1.9, 2, 2.1, 3],
  ];
  mustBeQuiet("x", null, narrow!);
  assert.throws(() => mustBeQuiet("x", null, wide!), { code: "BENCH_MACHINE_NOISY" });
  assert.throws(() => mustBeQuiet("x", null, wide!, 0.9), { code: "BENCH_MACHINE_NOISY" });
  mustBeQuiet("x", null, wide!, 1);
  assert.throws(() => mustBeQuiet("x", 0.5, narrow!, 1), { code: "BENCH_MACHINE_NOISY" });
});
