import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../testing/fake-clock.js";
import { Gate } from "./gate.js";

/** Work that the test ends. */
function works(): { begin: (name: string) => () => Promise<string>; begun: string[]; end: (name: string) => void } {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const begin = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
  };
  return { begin, begun, end: (name) => ends.get(name)!() };
}

test("so many are under way at once, the others follow in order", async () => {
  const gate = new Gate(2);
  const { begin, begun, end } = works();
  const done = ["a", "b", "c", "d"].map((name) => gate.pass(begin(name)));
  await settle();
  assert.deepEqual(begun, ["a", "b"]);
  end("b");
  await settle();
  assert.deepEqual(begun, ["a", "b", "c"]);
  for (const name of ["a", "c"]) end(name);
  await settle();
  end("d");
  assert.deepEqual(await Promise.all(done), ["a", "b", "c", "d"]);
  const last = gate.pass(begin("e"));
  await settle();
  end("e");
  assert.equal(await last, "e");
});

test("work that fails makes room for the next", async () => {
  const gate = new Gate(1);
  const failed = gate.pass(() => Promise.reject(new Error("no")));
  const next = gate.pass(() => Promise.resolve("yes"));
  await assert.rejects(failed, /no/);
  assert.equal(await next, "yes");
});

test("who waits is told when waiting is in vain, and the gate goes on", async () => {
  const gate = new Gate(1);
  const { begin, begun, end } = works();
  const first = gate.pass(begin("a"));
  const waiting = gate.pass(begin("b"));
  gate.fail(new Error("nothing moves"));
  await assert.rejects(waiting, /nothing moves/);
  end("a");
  await first;
  assert.deepEqual(begun, ["a"]);
  assert.equal(await gate.pass(() => Promise.resolve("c")), "c");
});

test("what is urgent waits for no turn, and takes nobody's", async () => {
  const gate = new Gate(1);
  const { begin, begun, end } = works();
  const first = gate.pass(begin("a"));
  const waiting = gate.pass(begin("b"));
  const urgent = gate.pass(begin("tick"), true);
  await settle();
  assert.deepEqual(begun, ["a", "tick"]);
  end("tick");
  assert.equal(await urgent, "tick");
  assert.deepEqual(begun, ["a", "tick"]);
  end("a");
  await first;
  await settle();
  end("b");
  assert.equal(await waiting, "b");
});
