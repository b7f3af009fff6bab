import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, type Clock } from "../clock.js";
import { settle } from "../testing/fake-clock.js";
import { HearingProbe } from "./hearing.js";

function begin() {
  const told: string[] = [];
  const state = { deaf: 0, hear: (_text: string) => {}, tick: () => {} };
  const every: Clock["every"] = (_ms, work) => ((state.tick = work), { clear: () => {} });
  const probe = new HearingProbe({
    clock: { ...systemClock, every },
    everyMs: 1_000,
    subscribe: async (hear) => (state.hear = hear),
    publish: async (text) => told.push(text),
    isDeaf: () => (state.deaf += 1),
  });
  const round = async () => {
    state.tick();
    await settle();
  };
  return { told, state, probe, round };
}

test("who hears what he told himself is not deaf; who has not heard it a period later is, once", async () => {
  const { told, state, probe, round } = begin();
  await round();
  state.hear("1");
  await round();
  assert.deepEqual([told, state.deaf], [["1", "2"], 0]);
  await round();
  assert.equal(state.deaf, 1);
  await round();
  assert.deepEqual([told, state.deaf], [["1", "2", "3"], 1]);
  probe.stop();
});

test("what came during a pause of the process is read before anybody is called deaf", async () => {
  const { told, state, probe, round } = begin();
  await round();
  // As a socket that is read in the turn behind the timers.
  setImmediate(() => state.hear("1"));
  await round();
  assert.deepEqual([told, state.deaf], [["1", "2"], 0]);
  probe.stop();
});
