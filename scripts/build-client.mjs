import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** @type {readonly import("esbuild").BuildOptions[]} */
export const BUNDLES = [
  { entryPoints: ["client/classic.ts"], outfile: "dist/client/convive.js", format: "iife" },
  { entryPoints: ["client/index.ts"], outfile: "dist/client/convive.mjs", format: "esm" },
  { entryPoints: ["client/carets-classic.ts"], outfile: "dist/client/carets.js", format: "iife" },
  { entryPoints: ["client/carets.ts"], outfile: "dist/client/carets.mjs", format: "esm" },
];

/** Looks of the ready parts, as they are. */
const LOOKS = {
  path: join(ROOT, "dist/client/convive.css"),
  contents: readFileSync(join(ROOT, "client/convive.css")),
};

/** @type {import("terser").MinifyOptions} */
const COMPRESSION = {
  ecma: 2020,
  toplevel: true,
  compress: { passes: 3, unsafe_arrows: true, pure_getters: true, keep_fargs: false },
};
const SETTINGS = JSON.stringify(COMPRESSION);

/** @type {import("esbuild").BuildOptions} */
export const SHARED = {
  absWorkingDir: ROOT,
  bundle: true,
  // Terser does it: the bundle is 3 % smaller after it than after esbuild.
  minify: false,
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
  const files = (await Promise.all(BUNDLES.map(bundled))).flat();
  for (const { path, contents } of [...files, LOOKS]) replace(path, contents);
  return files
    .filter(({ path }) => !path.endsWith(".map"))
    .map(({ path, contents }) => ({
      file: path.slice(ROOT.length),
      bytes: contents.length,
      gzipBytes: gzipSync(contents, { level: 9 }).length,
    }));
}

/**
 * @param {import("esbuild").BuildOptions} bundle
 * @returns {Promise<{ path: string, contents: Buffer }[]>} the script and its map
 */
async function bundled(bundle) {
  const { outputFiles } = await build({ ...SHARED, ...bundle, sourcemap: "external", write: false });
  const script = outputFiles.find(({ path }) => !path.endsWith(".map"));
  const map = outputFiles.find(({ path }) => path.endsWith(".map"));
  if (!script || !map) throw new Error("esbuild gave no script or no map.");
  const stamp = createHash("sha256").update(SETTINGS).update(script.text).update(map.text).digest("hex");
  return kept(script.path, stamp) ?? (await minified(script, map, bundle.format === "esm", stamp));
}

/**
 * @param {import("esbuild").OutputFile} script
 * @param {import("esbuild").OutputFile} map
 * @param {boolean} module
 * @param {string} stamp
 */
async function minified(script, map, module, stamp) {
  const small = await minify(script.text, {
    ...COMPRESSION,
    module,
    sourceMap: { content: map.text, filename: basename(script.path), url: basename(map.path) },
  });
  writeFileSync(stampFile(script.path), stamp);
  return [
    { path: script.path, contents: Buffer.from(small.code ?? "") },
    { path: map.path, contents: Buffer.from(typeof small.map === "string" ? small.map : JSON.stringify(small.map)) },
  ];
}

/**
 * What lies in dist/client, if it was made of the same sources: compressing takes a second, and this runs before every start.
 * @param {string} path
 * @param {string} stamp
 */
function kept(path, stamp) {
  const paths = [path, `${path}.map`];
  if (!existsSync(stampFile(path)) || !paths.every((each) => existsSync(each))) return null;
  if (readFileSync(stampFile(path), "utf8") !== stamp) return null;
  return paths.map((each) => ({ path: each, contents: readFileSync(each) }));
}

/** @param {string} path */
function stampFile(path) {
  const directory = join(ROOT, ".cache");
  mkdirSync(directory, { recursive: true });
  return join(directory, `${basename(path)}.stamp`);
}

/**
 * @param {string} path
 * @param {Buffer} contents
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
