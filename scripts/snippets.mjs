// Extracts the snippets of README.md, CONTRIBUTING.md and docs/*.md into .cache/snippets and checks them: types under both
// compilers, templates by the template compiler, shell lines by bash and against the scripts of package.json.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Eta } from "eta";
import { runCommand } from "./run-command.mjs";
import { assemblePage, isCompiledAlone, pointAtPages } from "./snippet-reader.mjs";
import { walk } from "./test-files.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SNIPPETS = join(ROOT, ".cache/snippets");
const COMPILERS = ["typescript", "typescript-5.9"];
const COMPILER_OPTIONS = {
  composite: false,
  noEmit: true,
  paths: {},
  lib: ["es2023", "esnext.decorators", "dom", "dom.iterable"],
};

/** @typedef {import("./snippet-reader.mjs").Page} Page */

/** @param {string} root */
export function readPages(root = ROOT) {
  const pages = [...readdirSync(root), ...walk(root, "docs")].filter((name) => name.endsWith(".md"));
  return pages.map((page) => assemblePage(page, readFileSync(join(root, page), "utf8")));
}

/**
 * @param {readonly Page[]} pages
 * @param {string} folder
 */
export function writePages(pages, folder) {
  rmSync(folder, { recursive: true, force: true });
  for (const page of pages) {
    for (const file of page.files) {
      const path = join(folder, page.folder, file.path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, file.text);
    }
  }
}

/**
 * @param {readonly Page[]} pages
 * @param {string} folder where they were written
 * @returns {Promise<string[]>} problems
 */
async function typeProblems(pages, folder) {
  const withTypes = pages.filter(({ files }) => files.some(({ language }) => language === "ts"));
  const together = withTypes.filter((page) => !isCompiledAlone(page));
  const groups = [together, ...withTypes.filter(isCompiledAlone).map((page) => [page])].filter(
    (group) => group.length > 0,
  );
  const runs = groups.flatMap((group, index) =>
    COMPILERS.map((compiler) => compileGroup(compiler, group, join(folder, `tsconfig.${index}.json`))),
  );
  return (await Promise.all(runs)).flat();
}

/**
 * @param {string} compiler
 * @param {readonly Page[]} group
 * @param {string} config the file to write the project into
 */
async function compileGroup(compiler, group, config) {
  const include = group.map(({ folder }) => `${folder}/**/*.ts`);
  writeFileSync(
    config,
    JSON.stringify({ extends: "../../tsconfig.base.json", compilerOptions: COMPILER_OPTIONS, include }),
  );
  const words = [`node_modules/${compiler}/bin/tsc`, "-p", config, "--pretty", "false"];
  const { ok, output } = await runCommand(process.execPath, words, { cwd: ROOT });
  return ok ? [] : [`${compiler}:\n${pointAtPages(output, group)}`];
}

/**
 * @param {Page} page
 * @returns {string[]}
 */
function templateProblems({ page, files }) {
  const eta = new Eta();
  return files.flatMap(({ language, text, line }) => {
    if (language !== "eta") return [];
    try {
      eta.compile(text);
      return [];
    } catch (error) {
      return [`${page}:${line} does not compile: ${/** @type {Error} */ (error).message}`];
    }
  });
}

/**
 * @param {Page} page
 * @param {ReadonlySet<string>} scripts those of package.json
 * @returns {Promise<string[]>}
 */
async function shellProblems({ page, files }, scripts) {
  /** @type {string[]} */
  const problems = [];
  for (const { language, text, line } of files) {
    if (language !== "sh") continue;
    const { ok, output } = await runCommand("bash", ["-n", "-c", text]);
    if (!ok) problems.push(`${page}:${line} ${output.trim()}`);
    for (const [, named, short] of text.matchAll(/^npm (?:run ([\w:-]+)|(start|test)\b)/gm)) {
      const script = named ?? short ?? "";
      if (!scripts.has(script)) problems.push(`${page}:${line} package.json has no script "${script}".`);
    }
  }
  return problems;
}

/**
 * @param {readonly Page[]} pages
 * @param {string} [folder] a folder two levels below the root, so that the package is found by its own name
 * @returns {Promise<string[]>}
 */
export async function snippetProblems(pages, folder = SNIPPETS) {
  writePages(pages, folder);
  const scripts = new Set(Object.keys(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).scripts));
  const shell = await Promise.all(pages.map((page) => shellProblems(page, scripts)));
  return [...pages.flatMap(templateProblems), ...shell.flat(), ...(await typeProblems(pages, folder))];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const problems = await snippetProblems(readPages());
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
