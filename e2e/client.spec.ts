import { expect, type Page, test as base } from "@playwright/test";
import {
  CURSOR,
  ERROR,
  HEARTBEAT,
  PATCH_URL,
  PRESENCE_EVENT,
  REDIRECT,
  STATUS,
  TITLE,
  URL_CHANGED,
} from "../src/protocol.js";
import { ClientStub } from "./client-stub.js";

interface Fixtures {
  stub: ClientStub;
  /** Opens the page and waits until it is live. */
  open: (html: string) => Promise<void>;
  problems: string[];
}

const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the pattern
  stub: async ({}, use) => {
    const stub = await ClientStub.start();
    await use(stub);
    await stub.stop();
  },
  problems: async ({ page }, use) => {
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    await use(problems);
  },
  open: async ({ page, stub, problems }, use) => {
    await use(async (html) => {
      stub.html = html;
      await page.goto(stub.url);
      await isLive(page);
    });
    // The styles of the page itself are inline, which is what the policy is there for.
    expect(problems.filter((text) => !text.includes("inline style"))).toEqual([]);
  },
});

const isLive = (page: Page) => expect(page.locator("html")).toHaveAttribute("data-live-state", "connected");
/** With a clock that only goes on when it is told to. */
const isLiveInTime = (page: Page) =>
  expect(async () => {
    await page.clock.runFor(1_000);
    await expect(page.locator("html")).toHaveAttribute("data-live-state", "connected", { timeout: 500 });
  }).toPass();
const isLost = (page: Page) => expect(page.locator("html")).toHaveAttribute("data-live-state", "disconnected");

test.describe("a live page", () => {
  test("joins with its token and address, and shows what the server says", async ({ page, stub, open }) => {
    stub.joinReply = { title: "told" };
    await open("<p>hello</p>");
    expect(stub.joins[0]).toEqual({ v: 1, token: "token-1", url: "/" });
    await expect(page).toHaveTitle("told");
    stub.diff("<p>changed</p>");
    await expect(page.locator("p")).toHaveText("changed");
    stub.tell(TITLE, { title: "later" });
    await expect(page).toHaveTitle("later");
  });

  test("takes broadcasts to all, and not what was meant for an older join", async ({ page, stub, open }) => {
    await open("<p>one</p>");
    stub.write([null, null, "lv:main", "diff", { d: [{ 0: "<p>two</p>" }] }]);
    await expect(page.locator("p")).toHaveText("two");
    stub.write(["99", null, "lv:main", "diff", { d: [{ 0: "<p>wrong</p>" }] }]);
    stub.write([null, null, "lv:other", "diff", { d: [{ 0: "<p>wrong</p>" }] }]);
    stub.tell(TITLE, { title: "behind them" });
    await expect(page).toHaveTitle("behind them");
    await expect(page.locator("p")).toHaveText("two");
  });

  test("marks who oneself is, also in what comes later", async ({ page, stub, open }) => {
    await open(`<b data-user-id="ada"></b><b data-user-id="bob"></b>`);
    await expect(page.locator("[data-self]")).toHaveCount(1);
    stub.diff(`<b data-user-id="bob"></b><i data-user-id="ada"></i>`);
    await expect(page.locator("i[data-self]")).toHaveCount(1);
    await expect(page.locator("[data-self]")).toHaveCount(1);
  });
});

