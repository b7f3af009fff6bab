import { expect, test } from "@playwright/test";
import { build } from "esbuild";
import type * as domPatch from "./dom-patch/page.js";
import { hostileTemplates } from "./dom-patch/hostile-templates.js";
import { randomFrom } from "../src/testing/random.js";
import { Narrator } from "./dom-patch/stories.js";

declare global {
  // oxlint-disable-next-line no-var -- only `var` declares a global
  var dom: typeof domPatch;
}

const SEED = Number(process.env["DOM_PATCH_SEED"] ?? Date.now() % 1_000_000);
/** Each is a story of eight patches per hostile template; 1000 rounds take some two minutes. */
const ROUNDS = Number(process.env["DOM_PATCH_ROUNDS"] ?? 25);
const STORY_LENGTH = 8;

/** Templates that a parser takes as they are written: not one of their patches needs a morph. */
const WELL_BEHAVED = [
  "table",
  "plainTable",
  "tableWithoutBody",
  "bar",
  "lists",
  "svg",
  "nestedIfs",
  "attributes",
  "leftAlone",
  "rawText",
  "pre",
  "recursion",
];

let script = "";

test.beforeAll(async () => {
  const options = { bundle: true, format: "iife", globalName: "dom", write: false, target: "es2020" } as const;
  const result = await build({ ...options, entryPoints: ["e2e/dom-patch/page.ts"] });
  script = result.outputFiles[0]!.text;
});

test.beforeEach(async ({ page }) => {
  await page.setContent("<!doctype html><body></body>");
  await page.addScriptTag({ content: script });
});

test.describe("patching the page", () => {
  let narrator: Narrator;
  test.beforeAll(() => (narrator = new Narrator()));
  test.afterAll(() => narrator.close());

  test("shows what a fresh page would, whatever the template and the data", async ({ page }) => {
    test.setTimeout(30_000 + ROUNDS * 500);
    console.log(`DOM_PATCH_SEED=${SEED} DOM_PATCH_ROUNDS=${ROUNDS}`);
    const random = randomFrom(SEED);
    let patches = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const stories = [...narrator.tellRandom(random, STORY_LENGTH)];
      const outcomes = await page.evaluate((all) => all.map((story) => dom.play(story)), stories);
      for (const [index, outcome] of outcomes.entries()) expect(outcome.failure, stories[index]!.name).toBeNull();
      patches += outcomes.reduce((sum, outcome) => sum + outcome.patches, 0);
    }
    expect(patches).toBe(ROUNDS * STORY_LENGTH * Object.keys(hostileTemplates).length);
  });

  test("never morphs where nothing is in the way", async ({ page }) => {
    const random = randomFrom(SEED);
    for (let round = 0; round < 5; round++) {
      const stories = [...narrator.tellRandom(random, STORY_LENGTH)]
        .filter(({ name, edits }) => WELL_BEHAVED.includes(name) && edits.every((edit) => !edit || Array.isArray(edit)))
        .map(({ name, statics, rendered, edits }) => ({ name, statics, rendered, edits, normalized: [] }));
      const outcomes = await page.evaluate((all) => all.map((story) => dom.play(story)), stories);
      for (const [index, { morphs }] of outcomes.entries()) expect(morphs, stories[index]!.name).toBe(0);
    }
  });
});
