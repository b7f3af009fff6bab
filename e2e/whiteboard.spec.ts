import { expect, test } from "./demo-test.js";

test("a stroke is seen by all, in its color and width, and by who comes late or again", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await ada.page.getByRole("button", { name: "red" }).click();
  await ada.page.getByRole("button", { name: "thick" }).click();
  await expect(ada.page.getByRole("button", { name: "red" })).toHaveAttribute("aria-pressed", "true");
  await expect(grace.page.getByRole("button", { name: "red" })).toHaveAttribute("aria-pressed", "false");
  await ada.draw([300, 300], [500, 400], [700, 300]);
  await expect(grace.strokes).toHaveClass(["stroke pen-red nib-thick"]);
  await expect(ada.board.locator("path")).toHaveCount(1);
  const path = await grace.strokes.getAttribute("d");
  expect(path).toMatch(/^M30[01] 30[01]Q/);
  const late = await stage.join("Late");
  await expect(late.strokes).toHaveAttribute("d", path!);
  await grace.page.reload();
  await expect(grace.strokes).toHaveAttribute("d", path!);
});

test("a stroke may end outside the board, and Escape gives it up", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await ada.draw([1500, 100], [1550, 60], [1700, -60]);
  await expect(grace.strokes).toHaveCount(1);
  await ada.point([400, 400]);
  await ada.page.mouse.down();
  await ada.point([600, 600]);
  await expect(ada.board.locator("path")).toHaveCount(2);
  await ada.page.keyboard.press("Escape");
  await expect(ada.board.locator("path")).toHaveCount(1);
  await ada.page.mouse.up();
  await ada.draw([200, 200], [300, 300]);
  await expect(grace.strokes).toHaveCount(2);
});

test("undo and clear take back one's own strokes only", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await expect(ada.undo).toBeDisabled();
  await ada.draw([100, 100], [300, 100]);
  await expect(grace.strokes).toHaveCount(1);
  await expect(grace.undo).toBeDisabled();
  const adas = await grace.strokes.getAttribute("id");
  for (const y of [200, 300, 400]) await grace.draw([100, y], [300, y]);
  await expect(ada.strokes).toHaveCount(4);
  await grace.undo.click();
  await expect(ada.strokes).toHaveCount(3);
  await grace.page.keyboard.press("Control+z");
  await expect(ada.strokes).toHaveCount(2);
  await grace.page.getByRole("button", { name: "Clear mine" }).click();
  await expect(ada.strokes).toHaveCount(1);
  await expect(ada.strokes).toHaveAttribute("id", adas!);
  await expect(grace.undo).toBeDisabled();
  await ada.undo.click();
  await expect(grace.strokes).toHaveCount(0);
});

test("a board is renamed for all, again and again, by whoever likes to", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  for (const [by, other, title] of [
    [ada, grace, "Plans"],
    [grace, ada, "Better plans"],
    [ada, grace, "Done"],
  ] as const) {
    await by.title.fill(title);
    await by.title.blur();
    await expect(other.title).toHaveValue(title);
    await expect(by.title).toHaveValue(title);
  }
});

test("a page fits a phone", async ({ stage }) => {
  const ada = await stage.join("Ada");
  await ada.page.setViewportSize({ width: 375, height: 700 });
  expect(await ada.page.evaluate(() => document.documentElement.scrollWidth)).toBe(375);
  await expect(ada.undo).toBeInViewport();
  await ada.draw([300, 300], [900, 500]);
  await expect(ada.strokes).toHaveCount(1);
});