test.describe("a connection", () => {
  test("comes back by itself, with what it needs to be taken up again", async ({ page, stub, open }) => {
    await open("<p>one</p>");
    stub.html = "<p>two</p>";
    stub.close();
    await isLost(page);
    await isLive(page);
    await expect(page.locator("p")).toHaveText("two");
    expect(stub.joins[1]).toMatchObject({ token: "token-1", resume: "r1" });
  });

  test("tries for ever and says so until it is back", async ({ page, stub, open, problems }) => {
    await open("<p></p>");
    stub.isUp = false;
    stub.close();
    await isLost(page);
    await expect.poll(() => problems.length, { timeout: 20_000 }).toBeGreaterThan(2);
    stub.isUp = true;
    await isLive(page);
    problems.length = 0;
  });

  test("is given up when the server falls silent", async ({ page, stub }) => {
    await page.clock.install();
    await page.goto(stub.url);
    await isLive(page);
    await page.clock.runFor(16_000);
    await stub.eventually((all) => all.of(HEARTBEAT).length > 0, true);
    expect(stub.joins).toHaveLength(1);
    stub.isSilent = true;
    await page.clock.runFor(30_000);
    await isLost(page);
    stub.isSilent = false;
    await isLiveInTime(page);
  });

  test("is made by a new page when the person was told to leave", async ({ page, stub, open }) => {
    await open("<p></p>");
    stub.close(4401);
    await expect.poll(() => stub.pages).toBe(2);
    await isLive(page);
  });

  test("ends cleanly when the page is left", async ({ page, stub, open }) => {
    await open("<p></p>");
    const closed = stub.closeCode();
    await page.goto("about:blank");
    expect([1000, 1001]).toContain(await closed);
  });

  test("joins again after an error of the view, and not after its end", async ({ page, stub, open }) => {
    await open("<p>one</p>");
    stub.html = "<p>two</p>";
    stub.tell(ERROR, {});
    await expect(page.locator("p")).toHaveText("two");
    stub.tell("phx_close", {});
    await expect(page.locator("[data-live]")).toHaveAttribute("data-live-error", "closed");
    expect(stub.joins).toHaveLength(2);
  });
});

test.describe("a refused join", () => {
  test("of a stale page loads it anew, a few times at most", async ({ page, stub, problems }) => {
    await page.addInitScript(() => (Math.random = () => 0));
    stub.refusals = Array.from({ length: 20 }, () => ({ reason: "stale" }));
    stub.html = "<p></p>";
    await page.goto(stub.url, { waitUntil: "commit" });
    await expect(page.locator("[data-live]")).toHaveAttribute("data-live-error", "stale");
    expect(stub.joins).toHaveLength(6);
    expect(stub.pages).toBe(6);
    stub.refusals = [];
    await page.reload();
    await isLive(page);
    expect(await page.evaluate(() => sessionStorage.getItem("convive:reloads"))).toBe("0");
    problems.length = 0;
  });

  test("leads to another page of the site, and nowhere else", async ({ page, stub }) => {
    stub.refusals = [{ reason: "redirect", to: "https://evil.example/" }];
    await page.goto(stub.url);
    await expect.poll(() => stub.joins.length).toBe(1);
    stub.refusals = [{ reason: "redirect", to: "/login" }];
    await page.reload();
    await page.waitForURL("**/login");
    await isLive(page);
    for (const to of ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\t//evil.example/"]) {
      stub.tell(REDIRECT, { to });
    }
    stub.tell(REDIRECT, { to: "/home?x=1" });
    await page.waitForURL("**/home?x=1");
  });

  test("shows its reason, or the server's page of the error, and tries again what may pass", async ({ page, stub }) => {
    await page.addInitScript(() => (Math.random = () => 0.9));
    stub.refusals = [{ reason: "forbidden" }];
    stub.html = "<p>page</p>";
    await page.goto(stub.url);
    await expect(page.locator("[data-live]")).toHaveAttribute("data-live-error", "forbidden");
    await isLive(page);
    stub.refusals = [{ reason: "failed", code: "MOUNT_FAILED", html: "<h1>sorry</h1>" }];
    await page.reload();
    await expect(page.locator("h1")).toHaveText("sorry");
    await expect(page.locator("p")).toHaveText("page");
    await expect(page.locator("[data-live]")).not.toHaveAttribute("data-live-error");
  });
});

