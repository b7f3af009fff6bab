import assert from "node:assert/strict";
import { test } from "node:test";
import { Listeners } from "./listeners.js";

const logger = { info() {}, warn() {}, error() {} };

test("who is added twice hears twice, who enters hears once, each until he goes", () => {
  const heard: string[] = [];
  const listeners = new Listeners<(word: string) => void>(logger, "a listener");
  const added = (word: string) => void heard.push(`added ${word}`);
  const entered = (word: string) => void heard.push(`entered ${word}`);
  const [removeOne, removeOther] = [listeners.add(added), listeners.add(added)];
  listeners.enter(entered);
  listeners.enter(entered);
  listeners.tell((listener) => listener("a"));
  assert.deepEqual(heard.splice(0), ["added a", "added a", "entered a"]);
  removeOne();
  removeOne();
  listeners.leave(entered);
  listeners.tell((listener) => listener("b"));
  assert.deepEqual([heard, listeners.size], [["added b"], 1]);
  removeOther();
  assert.equal(listeners.size, 0);
});
