import { randomUUID } from "node:crypto";
import { expect, test } from "./demo-test.js";

test("the dashboard counts who is where, and is nowhere itself", async ({ stage, demo }) => {
  const url = `${demo.url}/chat/${randomUUID()}`;
  const key = url.slice(demo.url.length + 1).replace("/", ":");
  const ada = await stage.join("Ada", url);
  const watcher = await stage.join("Watcher", `${demo.url}/dashboard`);
  const row = watcher.page.getByRole("row").filter({ hasText: key });
  await expect(row.getByRole("cell")).toHaveText([key, "1", "1"]);
  const grace = await stage.join("Grace", url);
  await expect(row.getByRole("cell")).toHaveText([key, "2", "2"]);
  for (const { page } of [grace, ada]) await page.close();
  await expect(row).toHaveCount(0);
});
