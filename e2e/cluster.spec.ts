import { randomUUID } from "node:crypto";
import { ClusterProcess } from "./cluster-process.js";
import { expect, test as demoTest } from "./demo-test.js";
import type { Person } from "./person.js";
import { watchPresence } from "./presence-log.js";

const test = demoTest.extend<{ cluster: ClusterProcess }>({
  cluster: async ({}, use) => {
    const cluster = new ClusterProcess();
    await cluster.start();
    await use(cluster);
    expect(await cluster.stop()).toBe(0);
  },
});

// Each starts five processes, and one of them a second time.
test.describe.configure({ timeout: 180_000 });

/** A process that is started compiles everything first: long, where others keep the machine busy. */
const RESTART = { timeout: 60_000 };

function nodeOf({ page }: Person) {
  return page.locator(".node span");
}

test("two people on two nodes draw one picture, and stay when the node of one dies", async ({ stage, cluster }) => {
  const ada = await stage.join("Ada", cluster.url + stage.boardPath);
  const grace = await stage.join("Grace", cluster.url + stage.boardPath);
  const [adasNode, gracesNode] = [await nodeOf(ada).textContent(), await nodeOf(grace).textContent()];
  expect(new Set([adasNode, gracesNode])).toEqual(new Set(["node 1", "node 2"]));
  await expect(ada.toast("Grace joined")).toBeVisible();
  await ada.seesPeople("Ada", "Grace");
  await grace.seesPeople("Ada", "Grace");
  await ada.draw([300, 300], [500, 400], [700, 300]);
  await expect(grace.strokes).toHaveCount(1);
  await grace.draw([300, 600], [700, 600]);
  await expect(ada.strokes).toHaveCount(2);
  await grace.point([900, 450]);
  await ada.seesCursorAt("Grace", [900, 450]);
  await ada.point([400, 500]);
  await grace.seesCursorAt("Ada", [400, 500]);
  await ada.page.screenshot({ path: test.info().outputPath("ada.png") });
  await grace.page.screenshot({ path: test.info().outputPath("grace.png") });

  const log = await watchPresence(ada.page);
  const crashed = cluster.pidOf(gracesNode!);
  const again = grace.page.waitForEvent("websocket");
  cluster.kill(gracesNode!);
  await again;
  await grace.connected();
  const isOnTheOther = (await nodeOf(grace).textContent()) === adasNode;
  expect(isOnTheOther || cluster.pidOf(gracesNode!) !== crashed).toBe(true);
  await grace.seesPeople("Ada", "Grace");
  await ada.seesPeople("Ada", "Grace");
  await expect(grace.strokes).toHaveCount(2);
  await grace.draw([300, 700], [700, 700]);
  await expect(ada.strokes).toHaveCount(3);
  await ada.draw([300, 750], [700, 750]);
  await expect(grace.strokes).toHaveCount(4);
  await grace.seesCursorAt("Ada", [700, 750]);
  // The one she had at the dead node lasts as long as its lease, but not for herself.
  expect(await grace.cursorOf("Grace").count()).toBe(0);

  await expect.poll(() => cluster.pidOf(gracesNode!), RESTART).not.toBe(crashed);
  const late = await stage.join("Late", cluster.url + stage.boardPath);
  await expect(late.strokes).toHaveCount(4);
  await late.seesPeople("Ada", "Grace", "Late");
  await ada.seesPeople("Ada", "Grace", "Late");
  const { counts, toasts } = await log.read();
  expect(counts).toEqual(["2", "3"]);
  expect(toasts).toEqual(["Late joined"]);
  await grace.page.screenshot({ path: test.info().outputPath("after.png") });
});

test("a node that is restarted sends its people to another, and nobody is told that they left", async ({
  stage,
  cluster,
}) => {
  const ada = await stage.join("Ada", cluster.url + stage.boardPath);
  const grace = await stage.join("Grace", cluster.url + stage.boardPath);
  await ada.seesPeople("Ada", "Grace");
  const log = await watchPresence(ada.page);
  const node = await nodeOf(grace).textContent();
  const stopped = cluster.pidOf(node!);
  const again = grace.page.waitForEvent("websocket");
  process.kill(stopped, "SIGTERM");
  await again;
  await grace.connected();
  await grace.draw([300, 300], [700, 300]);
  await expect(ada.strokes).toHaveCount(1);
  await expect.poll(() => cluster.pidOf(node!), RESTART).not.toBe(stopped);
  await grace.renameBoard("Kept");
  await expect(ada.title).toHaveValue("Kept");
  const { counts, toasts } = await log.read();
  expect([counts, toasts]).toEqual([["2"], []]);
});

test("a chat and a document are one on two nodes", async ({ stage, cluster }) => {
  const chat = `${cluster.url}/chat/${randomUUID()}`;
  const [ada, grace] = [await stage.join("Ada", chat), await stage.join("Grace", chat)];
  expect(await nodeOf(ada).textContent()).not.toBe(await nodeOf(grace).textContent());
  await ada.page.getByLabel("Message", { exact: true }).fill("Hello");
  await ada.page.getByLabel("Message", { exact: true }).press("Enter");
  await expect(grace.page.locator(".messages p")).toHaveText(["Hello"]);
  await ada.page.screenshot({ path: test.info().outputPath("chat.png") });

  const notes = `${cluster.url}/document/${randomUUID()}`;
  for (const person of [ada, grace]) await person.visit(notes);
  const paragraphs = (person: Person) => person.page.getByLabel("Paragraph", { exact: true });
  await paragraphs(ada).first().pressSequentially("By Ada.");
  await expect(grace.page.locator(".authors").first()).toHaveText("Ada");
  await expect(paragraphs(grace).first()).toHaveValue("By Ada.");
  await grace.page.reload();
  await grace.connected();
  await expect(paragraphs(grace).first()).toHaveValue("By Ada.");
  await ada.visit(cluster.url);
  await ada.page.screenshot({ path: test.info().outputPath("home.png") });
});
