import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NaiveRule } from "../../src/testing/naive-rules.js";
import { ChaosModel, ChaosStep, stories } from "./chaos-model.js";
import { ChaosWorld } from "./chaos-world.js";

// CONTRIBUTING.md tells what these are for.
const STEPS = Number(process.env["CHAOS_STEPS"] ?? 200);
const SEED = Number(process.env["CHAOS_SEED"] ?? 2_026);
const NAIVE = process.env["CHAOS_NAIVE"] as NaiveRule | undefined;

const STEPS_OF_STORY = { least: 40, most: 100 };
/** Most of a step is waiting. */
const WORLDS_AT_ONCE = 2;

/** Stories of one seed, each in a world of its own, until so many steps are done. Resolves with how long nodes took to agree. */
async function live(seed: number, steps: number): Promise<number[]> {
  let stepsLeft = steps;
  const agreedMs: number[] = [];
  const property = fc.asyncProperty(stories(STEPS_OF_STORY.most), async (story) => {
    if (stepsLeft === 0) return;
    fc.pre([...story].length >= STEPS_OF_STORY.least);
    const world = await ChaosWorld.start({ naive: NAIVE });
    const model = new ChaosModel(stepsLeft);
    try {
      await fc.asyncModelRun(() => ({ model, real: world }), story);
      await world.finish(model);
    } finally {
      stepsLeft = model.stepsLeft;
      agreedMs.push(...world.agreedMs);
      await world.end();
    }
  });
  // A story is as long as its faults take: fast-check would look for a shorter one for hours.
  await fc.assert(property, { seed, numRuns: steps, endOnFailure: true, includeErrorInReport: true });
  assert.equal(stepsLeft, 0);
  return agreedMs;
}

test("whatever fails, lists end in the truth and nobody is told what is not so", async (t) => {
  const worlds = Array.from({ length: WORLDS_AT_ONCE }, (_, i) => live(SEED + i, Math.ceil(STEPS / WORLDS_AT_ONCE)));
  const ended = await Promise.allSettled(worlds);
  for (const each of ended) if (each.status === "rejected") throw each.reason;
  const agreedMs = ended.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
  t.diagnostic(`${agreedMs.length} healings, agreed within ${Math.round(Math.max(...agreedMs))} ms`);
});

/** Stories that our rules survive, and simpler ones do not. */
const TELLING: readonly (readonly [NaiveRule, ...(readonly [name: string, ...words: number[]])[]])[] = [
  // The others read the empty store before the first node can tell it anything.
  ["plainSnapshot", ["cut", 0, 0], ["redisRestart"], ["pause", 2]],
  // Whoever is back first condemns the others.
  ["timeLeases", ["cut", 0, 0], ["redisHang"], ["pause", 2]],
];

for (const [naive, ...story] of TELLING) {
  test(`a checker that sees nothing would be no use: with ${naive} it complains`, async () => {
    const world = await ChaosWorld.start({ naive, excuseMs: Infinity });
    const model = new ChaosModel(10);
    try {
      await world.settled();
      for (const [name, ...words] of story) await new ChaosStep(name, words).run(model, world);
      await assert.rejects(new ChaosStep("check").run(model, world), /vanish: .*-anchor/);
    } finally {
      await world.end();
    }
  });
}
