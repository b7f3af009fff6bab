import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "./demo-test.js";

const HOSTILE_NAMES = [
  "<img src=x onerror=alert(1)>",
  '"><svg onload=alert(1)>',
  "</style><script>alert(1)</script>",
  "<%= 7*7 %>",
];

for (const name of HOSTILE_NAMES) {
  test(`the name ${name} is shown as text`, async ({ stage }) => {
    const ada = await stage.join("Ada");
    let alerts = 0;
    ada.page.on("dialog", (dialog) => void dialog.dismiss().then(() => alerts++));
    const mallory = await stage.join(name);
    await ada.seesPeople("Ada", name);
    await mallory.point([400, 300]);
    await expect(ada.page.locator("[data-cursor]")).toHaveText([name]);
    await expect(ada.toast("joined")).toHaveText(`${name} joined`);
    await expect(ada.page.locator("img, [onerror], [onload], body script, body style")).toHaveCount(0);
    expect(alerts).toBe(0);
  });
}

test("a name can neither turn the text around it nor be endless", async ({ stage }) => {
  const ada = await stage.join("Ada");
  await stage.join("evil\u202Egnp.exe");
  await ada.seesPeople("Ada", "evil gnp.exe");
  const mallory = await stage.join("x".repeat(10_000));
  await ada.seesPeople("Ada", "evil gnp.exe", "x".repeat(40));
  const field = mallory.page.getByLabel("You");
  await field.evaluate((input) => input.removeAttribute("maxlength"));
  await field.fill("y".repeat(10_000));
  await field.press("Enter");
  await ada.seesPeople("Ada", "evil gnp.exe", "y".repeat(40));
});

test("every page has a strict Content-Security-Policy", async ({ stage, demo }) => {
  for (const path of ["/", stage.boardPath]) {
    const policy = (await fetch(demo.url + path)).headers.get("content-security-policy") ?? "";
    for (const rule of ["default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'"]) {
      expect(policy).toContain(rule);
    }
    expect(policy).not.toContain("unsafe");
  }
});

test("a page of another origin may not connect", async ({ page, demo }) => {
  const server = createServer((_request, response) => void response.setHeader("Content-Type", "text/html").end("<p>"));
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const connect = (url: string) =>
    page.evaluate(
      (to) =>
        new Promise((resolve) => {
          const socket = new WebSocket(to);
          socket.onopen = () => resolve("open");
          socket.onclose = () => resolve("refused");
        }),
      url,
    );
  const socketUrl = `${demo.url.replace("http", "ws")}/convive/websocket?vsn=2.0.0`;
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  expect(await connect(socketUrl)).toBe("refused");
  await page.goto(demo.url);
  expect(await connect(socketUrl)).toBe("open");
  server.close();
});

test("nobody can be somebody else: an id is no key to a person", async ({ stage, browser, demo }) => {
  const ada = await stage.join("Ada");
  const id = await ada.people.getAttribute("data-user-id");
  const context = await browser.newContext();
  await context.addCookies([{ name: "demo_person", value: id!, url: demo.url }]);
  const page = await context.newPage();
  await page.goto(`${demo.url + stage.boardPath}?name=Mallory`);
  await ada.seesPeople("Ada", "Mallory");
  await context.close();
});

test("health is told, and a board that cannot be is not found", async ({ demo }) => {
  expect(await (await fetch(`${demo.url}/healthz`)).json()).toEqual({ status: "ok" });
  expect((await fetch(`${demo.url}/whiteboard/${"x".repeat(65)}`)).status).toBe(404);
  expect((await fetch(`${demo.url}/whiteboard/a%2Fb`)).status).toBe(404);
});
