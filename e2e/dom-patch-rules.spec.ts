import { type Page, expect, test } from "@playwright/test";
import { build } from "esbuild";
import type * as domPatch from "./dom-patch/page.js";
import { Narrator } from "./dom-patch/stories.js";

declare global {
  // oxlint-disable-next-line no-var -- only `var` declares a global
  var dom: typeof domPatch;
  // oxlint-disable-next-line no-var -- only `var` declares a global
  var shown: domPatch.Mounted;
  // oxlint-disable-next-line no-var -- only `var` declares a global
  var told: string[];
}

let narrator: Narrator;
let script = "";

test.beforeAll(async () => {
  narrator = new Narrator();
  const options = { bundle: true, format: "iife", globalName: "dom", write: false, target: "es2020" } as const;
  const result = await build({ ...options, entryPoints: ["e2e/dom-patch/page.ts"] });
  script = result.outputFiles[0]!.text;
});
test.afterAll(() => narrator.close());

/** Shows the first state; each call of what it returns goes on to the next. */
async function show(
  page: Page,
  source: string,
  states: readonly object[],
  html?: string,
): Promise<() => Promise<void>> {
  const story = narrator.tell("rules", source, states, { html });
  await page.setContent("<!doctype html><body></body>");
  await page.addScriptTag({ content: script });
  await page.evaluate((given) => {
    globalThis.told = [];
    const tell = (what: string) => (element: Element) => void told.push(`${what} ${element.localName}`);
    globalThis.shown = dom.mount(given, {
      onAdded: tell("added"),
      onRemoved: tell("removed"),
      onUpdated: tell("updated"),
    });
    told.length = 0;
  }, story);
  let at = 0;
  return () =>
    page.evaluate((edit) => {
      if (edit) shown.apply(edit);
    }, story.edits[at++] ?? null);
}

/** HTML of the root as a browser prints it. */
const html = (page: Page) => page.evaluate(() => shown.root.innerHTML);
const rows = (...ids: readonly (string | number)[]) => ({
  rows: ids.map((id) => ({ id: String(id), name: `Row ${id}` })),
});

test.describe("the page", () => {
  test("is left as the server sent it: no marker, nothing more", async ({ page }) => {
    const source = `<ul><% for (const row of it.rows) { %><li class="<%= row.id %>"><%= row.name %></li><% } %></ul><p><% if (it.on) { %>x<% } %></p>`;
    await show(page, source, [rows()]);
    expect(await html(page)).toBe("<ul></ul><p></p>");
    expect(await page.evaluate(() => shown.root.querySelectorAll("ul:empty, p:empty").length)).toBe(2);
  });

  test("keeps its nodes where only values change", async ({ page }) => {
    const next = await show(page, `<p title="<%= it.a %>">a <%= it.b %> c</p>`, [
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ]);
    await page.evaluate(() => {
      const element = shown.root.firstElementChild!;
      Object.assign(globalThis, { kept: [element, ...element.childNodes] });
    });
    await next();
    expect(await html(page)).toBe('<p title="3">a 4 c</p>');
    const isKept = () => {
      const [element, ...texts] = (globalThis as unknown as { kept: Node[] }).kept;
      return element === shown.root.firstElementChild && texts.every((text) => text.parentNode === element);
    };
    expect(await page.evaluate(isKept)).toBe(true);
  });

  test("is made like the rendering where the join finds other HTML, and patched from then on", async ({ page }) => {
    const source = `<ul><% for (const row of it.rows) { %><li id="r<%= row.id %>"><%= row.name %></li><% } %></ul><input name="n">`;
    const next = await show(
      page,
      source,
      [rows(1, 2), rows(2, 1)],
      `<ul><li id="r2">Row 2</li></ul><input name="n"><hr>`,
    );
    expect(await html(page)).toBe('<ul><li id="r1">Row 1</li><li id="r2">Row 2</li></ul><input name="n">');
    const before = await page.evaluate(() => dom.countMorphs());
    await next();
    expect(await html(page)).toBe('<ul><li id="r2">Row 2</li><li id="r1">Row 1</li></ul><input name="n">');
    expect(await page.evaluate(() => dom.countMorphs())).toBe(before);
  });

  test("loads nothing twice and runs nothing for being indexed", async ({ page }) => {
    const requests: string[] = [];
    await page.route("**/*.png", (route) => {
      requests.push(route.request().url());
      return route.fulfill({ status: 404 });
    });
    await page.goto("about:blank");
    const source = `<img src="http://localhost/one.png"><p><%= it.a %></p><%~ it.raw %>`;
    const raw = `<script>globalThis.ran = true</script>`;
    const next = await show(page, source, [
      { a: 1, raw: "" },
      { a: 2, raw },
    ]);
    await next();
    expect(await page.evaluate(() => "ran" in globalThis)).toBe(false);
    expect(requests.length).toBeLessThanOrEqual(1);
  });

  test("tells what was added, removed and updated, when it is whole again", async ({ page }) => {
    const source = `<ul><% for (const row of it.rows) { %><li id="<%= row.id %>" title="<%= row.name %>"><b>x</b></li><% } %></ul>`;
    const states = [rows(1), rows(1, 2), rows(2), { rows: [{ id: "2", name: "other" }] }];
    const next = await show(page, source, states);
    const heard = () => page.evaluate(() => told.splice(0));
    await next();
    expect(await heard()).toEqual(["added li", "updated ul", "updated div"]);
    await next();
    expect(await heard()).toContain("removed li");
    await next();
    expect(await heard()).toEqual(["updated li", "updated ul", "updated div"]);
  });
});

