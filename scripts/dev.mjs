// `npm run dev`: the example server, restarted when its sources change, and the client bundle, rebuilt when its own do.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { context } from "esbuild";
import { BUNDLES, SHARED } from "./build-client.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const bundles = await Promise.all(BUNDLES.map((bundle) => context({ ...SHARED, ...bundle, logLevel: "info" })));
await Promise.all(bundles.map((bundle) => bundle.watch()));

const server = spawn(process.execPath, ["node_modules/tsx/dist/cli.mjs", "watch", "examples/server.ts"], {
  cwd: ROOT,
  stdio: "inherit",
});
server.on("exit", (code) => process.exit(code ?? 1));
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => server.kill(signal));