test.describe("bindings", () => {
  test("send a flat record of strings and where it came from", async ({ page, stub, open }) => {
    await open(`<button id="b" live-click="add" live-value-kind="x" live-value-two-words="y"><i>+</i></button>`);
    await page.click("i");
    await stub.eventually(
      ({ events }) => events,
      [{ name: "add", value: { kind: "x", "two-words": "y" }, target: "b" }],
    );
  });

  test("know forms, with the button that sent them, and single fields", async ({ page, stub, open }) => {
    await open(`<form id="f" live-submit="save" live-change="check">
      <input name="a" value="1"><input name="a" value="2"><input type="file" name="file"><input type="checkbox" name="c">
      <button name="go" value="now">go</button></form>
      <input id="x" type="checkbox" name="done" live-change="toggle"><input id="y" live-input="type">`);
    await page.click("button");
    await stub.eventually(({ events }) => events[0], { name: "save", value: { a: "2", go: "now" }, target: "f" });
    await page.check("[name=c]");
    await stub.eventually(({ events }) => events[1], { name: "check", value: { a: "2", c: "on" }, target: "f" });
    await page.check("#x");
    await page.uncheck("#x");
    await page.fill("#y", "hi");
    await stub.eventually(
      ({ events }) => events.slice(2).map(({ value }) => value),
      [{ done: "on" }, { done: "" }, { value: "hi" }],
    );
    expect(page.url()).toBe(stub.url);
  });

  test("know keys, focus, the window, and clicks elsewhere", async ({ page, stub, open }) => {
    await open(`<input id="i" live-keydown="key" live-key="Enter Space" live-focus="in" live-blur="out">
      <div id="menu" live-click-away="shut"><u>menu</u></div><s live-window-keyup="any"></s><p>elsewhere</p>`);
    const heard = () => stub.events.map(({ name, value }) => [name, (value as Record<string, string>)["key"]]);
    await page.focus("#i");
    await page.keyboard.press("x");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Space");
    await page.click("u");
    await page.click("p");
    const expected = [
      ["in", undefined],
      ["any", "x"],
      ["key", "Enter"],
      ["any", "Enter"],
      ["key", " "],
      ["any", " "],
      ["out", undefined],
      ["shut", undefined],
    ];
    await stub.eventually(heard, expected);
  });

  test("wait for quiet, and send what waits before the form is sent or the field is left", async ({
    page,
    stub,
    open,
  }) => {
    await open(`<form live-submit="send"><input name="a" live-input="type" live-debounce="5000"><button>go</button></form>
      <input id="z" live-input="type" live-debounce="blur">`);
    await page.locator("[name=a]").pressSequentially("abc");
    await page.keyboard.press("Enter");
    await stub.eventually(
      ({ events }) => events,
      [
        { name: "type", value: { a: "abc" }, target: null },
        { name: "send", value: { a: "abc" }, target: null },
      ],
    );
    await page.locator("#z").pressSequentially("xy");
    expect(stub.events).toHaveLength(2);
    await page.locator("#z").blur();
    await stub.eventually(({ events }) => events[2]?.value, { value: "xy" });
  });

  test("hold back as the server's own options say", async ({ page, stub, open }) => {
    stub.joinReply = { timing: { add: { throttle: 60_000 } } };
    await open(`<button live-click="add">+</button>`);
    for (let click = 0; click < 5; click++) await page.click("button");
    stub.tell(TITLE, { title: "done" });
    await expect(page).toHaveTitle("done");
    expect(stub.events).toHaveLength(1);
  });

  test("mark an element until its answer is there", async ({ page, stub, open, problems }) => {
    stub.answer = () => "never";
    await open(`<button live-click="a">a</button><button live-click="b" live-loading="busy">b</button>`);
    await page.click("text=a");
    await page.click("text=b");
    await expect(page.locator("button.live-loading")).toHaveText("a");
    await expect(page.locator("button.busy")).toHaveText("b");
    stub.close();
    await expect(page.locator(".live-loading,.busy")).toHaveCount(0);
    expect(problems.join()).toContain("DISCONNECTED");
    problems.length = 0;
  });

  test("send late what was done without a link, once and in order", async ({ page, stub, open, problems }) => {
    await open(`<button live-click="a">a</button><button live-click="b">b</button>`);
    stub.isUp = false;
    stub.close();
    await isLost(page);
    await page.click("text=a");
    await page.click("text=b");
    stub.isUp = true;
    await stub.eventually(({ events }) => events.map(({ name }) => name), ["a", "b"]);
    problems.length = 0;
  });

  test("follow links of the page without leaving it", async ({ page, stub, open }) => {
    await open(`<a href="/?tab=2" live-patch>two</a><a href="#there">there</a>`);
    await page.evaluate(() => Object.assign(window, { isSame: true }));
    await page.click("text=two");
    await stub.eventually((all) => all.of(URL_CHANGED), [{ url: "/?tab=2" }]);
    await page.goBack();
    await stub.eventually((all) => all.of(URL_CHANGED), [{ url: "/?tab=2" }, { url: "/" }]);
    stub.tell(PATCH_URL, { url: "/?page=3" });
    await page.waitForURL("**/?page=3");
    expect(await page.evaluate(() => "isSame" in window)).toBe(true);
    expect(stub.of(URL_CHANGED)).toHaveLength(2);
  });

  test("leave clicks for new tabs to the browser", async ({ page, context, open }) => {
    await open(`<a href="/?tab=2" live-patch>two</a>`);
    const opened = context.waitForEvent("page");
    await page.click("a", { modifiers: ["ControlOrMeta"] });
    expect((await opened).url()).toContain("tab=2");
    expect(page.url()).not.toContain("tab=2");
  });
});

