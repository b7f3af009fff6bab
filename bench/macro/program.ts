// Server programs as users run them: our sources compiled into dist, the program itself beside them, no loader in the process.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import { compile } from "../../scripts/compile.mjs";
import { installPeers } from "./peers.js";

const ROOT = join(import.meta.dirname, "../..");
/** Below `bench/`, so that its packages are found. */
const OUTPUT = join(import.meta.dirname, "../.cache");

let compiled: Promise<void> | null = null;
const programs = new Map<string, Promise<string>>();

/** The file to run for a program of `servers/`; compiled once. */
export function compileProgram(name: string): Promise<string> {
  const known = programs.get(name) ?? bundle(name);
  programs.set(name, known);
  return known;
}

async function bundle(name: string): Promise<string> {
  await (compiled ??= compileSources());
  const outfile = join(OUTPUT, `${name}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, `servers/${name}.ts`)],
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