test.describe("what the user does", () => {
  test("keeps caret and selection of a focused input through a hundred changes around it", async ({ page }) => {
    const source = `<p><%= it.n %></p><% for (let i = 0; i < it.n % 3; i++) { %><i><%= i %></i><% } %><form class="<%= it.n %>"><input name="q" value="<%= it.n %>"></form>`;
    const next = await show(
      page,
      source,
      Array.from({ length: 101 }, (_, n) => ({ n })),
    );
    await page.locator("input").fill("hello world");
    await page.locator("input").evaluate((input: HTMLInputElement) => input.setSelectionRange(2, 5, "backward"));
    for (let i = 0; i < 100; i++) await next();
    const state = await page.locator("input").evaluate((input: HTMLInputElement) => {
      const { value, defaultValue, selectionStart, selectionEnd, selectionDirection } = input;
      return {
        value,
        defaultValue,
        selectionStart,
        selectionEnd,
        selectionDirection,
        isFocused: input === document.activeElement,
      };
    });
    expect(state).toEqual({
      value: "hello world",
      defaultValue: "100",
      selectionStart: 2,
      selectionEnd: 5,
      selectionDirection: "backward",
      isFocused: true,
    });
  });

  test("leaves a composition alone", async ({ page }) => {
    const next = await show(page, `<input value="<%= it.n %>"><p><%= it.n %></p>`, [{ n: 1 }, { n: 2 }, { n: 3 }]);
    await page.locator("input").focus();
    const session = await page.context().newCDPSession(page);
    await session.send("Input.imeSetComposition", { text: "にほ", selectionStart: 2, selectionEnd: 2 });
    await next();
    await session.send("Input.imeSetComposition", { text: "にほん", selectionStart: 3, selectionEnd: 3 });
    await next();
    await session.send("Input.insertText", { text: "日本" });
    expect(await page.locator("input").inputValue()).toContain("日本");
    expect(await page.locator("p").textContent()).toBe("3");
  });

  test("keeps dirty fields, also out of focus, until they are submitted", async ({ page }) => {
    const source = `<form><input name="a" value="<%= it.n %>"><textarea><%= it.n %></textarea><select><% for (const o of [1, 2, 3]) { %><option<% if (o === it.n) { %> selected<% } %>><%= o %></option><% } %></select><input type="checkbox"<% if (it.n === 3) { %> checked<% } %>></form><button>x</button>`;
    const next = await show(page, source, [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 1 }]);
    const values = () =>
      page.evaluate(() => {
        const [a, text, select, box] = shown.root.querySelector("form")!.elements as unknown as HTMLInputElement[];
        return [a!.value, text!.value, select!.value, box!.checked];
      });
    expect(await values()).toEqual(["1", "1", "1", false]);
    await next();
    expect(await values()).toEqual(["2", "2", "2", false]);
    await page.locator("[name=a]").fill("mine");
    await page.locator("textarea").fill("mine");
    await page.locator("select").selectOption("1");
    await page.locator("button").focus();
    const isDirty = () =>
      page.evaluate(() => [...shown.root.querySelectorAll("form > *")].map((field) => shown.dom.isDirty(field)));
    expect(await isDirty()).toEqual([true, true, true, false]);
    await next();
    expect(await values()).toEqual(["mine", "mine", "1", true]);
    await page.evaluate(() => shown.dom.markClean(shown.root.querySelector("form")!));
    expect(await isDirty()).toEqual([false, false, false, false]);
    expect(await values()).toEqual(["mine", "mine", "1", true]);
    await next();
    expect(await values()).toEqual(["1", "1", "1", false]);
  });

  test("lets a submitted field that still has the focus be cleared", async ({ page }) => {
    const next = await show(page, `<form><input name="a" value="<%= it.draft %>"></form>`, [
      { draft: "x" },
      { draft: "" },
    ]);
    await page.locator("input").fill("sent");
    await page.evaluate(() => shown.dom.markClean(shown.root.querySelector("form")!));
    await next();
    expect(await page.locator("input").inputValue()).toBe("");
    await expect(page.locator("input")).toBeFocused();
  });

  test("makes a field anew when its key changes", async ({ page }) => {
    const source = `<form><input name="a" live-key="<%= it.n %>"></form>`;
    const next = await show(page, source, [{ n: 1 }, { n: 2 }]);
    await page.locator("input").fill("sent");
    await next();
    expect(await page.locator("input").inputValue()).toBe("");
  });

  test("keeps the choice in a select that gets and loses options", async ({ page }) => {
    const source = `<select><% for (const row of it.rows) { %><option value="<%= row.id %>"><%= row.name %></option><% } %></select>`;
    const next = await show(page, source, [rows(1, 2, 3), rows(9, 1, 3), rows(9, 1, 3, 4)]);
    await page.locator("select").selectOption("3");
    await next();
    await next();
    expect(await page.locator("select").inputValue()).toBe("3");
  });

  for (const hasMoveBefore of [true, false]) {
    test(`keeps the focus in a row that moves ${hasMoveBefore ? "with" : "without"} moveBefore`, async ({ page }) => {
      const source = `<ul><% for (const row of it.rows) { %><li><input name="<%= row.id %>"></li><% } %></ul>`;
      const states = [rows(1, 2, 3, 4), rows(3, 1, 2, 4), rows(1, 2, 4, 3), rows(4, 3, 2, 1)];
      const next = await show(page, source, states);
      if (!hasMoveBefore) await page.evaluate(() => Reflect.deleteProperty(Element.prototype, "moveBefore"));
      await page.locator("[name='3']").fill("abc");
      await page.evaluate(() => {
        const input = document.activeElement as HTMLInputElement;
        input.setSelectionRange(1, 1);
        for (const type of ["blur", "focus"]) input.addEventListener(type, () => told.push(type));
        told.length = 0;
      });
      for (const { rows: expected } of states.slice(1)) {
        await next();
        const names = await page.evaluate(() => [...shown.root.querySelectorAll("input")].map(({ name }) => name));
        expect(names).toEqual(expected.map(({ id }) => id));
        await expect(page.locator("[name='3']")).toBeFocused();
      }
      expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).selectionStart)).toBe(1);
      expect(await page.evaluate(() => told.filter((what) => /^(?:blur|focus)$/.test(what)))).toEqual([]);
    });
  }

  test("keeps open what was opened, unless the server says otherwise", async ({ page }) => {
    const source = `<details class="<%= it.n %>"<% if (it.open) { %> open<% } %>><summary>s</summary><%= it.n %></details><%~ it.raw %>`;
    const states = [
      { n: 1, open: false, raw: "" },
      { n: 2, open: false, raw: "<u>force a morph" },
      { n: 3, open: true, raw: "" },
      { n: 4, open: false, raw: "<b>" },
    ];
    const next = await show(page, source, states);
    await page.locator("summary").click();
    const isOpen = () => page.locator("details").evaluate((details: HTMLDetailsElement) => details.open);
    for (const expected of [true, true, false]) {
      await next();
      expect(await isOpen()).toBe(expected);
    }
  });

  test("keeps scroll, canvas and media through patches and morphs", async ({ page }) => {
    const source = `<div style="height: 50px; overflow: auto"><p style="height: 500px"><%= it.n %></p></div><canvas width="9" height="9"></canvas><video class="<%= it.n %>"></video><%~ it.raw %>`;
    const next = await show(page, source, [
      { n: 1, raw: "" },
      { n: 2, raw: "<u>" },
      { n: 3, raw: "" },
    ]);
    await page.evaluate(() => {
      shown.root.querySelector("div")!.scrollTop = 77;
      shown.root.querySelector("canvas")!.getContext("2d")!.fillRect(0, 0, 9, 9);
      Object.assign(shown.root.querySelector("video")!, { isSame: true });
    });
    await next();
    await next();
    const state = await page.evaluate(() => [
      shown.root.querySelector("div")!.scrollTop,
      shown.root.querySelector("canvas")!.getContext("2d")!.getImageData(0, 0, 1, 1).data[3],
      "isSame" in shown.root.querySelector("video")!,
    ]);
    expect(state).toEqual([77, 255, true]);
  });

  test("does not touch what is being edited in place", async ({ page }) => {
    const source = `<div contenteditable><%= it.n %></div><p><%= it.n %></p>`;
    const next = await show(page, source, [{ n: 1 }, { n: 2 }]);
    await page.locator("div[contenteditable]").click();
    await page.keyboard.type("abc");
    await next();
    expect(await page.locator("div[contenteditable]").textContent()).toContain("abc");
    expect(await page.locator("p").textContent()).toBe("2");
  });
});

