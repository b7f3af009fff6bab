import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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
  copyScripts(join(ROOT, "src"), join(ROOT, "dist"));
  return result;
}

/**
 * Redis' scripts are read from beside the module that uses them, in dist as in src.
 * @param {string} from
 * @param {string} to
 */
export function copyScripts(from, to) {
  for (const name of readdirSync(from, { encoding: "utf8", recursive: true })) {
    if (!name.endsWith(".lua")) continue;
    mkdirSync(dirname(join(to, name)), { recursive: true });
    copyFileSync(join(from, name), join(to, name));
  }
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
