import { accessSync, constants, existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const MAC_APPS = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/**
 * The first executable file of these names on the PATH.
 * @param {readonly string[]} names
 * @param {string} [path]
 * @returns {string | null}
 */
export function findOnPath(names, path = process.env["PATH"] ?? "") {
  for (const name of names) {
    for (const folder of path.split(delimiter)) {
      const file = join(folder, name);
      if (folder !== "" && isExecutable(file)) return file;
    }
  }
  return null;
}

/**
 * The Chromium that the browser tests drive: CHROMIUM_PATH, else one of the system's, else Playwright's own download.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | null}
 */
export function findChromium(env = process.env) {
  const named = env["CHROMIUM_PATH"];
  if (named) return isExecutable(named) ? named : null;
  return findOnPath(NAMES, env["PATH"]) ?? MAC_APPS.find(isExecutable) ?? downloadedChromium();
}

/** @returns {string | null} */
function downloadedChromium() {
  try {
    const { chromium } = createRequire(import.meta.url)("@playwright/test");
    const file = chromium.executablePath();
    return existsSync(file) ? file : null;
  } catch {
    return null;
  }
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
