import { type BrowserContext, expect, type Locator, type Page } from "@playwright/test";

export type Point = readonly [x: number, y: number];

/** Somebody in front of a page of the demo. Points are in the units of the board. */
export class Person {
  /** what a browser complains about: errors of scripts, breaches of the Content-Security-Policy */
  readonly complaints: string[] = [];

  constructor(
    readonly name: string,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      if (/content.security.policy|refused to/i.test(message.text())) this.complaints.push(message.text());
    });
  }

  get board(): Locator {
    return this.page.locator("[live-cursors]");
  }

  get people(): Locator {
    return this.page.locator("[data-presence] [data-user-id]");
  }

  get strokes(): Locator {
    return this.board.locator("path[id]");
  }

  get title(): Locator {
    return this.page.getByLabel("Name of the board");
  }

  get undo(): Locator {
    return this.page.getByRole("button", { name: "Undo" });
  }

  async renameBoard(title: string): Promise<void> {
    await this.title.fill(title);
    await this.title.press("Enter");
  }

  toast(text: string): Locator {
    return this.page.locator("[live-flash] > *", { hasText: text });
  }

  cursorOf(name: string): Locator {
    return this.page.locator("[data-cursor]", { hasText: name });
  }

  async cookie(name: string): Promise<string | undefined> {
    const cookies = await this.context.cookies();
    const found = cookies.find((cookie) => cookie.name === name);
    return found && decodeURIComponent(found.value);
  }

  async visit(url: string): Promise<void> {
    await this.page.goto(url);
    await this.connected();
  }

  /** A page tries again at most ten seconds after it failed. */
  async connected(): Promise<void> {
    await expect(this.page.locator("html")).toHaveAttribute("data-live-state", "connected", { timeout: 15_000 });
  }

  /** The list shows exactly these, and the count says how many. */
  async seesPeople(...names: string[]): Promise<void> {
    await expect
      .poll(async () => (await this.people.locator(".name").allTextContents()).toSorted())
      .toEqual(names.toSorted());
    await expect(this.page.locator("[data-presence-count]")).toHaveText(String(names.length));
  }

  async point([x, y]: Point): Promise<void> {
    await this.page.mouse.move(...(await this.toWindow([x, y])));
  }

  async draw(...points: Point[]): Promise<void> {
    const [first, ...rest] = await Promise.all(points.map((point) => this.toWindow(point)));
    await this.page.mouse.move(...first!);
    await this.page.mouse.down();
    for (const point of rest) await this.page.mouse.move(...point);
    await this.page.mouse.up();
  }

  /** Where this person sees the cursor of another. */
  async seesCursor(name: string): Promise<Point> {
    const [board, cursor] = await Promise.all([this.box(this.board), this.box(this.cursorOf(name))]);
    return [((cursor.x - board.x) * 1600) / board.width, ((cursor.y - board.y) * 900) / board.height];
  }

  /** The cursor of another stands where it points, but for the rounding of screens. */
  async seesCursorAt(name: string, [x, y]: Point): Promise<void> {
    await expect(this.cursorOf(name)).toBeVisible();
    await expect
      .poll(async () => {
        const [seenX, seenY] = await this.seesCursor(name);
        return Math.hypot(seenX - x, seenY - y);
      })
      .toBeLessThan(8);
  }

  private async toWindow([x, y]: Point): Promise<[number, number]> {
    const board = await this.box(this.board);
    return [board.x + (x * board.width) / 1600, board.y + (y * board.height) / 900];
  }

  private async box(locator: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
    const box = await locator.boundingBox();
    if (!box) throw new Error(`${this.name} does not see ${locator.toString()}.`);
    return box;
  }
}
