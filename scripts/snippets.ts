// Extracts the snippets of the pages in the root and in docs/ into .cache/snippets and checks them: types under both
// compilers, templates by the template compiler, shell lines by bash and against the scripts of package.json.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Templates } from "../src/render/template.js";
import { runCommand } from "./run-command.mjs";
import { assemblePage, isCompiledAlone, pointAtPages, type Page } from "./snippet-reader.mjs";
import { walk } from "./test-files.mjs";

const ROOT = join(import.meta.dirname, "..");
const SNIPPETS = join(ROOT, ".cache/snippets");
const COMPILERS = ["typescript", "typescript-5.9"];
const COMPILER_OPTIONS = {
  composite: false,
  noEmit: true,
  paths: {},
  lib: ["es2023", "esnext.decorators", "dom", "dom.iterable"],
};

export function readPages(): Page[] {
  const pages = [...readdirSync(ROOT), ...walk(ROOT, "docs")].filter((name) => name.endsWith(".md"));
  return pages.map((page) => assemblePage(page, readFileSync(join(ROOT, page), "utf8")));
}

export function writePages(pages: readonly Page[], folder: string): void {
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
 * What is wrong with the snippets of these pages, a text each.
 *
 * @param folder where to write them: two levels below the root, so that the package is found by its own name
 */
export async function snippetProblems(pages: readonly Page[], folder = SNIPPETS): Promise<string[]> {
  writePages(pages, folder);
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };
  const scripts = new Set(Object.keys(manifest.scripts));
  const shell = await Promise.all(pages.map((page) => shellProblems(page, scripts)));
  return [...pages.flatMap(templateProblems), ...shell.flat(), ...(await typeProblems(pages, folder))];
}

async function typeProblems(pages: readonly Page[], folder: string): Promise<string[]> {
  const withTypes = pages.filter(({ files }) => files.some(({ language }) => language === "ts"));
  const together = withTypes.filter((page) => !isCompiledAlone(page));
  const alone = withTypes.filter(isCompiledAlone).map((page) => [page]);
  const groups = [together, ...alone].filter((group) => group.length > 0);
  const problems: string[] = [];
  for (const [index, group] of groups.entries()) {
    const config = join(folder, `tsconfig.${index}.json`);
    const found = await Promise.all(COMPILERS.map((compiler) => compileGroup(compiler, group, config)));
    problems.push(...found.flat());
  }
  return problems;
}

async function compileGroup(compiler: string, group: readonly Page[], config: string): Promise<string[]> {
  const include = group.map((page) => `${page.folder}/**/*.ts`);
  const project = { extends: "../../tsconfig.base.json", compilerOptions: COMPILER_OPTIONS, include };
  writeFileSync(config, JSON.stringify(project));
  const words = [`node_modules/${compiler}/bin/tsc`, "-p", config, "--pretty", "false"];
  const { ok, output } = await runCommand(process.execPath, words, { cwd: ROOT });
  return ok ? [] : [`${compiler}:\n${pointAtPages(output, group)}`];
}

function templateProblems({ page, files }: Page): string[] {
  const templates = new Templates({ directories: [] });
  return files.flatMap(({ language, text, line }) => {
    if (language !== "eta") return [];
    try {
      // Which names a template reads is known once it is compiled; its includes may be anywhere.
      templates.reads({ source: text });
      return [];
    } catch (error) {
      return [`${page}:${line} does not compile: ${(error as Error).message}`];
    }
  });
}

async function shellProblems({ page, files }: Page, scripts: ReadonlySet<string>): Promise<string[]> {
  const problems: string[] = [];
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

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const problems = await snippetProblems(readPages());
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