test.describe("what hooks and other scripts do", () => {
  test("leaves an ignored element to them, but for data attributes", async ({ page }) => {
    const source = `<div live-ignore class="<%= it.n %>" data-n="<%= it.n %>"><b><%= it.n %></b><% for (let i = 0; i < it.n; i++) { %><i><%= it.n %></i><% } %></div><p><%= it.n %></p><%~ it.raw %>`;
    const states = [
      { n: 1, raw: "" },
      { n: 2, raw: "" },
      { n: 3, raw: "<u>force a morph" },
      { n: 4, raw: "" },
    ];
    const next = await show(page, source, states);
    await page.evaluate(() => (shown.root.firstElementChild!.innerHTML = "<hr>"));
    for (const n of [2, 3, 4]) {
      await next();
      const state = await page.evaluate(() => [
        shown.root.firstElementChild!.outerHTML,
        shown.root.querySelector("p")!.textContent,
      ]);
      expect(state).toEqual([`<div live-ignore="" class="1" data-n="${n}"><hr></div>`, String(n)]);
    }
  });

  test("keeps the attributes they set until the server sets them", async ({ page }) => {
    const source = `<p class="<%= it.c %>" title="<%= it.n %>"><%= it.n %></p><%~ it.raw %>`;
    const states = [
      { c: "a", n: 1, raw: "" },
      { c: "a", n: 2, raw: "" },
      { c: "a", n: 3, raw: "<u>force a morph" },
      { c: "b", n: 4, raw: "" },
      { c: "a", n: 5, raw: "<u>" },
    ];
    const next = await show(page, source, states);
    await page.evaluate(() => {
      shown.root.firstElementChild!.className = "a loading";
      shown.root.firstElementChild!.setAttribute("data-self", "");
    });
    for (const [index, wanted] of ["a loading", "a loading", "b", "a"].entries()) {
      await next();
      const state = await page
        .locator("p")
        .evaluate((p: HTMLElement) => [p.className, p.title, p.hasAttribute("data-self")]);
      expect(state).toEqual([wanted, String(index + 2), true]);
    }
  });

  test("puts right what they changed, when it changes again", async ({ page }) => {
    const source = `<p>a <%= it.n %> b</p><ul><% for (const row of it.rows) { %><li><%= row.name %></li><% } %></ul>`;
    const states = [1, 2, 3, 4].map((n) => ({ n, ...rows(...Array.from({ length: n }, (_, id) => id)) }));
    const next = await show(page, source, states);
    const vandalize = [
      () => shown.root.normalize(),
      () => (shown.root.querySelector("p")!.textContent = "gone"),
      () => shown.root.querySelector("ul")!.prepend(document.createElement("hr"), "text"),
    ];
    for (const act of vandalize) {
      await page.evaluate(act);
      await next();
      expect(await html(page)).toBe(await page.evaluate(() => shown.expected()));
    }
  });
});

