import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { buildClient } from "../scripts/build-client.mjs";
import { runAlone } from "./report.js";
import { resultOf, type Bench, type Result } from "./result.js";

const NAME = "size";
const BUDGET_BYTES = 13 * 1024;
const PEER =
  'import { Socket } from "phoenix"; import { LiveSocket } from "phoenix_live_view"; new LiveSocket("/live", Socket).connect();';

/** All that a page loads, compressed as a server would send it, beside what a page of Phoenix LiveView loads. */
async function run(): Promise<Result[]> {
  const baseline = { name: "phoenix + phoenix_live_view", value: await peerBytes() };
  const bundles = await buildClient();
  return bundles.map(({ file, gzipBytes }) => {
    return resultOf(NAME, {
      case: `${file}, gzip`,
      value: gzipBytes,
      unit: "bytes",
      baseline,
      target: { value: BUDGET_BYTES },
    });
  });
}

async function peerBytes(): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: PEER, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2020",
    legalComments: "none",
    write: false,
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

export const bench: Bench = { name: NAME, run };

await runAlone(import.meta.url, bench);
