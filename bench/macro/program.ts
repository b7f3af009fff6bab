// Programs as users run them: our sources compiled into dist, the program itself beside them, no loader in the process.
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import { compile } from "../../scripts/compile.mjs";
import { installPeers } from "./peers.js";

const ROOT = join(import.meta.dirname, "../..");
/** Below `bench/`, so that its packages are found. */
const OUTPUT = join(import.meta.dirname, "../.cache");

let compiled: Promise<void> | null = null;
const programs = new Map<string, Promise<string>>();

/** The file to run for this one, given by its path; compiled once. */
export function compileProgram(entry: string): Promise<string> {
  const known = programs.get(entry) ?? bundle(entry);
  programs.set(entry, known);
  return known;
}

async function bundle(entry: string): Promise<string> {
  await (compiled ??= compileSources());
  const outfile = join(OUTPUT, `${basename(entry, ".ts")}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    sourcemap: "inline",
    plugins: [ourselvesFromDist],
    logLevel: "error",
  });
  return outfile;
}

async function compileSources(): Promise<void> {
  installPeers();
  const { ok, output } = await compile(["src"]);
  if (!ok) throw new Error(`The sources do not compile:\n${output}`);
}

const ourselvesFromDist: Plugin = {
  name: "ourselves-from-dist",
  setup({ onResolve }) {
    onResolve({ filter: /^(\.\.\/)+src\// }, ({ path }) => {
      const file = join(ROOT, "dist", path.replace(/^(\.\.\/)+src\//, ""));
      return { path: pathToFileURL(file).href, external: true };
    });
  },
};
