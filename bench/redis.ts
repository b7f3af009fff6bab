import { deaths, quiet } from "./redis-load.js";
import { joins } from "./redis-joins.js";
import { crowd, large } from "./redis-room.js";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Result } from "./result.js";

const NAME = "redis";

const PARTS = { joins, large, crowd, deaths, quiet };

export const bench: Bench = {
  name: NAME,
  async run(): Promise<Result[]> {
    const results: Result[] = [];
    const only = process.env["BENCH_PART"];
    for (const [name, part] of Object.entries(PARTS)) {
      if (only !== undefined && name !== only) continue;
      for (const measurement of await part()) results.push(resultOf(NAME, measurement));
    }
    return results;
  },
};

await runAlone(import.meta.url, bench);
