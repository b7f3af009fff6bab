import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "./demo-test.js";
import type { Point } from "./person.js";

const PICTURE = fileURLToPath(new URL("../docs/images/two-people.png", import.meta.url));
const isWanted = process.env["UPDATE_SCREENSHOTS"] !== undefined || !existsSync(PICTURE);

function circle([x, y]: Point, radius: number): Point[] {
  return Array.from({ length: 49 }, (_, step) => {
    const angle = (step / 48) * 2 * Math.PI;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
}

test("two people draw one picture", async ({ stage }) => {
  const ada = await stage.join("Ada Lovelace");
  const grace = await stage.join("Grace Hopper");
  await ada.title.fill("Two on one board");
  await ada.title.blur();
  await ada.page.getByRole("button", { name: "orange" }).click();
  await ada.draw(...circle([620, 420], 150));
  await grace.page.getByRole("button", { name: "blue" }).click();
  await grace.page.getByRole("button", { name: "thick" }).click();
  await grace.draw(...circle([860, 420], 150));
  await expect(ada.strokes).toHaveCount(2);
  await expect(grace.strokes).toHaveCount(2);
  await grace.point([1010, 420]);
  await ada.seesCursorAt("Grace Hopper", [1010, 420]);
  await expect(ada.title).toHaveValue("Two on one board");
  if (isWanted) await ada.page.screenshot({ path: PICTURE });
});
