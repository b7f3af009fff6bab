import assert from "node:assert/strict";
import { test } from "node:test";
import { orderOf } from "./contest.js";

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
