import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "./demo-test.js";
import type { Person, Point } from "./person.js";

const PICTURE = fileURLToPath(new URL("../docs/images/two-people.png", import.meta.url));
const isWanted = process.env["UPDATE_SCREENSHOTS"] !== undefined || !existsSync(PICTURE);

const HOUSE: Point[] = [
  [560, 640],
  [560, 420],
  [700, 300],
  [840, 420],
  [840, 640],
];
const DOOR: Point[] = [
  [660, 640],
  [660, 520],
  [740, 520],
  [740, 640],
];
const HILLS = Array.from({ length: 40 }, (_, step): Point => [220 + step * 30, 665 + 24 * Math.sin(step / 6 + 2)]);
const SUN = Array.from({ length: 37 }, (_, step): Point => around([1140, 240], 80, step / 36));
const RAYS = Array.from({ length: 8 }, (_, ray): [Point, Point] => {
  return [around([1140, 240], 115, ray / 8), around([1140, 240], 150, ray / 8)];
});

/** With points between the corners, so that the pen keeps them sharp. */
function along(corners: readonly Point[]): Point[] {
  return corners.flatMap(([x, y], index) => {
    const [nextX, nextY] = corners[index + 1] ?? [x, y];
    return [0, 0.05, 0.5, 0.95].map((part): Point => [x + (nextX - x) * part, y + (nextY - y) * part]);
  });
}

function around([x, y]: Point, radius: number, turn: number): Point {
  return [x + radius * Math.cos(turn * 2 * Math.PI), y + radius * Math.sin(turn * 2 * Math.PI)];
}

async function take(person: Person, ...tools: string[]): Promise<void> {
  for (const name of tools) await person.page.getByRole("button", { name }).click();
}

test("two people draw one picture", async ({ stage }) => {
  const ada = await stage.join("Ada Lovelace");
  const grace = await stage.join("Grace Hopper");
  await ada.renameBoard("A house in the sun");
  await take(ada, "green", "thick");
  await ada.draw(...HILLS);
  await take(grace, "orange");
  await grace.draw(...SUN);
  for (const ray of RAYS) await grace.draw(...ray);
  await take(ada, "ink", "medium");
  await ada.draw(...along(HOUSE));
  await take(ada, "red");
  await ada.draw(...along(DOOR));
  await expect(grace.strokes).toHaveCount(12);
  await grace.point([1020, 400]);
  await ada.seesCursorAt("Grace Hopper", [1020, 400]);
  await expect(ada.strokes).toHaveCount(12);
  await expect(grace.title).toHaveValue("A house in the sun");
  if (isWanted) await ada.page.screenshot({ path: PICTURE });
});
