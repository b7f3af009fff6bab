import { expect, test } from "./demo-test.js";
import type { Person, Point } from "./person.js";
import { SlowLink } from "./slow-link.js";

const DELAY_MS = 150;

async function pointAtEachOther(ada: Person, grace: Person): Promise<void> {
  await Promise.all([ada.seesPeople("Ada", "Grace"), grace.seesPeople("Ada", "Grace")]);
  for (const [x, y] of [
    [200, 150],
    [1400, 800],
    [800, 450],
  ] as const) {
    await Promise.all([ada.point([x, y]), grace.point([1600 - x, y / 2])]);
    await Promise.all([grace.seesCursorAt("Ada", [x, y]), ada.seesCursorAt("Grace", [1600 - x, y / 2])]);
  }
}

/** Moves once, and counts the places between the two ends at which another sees the cursor. */
async function placesOnTheWay(mover: Person, witness: Person, from: Point, to: Point): Promise<number> {
  await mover.point(from);
  await witness.seesCursorAt(mover.name, from);
  const places = await witness.cursorOf(mover.name).evaluateHandle((cursor) => {
    const seen = new Set<string>();
    const note = () => {
      seen.add(getComputedStyle(cursor).transform);
      if (cursor.isConnected) requestAnimationFrame(note);
    };
    note();
    return seen;
  });
  await mover.point(to);
  await witness.seesCursorAt(mover.name, to);
  return places.evaluate((seen) => seen.size - 2);
}

test("cursors move both ways at once, each with its name", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await pointAtEachOther(ada, grace);
  await expect(ada.page.locator("[data-cursor]")).toHaveText(["Grace"]);
  await expect(grace.page.locator("[data-cursor]")).toHaveText(["Ada"]);
});

test("a cursor stands at the same place of the board on a smaller screen", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await grace.page.setViewportSize({ width: 375, height: 700 });
  await pointAtEachOther(ada, grace);
});

test("a cursor glides: it is seen at several places between two that were told", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  let isThere = false;
  await expect
    .poll(async () => {
      isThere = !isThere;
      const ends: [Point, Point] = [
        [100, 100],
        [1500, 800],
      ];
      return placesOnTheWay(ada, grace, ends[isThere ? 0 : 1]!, ends[isThere ? 1 : 0]!);
    })
    .toBeGreaterThanOrEqual(2);
});

test(`cursors move both ways over links of ${DELAY_MS} ms`, async ({ stage, demo }) => {
  const links = [new SlowLink(demo.port, DELAY_MS), new SlowLink(demo.port, DELAY_MS)];
  const [adasUrl, gracesUrl] = await Promise.all(links.map((link) => link.open()));
  const ada = await stage.join("Ada", adasUrl + stage.boardPath);
  const grace = await stage.join("Grace", gracesUrl + stage.boardPath);
  await pointAtEachOther(ada, grace);
  await expect.poll(() => placesOnTheWay(ada, grace, [100, 100], [1500, 800])).toBeGreaterThanOrEqual(2);
  await ada.context.close();
  await grace.context.close();
  await Promise.all(links.map((link) => link.close()));
});

test("who comes late sees the cursors that stand still", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await ada.point([400, 300]);
  await grace.seesCursorAt("Ada", [400, 300]);
  const late = await stage.join("Late");
  await late.seesCursorAt("Ada", [400, 300]);
});

test("a cursor goes with the pointer that leaves the board, and with the person", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await ada.point([400, 300]);
  await expect(grace.cursorOf("Ada")).toHaveCount(1);
  await ada.title.hover();
  await expect(grace.cursorOf("Ada")).toHaveCount(0);
  await ada.point([500, 300]);
  await expect(grace.cursorOf("Ada")).toHaveCount(1);
  await ada.page.close();
  await expect(grace.cursorOf("Ada")).toHaveCount(0);
});

test("a cursor and its name are under no pointer: who presses there draws", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await ada.point([400, 300]);
  await grace.seesCursorAt("Ada", [400, 300]);
  const name = (await grace.cursorOf("Ada").locator("text").boundingBox())!;
  await grace.page.mouse.move(name.x + name.width / 2, name.y + name.height / 2);
  await grace.page.mouse.down();
  await grace.page.mouse.move(name.x + 200, name.y + 100);
  await grace.page.mouse.up();
  await expect(ada.strokes).toHaveCount(1);
});
