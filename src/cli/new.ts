import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT, misused, type Exit } from "./exit.js";
import type { Command, Invocation } from "./invocation.js";

/** In the package, from `src` as from `dist`. */
const SCAFFOLD = fileURLToPath(new URL("../../templates/new/", import.meta.url));
const NAME = /^[a-z0-9][a-z0-9._-]{0,200}$/;
/** Names that packing a package would change. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: ".gitignore" };

/** Begins an app: a page that people share, ready to be started. */
export const newCommand: Command = {
  name: "new",
  words: ["<folder>"],
  summary: "begin an app: a page that people share",
  more: "Writes a small app into a folder that is new or empty. It needs no Redis.",
  options: {},
  run,
};

async function run({ words: [folder = ""], print }: Invocation): Promise<Exit> {
  const target = resolve(folder);
  const name = basename(target);
  if (!NAME.test(name))
    throw misused(`${JSON.stringify(name)} is no name of a package: use small letters, digits and "-".`);
  if (existsSync(target) && readdirSync(target).length > 0)
    throw misused(`${target} is not empty; choose another folder.`);
  const files = filesOf(SCAFFOLD);
  for (const file of files) write(join(target, RENAMED[file] ?? file), filled(join(SCAFFOLD, file), name));
  const written = { folder: target, files: files.map((file) => RENAMED[file] ?? file) };
  print.result(written, `${target} is there. Now:\n\n  cd ${folder}\n  npm install\n  npm start\n`);
  return EXIT.ok;
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
    .toSorted();
}

function filled(file: string, name: string): string {
  return readFileSync(file, "utf8").replaceAll("{{name}}", name).replaceAll("{{convive}}", `^${version()}`);
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { flag: "wx" });
}

function version(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
