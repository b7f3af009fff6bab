import assert from "node:assert/strict";
import { test } from "node:test";
import { hottest, within } from "./profile.js";

const node = (id: number, functionName: string, url = "") => ({
  id,
  callFrame: { functionName, url, lineNumber: 9, scriptId: "1", columnNumber: 0 },
});

test("the functions that took most are told with their share of the time that was not idle", () => {
  const profile = {
    nodes: [node(1, "(idle)"), node(2, "send", "file:///a/b/c/ws/lib/sender.js"), node(3, "")],
    samples: [1, 2, 3, 2],
    timeDeltas: [1_000, 30, 10, 60],
  };
  assert.equal(hottest(JSON.stringify(profile)), "   90.0 %  send  ws/lib/sender.js:10\n   10.0 %  (anonymous)");
  assert.equal(hottest(JSON.stringify(profile), 1).split("\n").length, 1);
});

test("what was done outside of what is measured counts as idle", () => {
  const nodes = [node(1, "(idle)"), node(2, "work")];
  const profile = { nodes, startTime: 100, endTime: 200, samples: [2, 2, 2, 2, 2], timeDeltas: [5, 10, 10, 10, 10] };
  const windows = [
    { fromMicros: 110, toMicros: 120 },
    { fromMicros: 130, toMicros: 136 },
  ];
  assert.deepEqual(within(profile, windows).samples, [1, 2, 1, 2, 1]);
});
