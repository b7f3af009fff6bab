import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "node-html-parser";
import { plot } from "./plot.js";
import { resultOf } from "./result.js";

test("the picture has a bar per ratio, a mark per target, and the machine", () => {
  const baseline = { name: "raw <ws>", value: 10 };
  const results = [
    resultOf("fan-out", { case: "a", value: 5, unit: "ms", spread: 0.2, baseline, target: { ratio: 0.9 } }),
    resultOf("fan-out", { case: "b", value: 20, unit: "ms", baseline, target: { value: 11 } }),
    resultOf("fan-out", { case: "c", value: 40, unit: "bytes", target: { value: 80 } }),
    resultOf("fan-out", { case: "d", value: 7, unit: "frames" }),
  ];
  const svg = parse(plot(results, "a machine\nNode & more"));
  const [, ...bars] = svg.querySelectorAll("rect");
  assert.deepEqual(
    bars.map((bar) => Number(bar.getAttribute("width"))),
    [90, 360, 90],
  );
  assert.deepEqual(
    bars.map((bar) => bar.getAttribute("fill")),
    ["#2f8f5b", "#c2452d", "#2f8f5b"],
  );
  assert.equal(svg.querySelectorAll("path").length, 3);
  const words = svg.querySelectorAll("text").map((each) => each.rawText);
  for (const said of ["5 ms ± 10 %, raw &lt;ws&gt; 10", "0.5 ×", "2 ×", "a machine", "Node &amp; more"])
    assert.ok(words.includes(said), said);
});