test.describe("forms", () => {
  test("show what the server says of them after they were sent, though they are focused", async ({
    page,
    stub,
    open,
  }) => {
    const form = (value: string) => `<form live-submit="send"><input name="a" value="${value}"></form>`;
    stub.answer = () => stub.diff(form("cleaned"));
    await open(form(""));
    await page.fill("input", "  typed ");
    await page.keyboard.press("Enter");
    await expect(page.locator("input")).toHaveValue("cleaned");
  });

  test("are told again to a view that has not heard of them, and to no other", async ({ page, stub, open }) => {
    await open(`<form id="f" live-change="check"><input name="a"><input name="b" value="b"></form>`);
    await page.fill("[name=a]", "typed");
    await stub.eventually(({ events }) => events.length, 0);
    stub.close();
    await isLost(page);
    await isLive(page);
    await stub.eventually(({ events }) => events, [{ name: "check", value: { a: "typed", b: "b" }, target: "f" }]);
    await expect(page.locator("[name=a]")).toHaveValue("typed");
    stub.joinReply = { connection: "own2" };
    stub.close();
    await isLost(page);
    await isLive(page);
    expect(stub.events).toHaveLength(1);
  });
});

test.describe("forms of a server that has forgotten", () => {
  test("are shown and told again, also when it had shown them itself", async ({ page, stub, open }) => {
    const form = (value: string) => `<form id="f" live-input="typing"><input name="a" value="${value}"></form>`;
    stub.answer = ({ value }) => stub.diff(form((value as { a: string }).a));
    await open(form(""));
    const field = page.locator("[name=a]");
    await field.fill("draft");
    await expect(field).toHaveAttribute("value", "draft");
    await field.blur();
    stub.html = form("");
    stub.close();
    await isLost(page);
    await isLive(page);
    await expect(field).toHaveAttribute("value", "draft");
    await expect(field).toHaveValue("draft");
    expect(stub.events.map(({ value }) => value)).toEqual([{ a: "draft" }, { a: "draft" }]);
  });
});

