import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** @type {readonly import("esbuild").BuildOptions[]} */
export const BUNDLES = [
  { entryPoints: ["client/classic.ts"], outfile: "dist/client/convive.js", format: "iife" },
  { entryPoints: ["client/index.ts"], outfile: "dist/client/convive.mjs", format: "esm" },
];

/** @type {import("esbuild").BuildOptions} */
export const SHARED = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  sourcemap: "linked",
  target: "es2020",
  legalComments: "none",
  logLevel: "silent",
};

/**
 * Bundles the browser's side into dist/client. A file is replaced in one step and only when it changed, so that a
 * server which is reading it never sees half of it.
 * @returns {Promise<{ file: string, bytes: number, gzipBytes: number }[]>}
 */
export async function buildClient() {
  const results = await Promise.all(BUNDLES.map((bundle) => build({ ...SHARED, ...bundle, write: false })));
  const files = results.flatMap((result) => result.outputFiles);
  for (const file of files) replace(file.path, file.contents);
  return files
    .filter((file) => !file.path.endsWith(".map"))
    .map((file) => ({
      file: file.path.slice(ROOT.length),
      bytes: file.contents.length,
      gzipBytes: gzipSync(file.contents, { level: 9 }).length,
    }));
}

/**
 * @param {string} path
 * @param {Uint8Array} contents
 */
function replace(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, contents);
  renameSync(part, path);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const sizes = await buildClient();
  for (const { file, bytes, gzipBytes } of sizes) console.log(`${file}  ${bytes} bytes, ${gzipBytes} gzip`);
}
