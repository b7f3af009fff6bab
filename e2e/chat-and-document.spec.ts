import { randomUUID } from "node:crypto";
import { expect, test } from "./demo-test.js";

test("a message is read by all, and the field is free for the next one", async ({ stage, demo }) => {
  const url = `${demo.url}/chat/${randomUUID()}`;
  const ada = await stage.join("Ada", url);
  const grace = await stage.join("Grace", url);
  await ada.seesPeople("Ada", "Grace");
  for (const text of ["Hello", "<b>still</b> here"]) {
    await ada.page.getByLabel("Message", { exact: true }).fill(text);
    await ada.page.getByLabel("Message", { exact: true }).press("Enter");
    await expect(grace.page.locator(".messages p").last()).toHaveText(text);
    await expect(ada.page.getByLabel("Message", { exact: true })).toHaveValue("");
  }
  await expect(grace.page.locator(".messages .name")).toHaveText(["Ada", "Ada"]);
  const late = await stage.join("Late", url);
  await expect(late.page.locator(".messages p")).toHaveText(["Hello", "<b>still</b> here"]);
});

test("who is typing is seen by the others until the message is said", async ({ stage, demo }) => {
  const url = `${demo.url}/chat/${randomUUID()}`;
  const ada = await stage.join("Ada", url);
  const grace = await stage.join("Grace", url);
  await ada.seesPeople("Ada", "Grace");
  const message = ada.page.getByLabel("Message", { exact: true });
  await message.pressSequentially("Hel");
  await expect(grace.page.getByText("Ada is typing …")).toBeVisible();
  await expect(ada.page.getByText("Ada is typing …")).toBeHidden();
  await message.press("Enter");
  await expect(grace.page.locator(".messages p").last()).toHaveText("Hel");
  await expect(grace.page.getByText("Ada is typing …")).toHaveCount(0);
});

test("authors see who writes where, and what they write", async ({ stage, demo }) => {
  const url = `${demo.url}/document/${randomUUID()}`;
  const ada = await stage.join("Ada", url);
  const grace = await stage.join("Grace", url);
  await ada.page.getByRole("button", { name: "Add a paragraph" }).click();
  await expect(grace.page.getByLabel("Paragraph", { exact: true })).toHaveCount(2);
  await ada.page.getByLabel("Paragraph", { exact: true }).first().pressSequentially("By Ada.");
  await expect(grace.page.locator(".authors").first()).toHaveText("Ada");
  await expect(grace.page.getByLabel("Paragraph", { exact: true }).first()).toHaveValue("By Ada.");
  await grace.page.getByLabel("Paragraph", { exact: true }).last().pressSequentially("By Grace.");
  await expect(ada.page.locator(".authors").last()).toHaveText("Grace");
  await expect(ada.page.getByLabel("Paragraph", { exact: true }).last()).toHaveValue("By Grace.");
  await ada.page.getByLabel("Paragraph", { exact: true }).first().blur();
  await expect(grace.page.locator(".authors").first()).toHaveText("");
  await grace.page.getByLabel("Paragraph", { exact: true }).first().fill("By both.");
  await expect(ada.page.getByLabel("Paragraph", { exact: true }).first()).toHaveValue("By both.");
  await grace.page.getByRole("button", { name: "Remove this paragraph" }).first().click();
  await expect(ada.page.getByLabel("Paragraph", { exact: true })).toHaveCount(1);
  await expect(ada.page.getByLabel("Paragraph", { exact: true })).toHaveValue("By Grace.");
});

test("authors see each other's caret and selection, where they are in the text", async ({ stage, demo }) => {
  const url = `${demo.url}/document/${randomUUID()}`;
  const ada = await stage.join("Ada", url);
  const grace = await stage.join("Grace", url);
  const text = ada.page.getByLabel("Paragraph", { exact: true });
  await text.fill("One line\nand another one");
  await expect(grace.page.getByLabel("Paragraph", { exact: true })).toHaveValue(/another/);
  const caret = grace.page.locator("[data-caret]");
  await expect(caret).toHaveText("Ada");
  await expect(ada.page.locator("[data-caret]")).toHaveCount(0);

  const field = (await grace.page.getByLabel("Paragraph", { exact: true }).boundingBox())!;
  const offset = async () => (await caret.boundingBox())!.x - field.x;
  await text.press("ControlOrMeta+Home");
  await expect(async () => expect(await offset()).toBeLessThan(30)).toPass();
  const start = await offset();
  for (let i = 0; i < 4; i += 1) await text.press("ArrowRight");
  await expect(async () => expect(await offset()).toBeGreaterThan(start + 10)).toPass();
  await text.press("ControlOrMeta+Shift+End");
  await expect(grace.page.locator("[data-caret-layer] > div")).toHaveCount(3);

  const late = await stage.join("Late", url);
  await expect(late.page.locator("[data-caret]")).toHaveText("Ada");
  await text.blur();
  await expect(caret).toHaveCount(0);
  await expect(late.page.locator("[data-caret]")).toHaveCount(0);
});
