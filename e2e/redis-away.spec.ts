import { startRedis } from "../src/testing/redis-server.js";
import { DemoProcess } from "./demo-process.js";
import { expect, test } from "./demo-test.js";

test("while Redis is away a page says that others may be out of date, goes on, and stops saying so when it is back", async ({
  stage,
}) => {
  const redis = await startRedis();
  const demo = new DemoProcess({}, redis.url);
  let again: typeof redis | null = null;
  try {
    await demo.start();
    const ada = await stage.join("Ada", demo.url + stage.boardPath);
    const grace = await stage.join("Grace", demo.url + stage.boardPath);
    await ada.seesPeople("Ada", "Grace");
    const [adas, graces] = [ada, grace].map(({ page }) => page.getByRole("status").filter({ hasText: "out of date" }));
    await expect(adas!).toHaveCount(0);
    await redis.stop();
    await expect(adas!).toBeVisible({ timeout: 30_000 });
    await expect(graces!).toBeVisible({ timeout: 30_000 });
    await ada.page.screenshot({ path: test.info().outputPath("away.png") });
    const late = await stage.join("Late", demo.url + stage.boardPath);
    await ada.seesPeople("Ada", "Grace", "Late");
    await late.seesPeople("Ada", "Grace", "Late");
    again = await startRedis([], redis.port);
    await expect(adas!).toHaveCount(0, { timeout: 30_000 });
    await expect(graces!).toHaveCount(0, { timeout: 30_000 });
    await ada.seesPeople("Ada", "Grace", "Late");
  } finally {
    await demo.stop();
    await again?.stop();
    await redis.stop();
  }
});