test.describe("hooks and pushed events", () => {
  test.beforeEach(({ stub }) => {
    stub.script = `
      const log = (...words) => (document.title = [...words].join(" "));
      window.phases = [];
      addEventListener("live:news", ({ detail }) => window.phases.push("window " + detail.text));
      Convive.hooks = {
        Life: {
          mounted() {
            this.say("mounted");
            this.handleEvent("news", ({ text }) => this.say("news " + text));
          },
          updated() { this.say("updated"); },
          destroyed() { this.say("destroyed"); },
          disconnected() { this.say("disconnected"); },
          reconnected() { this.say("reconnected"); },
          say(what) { window.phases.push(this.el.id + " " + what); },
        },
        Asks: { async mounted() { log("answer", await this.pushEvent("ask", { n: 1 })); } },
        Throws: { mounted() { throw new Error("of the hook"); } },
      };`;
  });
  const phases = (page: Page) => page.evaluate(() => (window as unknown as { phases: string[] }).phases);

  test("run through their lives", async ({ page, stub, open }) => {
    await open(`<p id="a" live-hook="Life"></p>`);
    stub.diff(`<p id="a" class="x" live-hook="Life"></p><p id="b" live-hook="Life"></p>`);
    await expect.poll(() => phases(page)).toEqual(["a mounted", "b mounted", "a updated"]);
    stub.push("news", { text: "1" });
    await expect.poll(() => phases(page)).toEqual(expect.arrayContaining(["a news 1", "b news 1", "window 1"]));
    stub.tellRoom(PRESENCE_EVENT, { event: "news", payload: { text: "2" } });
    await expect.poll(() => phases(page)).toContain("a news 2");
    stub.html = `<p id="b" live-hook="Life"></p>`;
    stub.close();
    await expect
      .poll(() => phases(page))
      .toEqual(expect.arrayContaining(["a disconnected", "a destroyed", "b reconnected"]));
    const before = (await phases(page)).length;
    stub.push("news", { text: "3" });
    await expect.poll(async () => (await phases(page)).slice(before)).toEqual(["b news 3", "window 3"]);
  });

  test("ask and are answered", async ({ page, stub, open }) => {
    stub.answer = ({ name, value }) => `${name} ${JSON.stringify(value)}`;
    await open(`<p live-hook="Asks"></p>`);
    await expect(page).toHaveTitle(`answer ask {"n":1}`);
  });

  test("break nothing when they throw", async ({ page, stub, open, problems }) => {
    await open(`<p live-hook="Throws"></p><p id="a" live-hook="Life"></p><i live-hook="Nobody"></i>`);
    expect(await phases(page)).toEqual(["a mounted"]);
    stub.diff("<p>goes on</p>");
    await expect(page.getByText("goes on")).toBeVisible();
    expect(problems.join()).toContain("of the hook");
    expect(problems.join()).toContain("Nobody");
    problems.length = 0;
  });

  test("flash messages as text, a few at a time and for a while", async ({ page, stub, open }) => {
    await page.clock.install();
    await open(`<div live-flash></div>`);
    await expect(page.locator("[live-flash]")).toHaveAttribute("role", "status");
    for (let n = 1; n <= 6; n++) stub.push("flash", { message: `<b>${n}</b>`, kind: "error" });
    await expect(page.locator("[live-flash] > *")).toHaveText(["<b>3</b>", "<b>4</b>", "<b>5</b>", "<b>6</b>"]);
    await expect(page.locator("[data-kind=error]")).toHaveCount(4);
    stub.diff(`<p>new</p><div live-flash></div>`);
    await expect(page.locator("[live-flash] > *")).toHaveCount(4);
    await page.hover("[live-flash]");
    await page.clock.runFor(8_000);
    await expect(page.locator("[live-flash] > *")).toHaveCount(4);
    await page.mouse.move(0, 600);
    await page.clock.runFor(2_000);
    await expect(page.locator("[live-flash] > *")).toHaveCount(0);
  });
});

