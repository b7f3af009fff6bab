import assert from "node:assert/strict";
import { test } from "node:test";
import { hottest } from "./profile.js";

test("the functions that took most are told with their share of the time that was not idle", () => {
  const node = (id: number, functionName: string, url = "") => ({
    id,
    callFrame: { functionName, url, lineNumber: 9, scriptId: "1", columnNumber: 0 },
  });
  const profile = {
    nodes: [node(1, "(idle)"), node(2, "send", "file:///a/b/c/ws/lib/sender.js"), node(3, "")],
    samples: [1, 2, 3, 2],
    timeDeltas: [1_000, 30, 10, 60],
  };
  assert.equal(hottest(JSON.stringify(profile)), "   90.0 %  send  ws/lib/sender.js:10\n   10.0 %  (anonymous)");
  assert.equal(hottest(JSON.stringify(profile), 1).split("\n").length, 1);
});
