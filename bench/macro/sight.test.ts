import assert from "node:assert/strict";
import { test } from "node:test";
import type { Line } from "./line.js";
import { Pace } from "./pace.js";
import { Sight } from "./sight.js";

const LINE = {} as Line;

function rig(own: number) {
  let now = 0;
  const pace = new Pace([{ point: () => {} }, { point: () => {} }], () => now);
  const sight = new Sight(pace, own, () => now);
  pace.start();
  const hear = (text: string) => sight.heard(LINE, Buffer.from(`..${text}`), 2, 2 + text.length);
  const at = (ms: number) => {
    now = ms;
    pace.step();
  };
  return { pace, sight, hear, at };
}

test("a sight tells how late each move of others came, whoever says it in whatever words", () => {
  const { sight, hear, at } = rig(1);
  sight.watch();
  at(20);
  hear('[null,null,"room:board:x","cursors",{"n":7,"c":[["abc",1000,1000],["own",1000,1001]]}]');
  assert.deepEqual(sight.latencies, [0]);
  at(34);
  at(40);
  hear('42["moved","id",1001,1000]');
  assert.deepEqual(sight.latencies, [0, 6]);
  sight.rest();
  at(70);
  hear('["moved","id",1002,1000]');
  assert.deepEqual([sight.latencies.length, sight.messages, sight.strays, sight.gaps], [2, 3, 0, 0]);
});

test("who is not seen where he is, a number left out and a message of no move are noticed", () => {
  const { sight, hear, at } = rig(-1);
  at(20);
  assert.deepEqual([sight.upToDate, sight.others], [0, 2]);
  hear('{"n":3,"c":[["a",1000,1000]]}');
  hear('{"n":6,"c":[["b",1000,1001]]}');
  hear('{"diff":[]}');
  assert.deepEqual([sight.upToDate, sight.gaps, sight.strays], [2, 2, 1]);
});
