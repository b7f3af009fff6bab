import assert from "node:assert/strict";
import { test } from "node:test";
import { addStroke, EMPTY_BOARD, eraseStrokes, renameBoard, strokesBy, type Stroke } from "./board.js";

function stroke(id: string, path = "M0 0L1 1"): Stroke {
  return { id, by: `by ${id}`, path, color: "red", width: "thin" };
}

test("a change that comes twice does no more than once", () => {
  const once = addStroke(addStroke(EMPTY_BOARD, stroke("a")), stroke("b"));
  assert.deepEqual(addStroke(once, stroke("a")), once);
  const erased = eraseStrokes(once, ["a"]);
  assert.deepEqual(strokesBy(erased, "by b"), ["b"]);
  assert.deepEqual(eraseStrokes(erased, ["a"]), erased);
  const renamed = renameBoard(once, "x".repeat(100));
  assert.equal(renamed.title.length, 60);
  assert.deepEqual(renameBoard(renamed, renamed.title), renamed);
});

test("the oldest strokes make room when there are too many, or too long ones", () => {
  let board = EMPTY_BOARD;
  for (let n = 0; n < 2_010; n++) board = addStroke(board, stroke(String(n)));
  assert.deepEqual([board.strokes.length, board.strokes[0]?.id], [2_000, "10"]);
  for (let n = 0; n < 60; n++) board = addStroke(board, stroke(`long ${n}`, "M".padEnd(20_000, "1")));
  assert.deepEqual([board.strokes.length, board.strokes[0]?.id], [50, "long 10"]);
});
