import { DemoProcess } from "./demo-process.js";
import { expect, test as demoTest } from "./demo-test.js";
import { watchPresence } from "./presence-log.js";
import { SlowLink } from "./slow-link.js";

/** With a server that this test may kill. */
const test = demoTest.extend<{ ownDemo: DemoProcess }>({
  ownDemo: async ({}, use) => {
    const demo = new DemoProcess();
    await demo.start();
    await use(demo);
    await demo.stop();
  },
});

for (const [how, signal] of [
  ["is restarted", "SIGTERM"],
  ["crashes", "SIGKILL"],
] as const) {
  test(`people and what they type survive a server that ${how}`, async ({ stage, ownDemo }) => {
    const url = ownDemo.url + stage.boardPath;
    const ada = await stage.join("Ada", url);
    const grace = await stage.join("Grace", url);
    await ada.seesPeople("Ada", "Grace");
    const myName = ada.page.getByLabel("You");
    await myName.fill("Augusta Ada");
    await grace.title.fill("Kept title");
    await ownDemo.stop(signal);
    await expect(ada.page.locator(".offline")).toBeVisible();
    await myName.pressSequentially(" King");
    await ownDemo.start();
    await Promise.all([ada.connected(), grace.connected()]);
    await ada.seesPeople("Ada", "Grace");
    await grace.seesPeople("Ada", "Grace");
    await expect(ada.page.locator(".offline")).toBeHidden();
    await expect(myName).toHaveValue("Augusta Ada King");
    await expect(grace.title).toHaveValue("Kept title");
    await expect(ada.title).toHaveValue("Kept title");
    await myName.press("Enter");
    await grace.seesPeople("Augusta Ada King", "Grace");
    await ada.draw([300, 300], [500, 500]);
    await expect(grace.strokes).toHaveCount(1);
  });
}

test("a caret stands still while others change the page, and the very field, a hundred times", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await ada.title.focus();
  await ada.title.evaluate((input: HTMLInputElement) => input.setSelectionRange(3, 7, "backward"));
  await grace.title.evaluate(async (input: HTMLInputElement) => {
    for (let n = 1; n <= 100; n++) {
      input.value = `Title ${n}`;
      input.form!.requestSubmit();
      await new Promise(requestAnimationFrame);
    }
  });
  await grace.draw([300, 300], [500, 500]);
  const late = await stage.join("Late");
  await ada.seesPeople("Ada", "Grace", "Late");
  await expect(late.title).toHaveValue("Title 100");
  await expect(ada.title).toHaveAttribute("value", "Title 100");
  await expect(ada.strokes).toHaveCount(1);
  const caret = await ada.title.evaluate((input: HTMLInputElement) => {
    const { value, selectionStart, selectionEnd, selectionDirection } = input;
    return { value, selectionStart, selectionEnd, selectionDirection, isFocused: document.activeElement === input };
  });
  expect(caret).toEqual({
    value: "Untitled board",
    selectionStart: 3,
    selectionEnd: 7,
    selectionDirection: "backward",
    isFocused: true,
  });
});

test("a field that was looked at and not written in follows the others again", async ({ stage }) => {
  const ada = await stage.join("Ada");
  const grace = await stage.join("Grace");
  await ada.title.focus();
  await grace.renameBoard("By Grace");
  await expect(ada.title).toHaveAttribute("value", "By Grace");
  await ada.title.blur();
  await grace.renameBoard("By Grace again");
  await expect(ada.title).toHaveValue("By Grace again");
});

test("who lost the link for a moment did not leave, who lost it for good did", async ({ stage }) => {
  const demo = new DemoProcess({ graceBrokenMs: 5_000 });
  await demo.start();
  const links = [new SlowLink(demo.port, 0), new SlowLink(demo.port, 0)] as const;
  const [gracesUrl, latesUrl] = await Promise.all(links.map((link) => link.open()));
  const ada = await stage.join("Ada", demo.url + stage.boardPath);
  const grace = await stage.join("Grace", gracesUrl + stage.boardPath);
  const late = await stage.join("Late", latesUrl + stage.boardPath);
  await ada.seesPeople("Ada", "Grace", "Late");
  const log = await watchPresence(ada.page);
  links[0].cut();
  await expect(grace.page.locator(".offline")).toBeVisible();
  await ada.draw([300, 300], [500, 500]);
  links[0].mend();
  await grace.connected();
  await expect(grace.strokes).toHaveCount(1);
  links[1].cut();
  await expect(late.page.locator(".offline")).toBeVisible();
  await expect(ada.toast("Late left")).toBeVisible({ timeout: 15_000 });
  const { counts, toasts } = await log.read();
  expect(counts).toEqual(["3", "2"]);
  expect(toasts).toEqual(["Late left"]);
  await Promise.all([grace.context.close(), late.context.close(), ...links.map((link) => link.close())]);
  await demo.stop();
});
