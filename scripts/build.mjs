import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildClient } from "./build-client.mjs";
import { compile } from "./compile.mjs";

rmSync(fileURLToPath(new URL("../dist", import.meta.url)), { recursive: true, force: true });

const { ok, output } = await compile(["src", "client"]);
if (!ok) {
  process.stderr.write(output);
  process.exit(1);
}
for (const { file, bytes, gzipBytes } of await buildClient()) {
  console.log(`${file}  ${bytes} bytes, ${gzipBytes} gzip`);
}