test.describe("live-style", () => {
  const source = `<i live-style:color="<%= it.color %>" style="left: <%= it.left %>px" live-style:--size="<%= it.left %>"><%= it.color %></i><% for (const c of it.more) { %><b live-style:color="<%= c %>"></b><% } %>`;

  test("sets one property, and nothing that a value might add", async ({ page }) => {
    const next = await show(page, source, [
      { color: "red", left: 1, more: [] },
      { color: "blue; position: fixed", left: 2, more: [] },
      { color: "green", left: 2, more: ["red", "red; top: 0"] },
    ]);
    const style = () =>
      page.locator("i").evaluate(({ style: { color, left, position, cssText } }) => ({
        color,
        left,
        position,
        size: /--size: (\d)/.exec(cssText)?.[1],
      }));
    expect(await style()).toEqual({ color: "red", left: "1px", position: "", size: "1" });
    await next();
    expect(await style()).toEqual({ color: "", left: "2px", position: "", size: "2" });
    await next();
    expect(await style()).toEqual({ color: "green", left: "2px", position: "", size: "2" });
    expect(await page.locator("b").evaluateAll((all) => all.map((b) => b.style.cssText))).toEqual(["color: red;", ""]);
  });

  test("works where a strict policy forbids style attributes", async ({ page }) => {
    const errors: string[] = [];
    page.on("console", (message) => void (message.type() === "error" && errors.push(message.text())));
    const next = await show(
      page,
      `<i live-style:color="<%= it.c %>"></i><% if (it.more) { %><b live-style:color="<%= it.c %>"></b><% } %>`,
      [{ c: "red" }, { c: "blue", more: true }],
    );
    await page.evaluate(() => {
      const policy = document.createElement("meta");
      policy.httpEquiv = "Content-Security-Policy";
      policy.content = "style-src 'none'; script-src 'none'";
      document.head.append(policy);
    });
    await next();
    const colors = await page
      .locator("i, b")
      .evaluateAll((all) => all.map((element) => getComputedStyle(element).color));
    expect(colors).toEqual(["rgb(0, 0, 255)", "rgb(0, 0, 255)"]);
    expect(errors).toEqual([]);
  });
});
