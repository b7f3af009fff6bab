import { readdirSync } from "node:fs";
import { join } from "node:path";

const ROOMS = ["src", "client", "examples", "scripts", "bench", "e2e"];

/**
 * Every file below a folder, sorted, as paths from the root with forward slashes.
 * @param {string} root
 * @param {string} folder
 * @returns {string[]}
 */
export function walk(root, folder) {
  /** @type {string[]} */
  const files = [];
  for (const entry of readFolder(join(root, folder))) {
    if (entry.name === "node_modules" || entry.name.startsWith(".")) continue;
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) files.push(...walk(root, path));
    else if (entry.isFile()) files.push(path);
  }
  return files.toSorted();
}

/** @param {string} folder */
function readFolder(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return [];
    throw error;
  }
}

/**
 * The tests of the house: `*.test.ts` for node:test, `e2e/*.spec.ts` for the browser. Filters are parts of a path.
 * @param {string} root
 * @param {readonly string[]} filters
 * @returns {{ unit: string[], browser: string[] }}
 */
export function findTests(root, filters) {
  const files = ROOMS.flatMap((room) => walk(root, room)).filter((file) => matches(file, filters));
  return {
    unit: files.filter((file) => file.endsWith(".test.ts")),
    browser: files.filter((file) => file.startsWith("e2e/") && file.endsWith(".spec.ts")),
  };
}

/**
 * @param {string} file
 * @param {readonly string[]} filters
 */
function matches(file, filters) {
  return filters.length === 0 || filters.some((filter) => file.includes(filter.replace(/^\.\//, "")));
}
