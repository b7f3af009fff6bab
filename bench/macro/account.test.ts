import assert from "node:assert/strict";
import { test } from "node:test";
import { Account } from "./account.js";

const SIGHT = { upToDate: 2, others: 2, messages: 9, gaps: 0, strays: 0 };
const REFUSED = { code: "BENCH_DELIVERY_MISSING" };
const BATCHED = { isBatched: true, echoes: false };
const RELAYED = { isBatched: false, echoes: false };

function rig() {
  const lines = [0, 0, 0].map(() => ({ frames: 5, bytes: 50 }));
  const sent = [1, 1];
  const account = new Account(lines, { size: 2, sentBy: (mover) => sent[mover]! });
  const hear = (...frames: number[]) => frames.forEach((count, at) => Object.assign(lines[at]!, { frames: 5 + count }));
  return { account, lines, sent, hear };
}

test("of a batch everybody is owed the same messages and the same bytes", () => {
  const { account, lines, hear } = rig();
  hear(4, 4, 4);
  account.check("x", BATCHED, [SIGHT]);
  lines[2]!.bytes += 1;
  assert.throws(() => account.check("x", BATCHED, [SIGHT]), REFUSED);
  lines[2]!.bytes -= 1;
  hear(4, 3, 4);
  assert.throws(() => account.check("x", BATCHED, [SIGHT]), REFUSED);
  hear(4, 5, 4);
  assert.throws(() => account.check("x", BATCHED, [SIGHT]), REFUSED);
});

test("of moves that are relayed everybody is owed each of the others, and who is told his own that too", () => {
  const { account, sent, hear } = rig();
  sent[0]! += 3;
  sent[1]! += 2;
  hear(2, 3, 5);
  account.check("x", RELAYED, [SIGHT]);
  hear(5, 5, 5);
  account.check("x", { isBatched: false, echoes: true }, [SIGHT]);
  hear(3, 2, 5);
  assert.throws(() => account.check("x", RELAYED, [SIGHT]), REFUSED);
});

test("a last place that is not seen, a gap and a stray message are refused", () => {
  const { account } = rig();
  for (const wrong of [{ upToDate: 1 }, { gaps: 1 }, { strays: 1 }]) {
    assert.throws(() => account.check("x", BATCHED, [{ ...SIGHT, ...wrong }]), REFUSED);
  }
});
