import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "./run-command.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CLIENT_DECLARATIONS = join(ROOT, "dist/client");

/**
 * Type-checks the named projects, all of them by default, and emits src and client into dist.
 * @param {readonly string[]} [projects]
 */
export async function compile(projects = []) {
  const result = await runCommand(process.execPath, ["node_modules/typescript/bin/tsc", "-b", ...projects], {
    cwd: ROOT,
  });
  pointClientAtDist(CLIENT_DECLARATIONS);
  return result;
}

/**
 * In the sources the client finds src beside itself; in dist it lies inside of src's output.
 * @param {string} folder
 */
export function pointClientAtDist(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder, { encoding: "utf8", recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const file = join(folder, name);
    const text = readFileSync(file, "utf8");
    const mended = text.replace(/"((?:\.\.\/)+)src\//g, '"$1');
    if (mended !== text) writeFileSync(file, mended);
  }
}
