import { expect, test } from "./demo-test.js";
import type { Person } from "./person.js";
import { watchPresence } from "./presence-log.js";

/** What was to come of an earlier leave has come when a later one has. */
async function seeSomebodyComeAndGo(witness: Person, join: (name: string) => Promise<Person>): Promise<void> {
  const passerBy = await join("Passer-by");
  await expect(witness.people.filter({ hasText: "Passer-by" })).toHaveCount(1);
  await passerBy.page.close();
  await expect(witness.people.filter({ hasText: "Passer-by" })).toHaveCount(0);
}

test("the bar lists who is here and says how many", async ({ stage }) => {
  const ada = await stage.join("Ada");
  await ada.seesPeople("Ada");
  const grace = await stage.join("Grace");
  await ada.seesPeople("Ada", "Grace");
  await grace.seesPeople("Ada", "Grace");
  await expect(ada.people.filter({ hasText: "Ada" })).toHaveAttribute("data-self", "");
  await expect(ada.people.filter({ hasText: "Grace" })).not.toHaveAttribute("data-self");
  await expect(ada.people.filter({ hasText: "Grace" })).toHaveAttribute("data-status", "active");
});

test("the others are told of a join and a leave, who comes is not told of himself", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await expect(ada.toast("Grace joined")).toBeVisible();
  const log = await watchPresence(ada.page);
  await expect(grace.toast("joined")).toHaveCount(0);
  await grace.page.close();
  await expect(ada.toast("Grace left")).toBeVisible();
  await ada.seesPeople("Ada");
  expect((await log.read()).toasts).toEqual(["Grace left"]);
});

test("two tabs are one person, and closing one of them is no leave", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await ada.seesPeople("Ada", "Grace");
  const log = await watchPresence(ada.page);
  const secondTab = await stage.openTab(grace);
  await secondTab.seesPeople("Ada", "Grace");
  await secondTab.page.close();
  await seeSomebodyComeAndGo(ada, stage.join);
  const { lists, toasts } = await log.read();
  expect(lists.every((list) => list.filter((name) => name === "Grace").length === 1)).toBe(true);
  expect(toasts.filter((text) => text.includes("Grace"))).toEqual([]);
  await grace.page.close();
  await ada.seesPeople("Ada");
});

test("nobody sees a reload", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await ada.seesPeople("Ada", "Grace");
  const log = await watchPresence(ada.page);
  for (let reload = 0; reload < 3; reload++) {
    await grace.page.reload();
    await grace.connected();
    await grace.seesPeople("Ada", "Grace");
  }
  expect((await log.read()).counts).toEqual(["2"]);
  await seeSomebodyComeAndGo(ada, stage.join);
  const { lists, toasts, counts } = await log.read();
  expect(counts).toEqual(["2", "3", "2"]);
  expect(lists.every((list) => list.includes("Grace"))).toBe(true);
  expect(toasts.filter((text) => text.includes("Grace"))).toEqual([]);
});

test("who goes to another page leaves the room", async ({ stage, demo }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await ada.seesPeople("Ada", "Grace");
  await grace.visit(demo.url);
  await ada.seesPeople("Ada");
  await expect(ada.toast("Grace left")).toBeVisible();
  await grace.page.goBack();
  await grace.connected();
  await ada.seesPeople("Ada", "Grace");
});

test("a name is changed for all, without a leave and a join, and kept for the next page", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await ada.seesPeople("Ada", "Grace");
  const log = await watchPresence(ada.page);
  await grace.page.getByLabel("You").fill("Rear Admiral Hopper");
  await grace.page.getByLabel("You").press("Enter");
  await ada.seesPeople("Ada", "Rear Admiral Hopper");
  // Ada may hear of it before Grace's own page does, and that page is what keeps it.
  await expect.poll(() => grace.cookie("demo_name")).toBe("Rear Admiral Hopper");
  await grace.page.reload();
  await grace.connected();
  await grace.seesPeople("Ada", "Rear Admiral Hopper");
  expect((await log.read()).toasts).toEqual([]);
});

test("a board that nobody is on knows it, and the way in shows how many are on the demo board", async ({
  stage,
  demo,
}) => {
  const ada = await stage.join("Ada", demo.url);
  await ada.page.getByRole("link", { name: "New board" }).click();
  await ada.connected();
  await ada.seesPeople("Ada");
  const grace = await stage.join("Grace", demo.url);
  await ada.visit(`${demo.url}/whiteboard/demo`);
  await expect(grace.page.getByRole("link", { name: "Demo board" })).toContainText("One person is there now.");
});