test.describe("cursors", () => {
  const BOARD = `<div live-cursors style="x"></div>`;
  const CSS = `<link rel="stylesheet" href="/nothing.css">`;

  test.beforeEach(({ stub }) => {
    stub.hasCsp = false;
    stub.head = `${CSS}<style>[live-cursors] { position: absolute; left: 50px; top: 20px; width: 400px; height: 300px }</style>`;
  });

  test("are told while they move, with the last place, and when they leave", async ({ page, stub, open }) => {
    await open(BOARD);
    await page.mouse.move(60, 40);
    await page.mouse.move(150.5, 120, { steps: 10 });
    await stub.eventually((all) => all.of(CURSOR).at(-1), [100.5, 100]);
    expect(stub.of(CURSOR).length).toBeLessThan(10);
    expect(stub.frames.find((frame) => frame[3] === CURSOR)![1]).toBeNull();
    await page.mouse.move(10, 10);
    await stub.eventually((all) => all.of(CURSOR).at(-1), []);
    const count = stub.of(CURSOR).length;
    await page.mouse.move(12, 12);
    await page.mouse.move(70, 50);
    await stub.eventually((all) => all.of(CURSOR).slice(count), [[20, 30]]);
  });

  test("are counted in the units of the element", async ({ page, stub, open }) => {
    await open(`<div live-cursors="1600x900"></div>`);
    await page.mouse.move(250, 170);
    await stub.eventually((all) => all.of(CURSOR).at(-1), [800, 450]);
    stub.cursors({ n: 1, c: [["c9", 800, 450]], p: { c9: { user: "bob", name: "Bob" } } });
    const box = () => page.locator("[data-cursor]").boundingBox();
    await expect.poll(async () => [(await box())?.x, (await box())?.y]).toEqual([250, 170]);
  });

  test("of others are drawn with their names and colors, outside of what is patched", async ({ page, stub, open }) => {
    await open(BOARD);
    stub.cursors({
      n: 1,
      c: [
        ["own1", 1, 1],
        ["c2", 100, 50],
        ["c3", 5, 5],
      ],
      p: {
        own1: { user: "ada", name: "Ada" },
        c2: { user: "bob", name: "<b>Bob</b>", color: "rgb(1, 2, 3)" },
        c3: { user: "ada", name: "Ada", color: "red;position:fixed" },
      },
    });
    await expect(page.locator("[data-cursor]")).toHaveCount(2);
    await expect(page.locator("[data-cursor=c2]")).toHaveText("<b>Bob</b>");
    await expect(page.locator("[data-cursor=c2]")).toHaveCSS("color", "rgb(1, 2, 3)");
    await expect(page.locator("[data-cursor=c3]")).toHaveCSS("position", "absolute");
    expect(await page.locator("[data-cursor=c2]").boundingBox()).toMatchObject({ x: 150, y: 70 });
    expect(await page.locator("[data-live] [data-cursor]").count()).toBe(0);
    stub.diff(`<p>another</p>${BOARD}`);
    await expect(page.locator("p")).toHaveText("another");
    await expect(page.locator("[data-cursor]")).toHaveCount(2);
    stub.cursors({ n: 2, l: ["c3"] });
    await expect(page.locator("[data-cursor]")).toHaveCount(1);
    stub.diff("<p>no board</p>");
    await expect(page.locator("[data-cursor]")).toHaveCount(0);
  });

  test("look the same whatever the app says of its own drawings", async ({ page, stub, open }) => {
    stub.hasCsp = false;
    await open(BOARD);
    await page.addStyleTag({
      content: "svg { width: 800px; border: 1px solid red } path { fill: none; stroke-width: 9 }",
    });
    stub.cursors({ n: 1, c: [["c2", 9, 9]], p: { c2: { user: "bob", name: "Bob", color: "rgb(1, 2, 3)" } } });
    await expect(page.locator("[data-cursor] path")).toHaveCSS("fill", "rgb(1, 2, 3)");
    await expect(page.locator("[data-cursor] path")).toHaveCSS("stroke-width", "3px");
    await expect(page.locator("[data-cursor] svg")).toHaveCSS("width", "180px");
  });

  test("glide from place to place, and jump for those who want calm", async ({ page, stub, open }) => {
    await open(BOARD);
    const left = () => page.locator("[data-cursor]").evaluate((element) => element.getBoundingClientRect().left);
    await page.evaluate(() => {
      document.addEventListener("transitionrun", ({ propertyName }) => (document.title += ` ${propertyName}`));
      document.title = "glides:";
    });
    stub.cursors({ n: 1, c: [["c2", 0, 0]], p: { c2: { user: "bob", name: "Bob" } } });
    await expect.poll(left).toBe(50);
    await expect(page).toHaveTitle("glides:");
    stub.cursors({ n: 2, c: [["c2", 200, 0]] });
    await expect.poll(left).toBe(250);
    await expect(page).toHaveTitle("glides: transform");
    await page.emulateMedia({ reducedMotion: "reduce" });
    stub.cursors({ n: 3, c: [["c2", 300, 0]] });
    await expect.poll(left).toBe(350);
    await expect(page).toHaveTitle("glides: transform");
  });

  test("follow the page when it scrolls or changes", async ({ page, stub, open }) => {
    stub.foot = `<div style="height: 5000px"></div>`;
    await open(BOARD);
    stub.cursors({ n: 1, c: [["c2", 10, 10]], p: { c2: { user: "bob" } } });
    const top = () => page.locator("[data-cursor]").evaluate((element) => element.getBoundingClientRect().top);
    await expect.poll(top).toBe(30);
    await page.evaluate(() => scrollTo(0, 100));
    await expect.poll(top).toBe(-70);
    await page.mouse.move(60, 5);
    await stub.eventually((all) => all.of(CURSOR).at(-1), [10, 85]);
    await page.evaluate(() => scrollTo(0, 110));
    await stub.eventually((all) => all.of(CURSOR).at(-1), [10, 95]);
  });

  test("forget frames that come late, and whoever is missing in a whole room", async ({ page, stub, open }) => {
    await open(BOARD);
    const left = (connection: string) =>
      page.locator(`[data-cursor=${connection}]`).evaluate((element) => element.getBoundingClientRect().left);
    stub.cursors({
      n: 5,
      c: [
        ["c2", 10, 0],
        ["c3", 20, 0],
      ],
    });
    stub.cursors({ n: 4, c: [["c2", 99, 0]] });
    stub.cursors({ n: 5, c: [["c2", 30, 0]], all: true });
    await expect(page.locator("[data-cursor]")).toHaveCount(1);
    await expect.poll(() => left("c2")).toBe(80);
    stub.close();
    await isLost(page);
    await isLive(page);
    await expect(page.locator("[data-cursor]")).toHaveCount(0);
    stub.cursors({ n: 1, c: [["c2", 40, 0]] });
    await expect.poll(() => left("c2")).toBe(90);
  });

  test("fade when they rest", async ({ page, stub, open }) => {
    await open(BOARD);
    stub.cursors({ n: 1, c: [["c2", 10, 0]], p: { c2: { user: "bob" } } });
    const cursor = page.locator("[data-cursor]");
    await expect(cursor).toHaveCSS("opacity", "1");
    await cursor.evaluate((element) => (element.getAnimations()[0]!.currentTime = 11_000));
    await expect(cursor).toHaveCSS("opacity", "0.35");
    stub.cursors({ n: 2, c: [["c2", 20, 0]] });
    await expect(cursor).toHaveCSS("opacity", "1");
  });

  test("are drawn under a strict policy too", async ({ page, stub, open }) => {
    stub.hasCsp = true;
    await open(`<div live-cursors><p>board</p></div>`);
    stub.cursors({ n: 1, c: [["c2", 3, 4]], p: { c2: { user: "bob", name: "Bob", color: "#f00" } } });
    const cursor = page.locator("[data-cursor]");
    await expect(cursor).toHaveCSS("color", "rgb(255, 0, 0)");
    await expect(cursor).toHaveCSS("position", "absolute");
  });
});

test.describe("the status", () => {
  test("is told when it changes, and to a view that does not know it", async ({ page, stub, open }) => {
    await page.clock.install();
    await open("<p></p>");
    await page.clock.fastForward(70_000);
    await stub.eventually((all) => all.of(STATUS), ["idle"]);
    stub.close();
    await isLost(page);
    await isLiveInTime(page);
    await stub.eventually((all) => all.of(STATUS), ["idle", "idle"]);
    await page.clock.runFor(6_000);
    await page.mouse.move(5, 5);
    await page.mouse.move(6, 6);
    await stub.eventually((all) => all.of(STATUS), ["idle", "idle", "active"]);
  });
});
