import assert from "node:assert/strict";
import { test } from "node:test";
import { DeliveryCounter } from "./delivery.js";
import type { Line } from "./line.js";

function lines(count: number): Line[] {
  return Array.from({ length: count }, () => ({ change: 0 }) as Line);
}

test("a delivery counts once per line, and only the same bytes that told the change", () => {
  const counter = new DeliveryCounter(1, (payload) => payload.includes("Ann"));
  const [ann, bob, cyd] = lines(3) as [Line, Line, Line];
  const say = (line: Line, text: string) => {
    const bytes = Buffer.from(`<<${text}>>`);
    counter.heard(line, bytes, 2, bytes.length - 2);
  };
  say(ann, "before");
  say(ann, "Ann came");
  say(bob, "Ann came");
  say(bob, "Ann came");
  say(cyd, "Bob came");
  assert.deepEqual([counter.count, counter.others, counter.payload.toString()], [2, 3, "Ann came"]);
  say(cyd, "Ann came");
  assert.equal(counter.count, 3);
});
