// Makes a clone ready: `node scripts/setup.mjs check | start [--redis] | test [--redis]`. Plain Node: it runs before any package is there.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findChromium, findOnPath } from "./chromium.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OLDEST_NODE = [20, 19];
const COMMAND_DEADLINE_MS = 600_000;
/** npm's own pauses add up to more than a minute before it admits that there is no network. */
const NPM_RETRIES = ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];

/** @typedef {"check" | "start" | "test"} Goal check: packages only; start: and the client bundle; test: and a browser */
/** @typedef {{ name: string, find: () => string | null, packages: readonly string[], advice: string }} Program */

/** @type {Program} */
const CHROMIUM = {
  name: "Chromium",
  find: findChromium,
  packages: ["chromium", "fonts-dejavu-core"],
  advice: "Install Chromium or Chrome, or name one with CHROMIUM_PATH; without it the browser tests fail.",
};

/** @type {Program} */
const REDIS = {
  name: "redis-server",
  find: () => findOnPath(["redis-server"]),
  packages: ["redis-server"],
  advice: "Install redis-server (6.2 or newer) and put it on the PATH; several nodes and the tests of Redis need it.",
};

/**
 * Is all that package-lock.json names in node_modules, at the same version? npm keeps its own record of what it installed.
 * @param {string} root
 */
export function packagesAreInstalled(root) {
  const installed = readPackages(join(root, "node_modules/.package-lock.json"));
  const wanted = readPackages(join(root, "package-lock.json"));
  if (installed === null || wanted === null) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "" || entry.optional) return true;
    const there = installed[path];
    return there?.version === entry.version && there?.integrity === entry.integrity;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }> | null}
 */
function readPackages(file) {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return null;
  }
}

/** `--include=dev`, since the tools that start the example are development dependencies and NODE_ENV may be production. */
function installPackages() {
  say("Installing packages with npm ci …");
  const npm = process.env["npm_execpath"];
  const words = ["ci", "--include=dev", "--no-audit", "--no-fund", "--prefer-offline", ...NPM_RETRIES];
  const done = npm?.endsWith("js") ? run(process.execPath, [npm, ...words]) : run("npm", words);
  if (done) return;
  fail(
    "npm ci did not succeed; npm says why above. If it could not download (ENOTFOUND, ECONNREFUSED, ETIMEDOUT …), check " +
      "that the network and the registry can be reached, then run this again.",
  );
}

/** @param {readonly Program[]} programs */
function installPrograms(programs) {
  const missing = programs.filter((program) => program.find() === null);
  if (missing.length === 0) return;
  if (canUseApt()) installWithApt(missing);
  if (missing.includes(CHROMIUM) && CHROMIUM.find() === null && !process.env["CHROMIUM_PATH"]) downloadChromium();
  for (const program of missing) if (program.find() === null) say(`${program.name} is missing. ${program.advice}`);
}

function canUseApt() {
  const system = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  return /^ID=debian$/m.test(system) && process.getuid?.() === 0 && findOnPath(["apt-get"]) !== null;
}

/** @param {readonly Program[]} programs */
function installWithApt(programs) {
  say(`Installing ${programs.map((program) => program.name).join(" and ")} with apt-get …`);
  const packages = programs.flatMap((program) => program.packages);
  const install = ["install", "-y", "-qq", "--no-install-recommends", ...packages];
  const done = run("apt-get", ["update", "-qq"]) && run("apt-get", install);
  if (!done) say("apt-get did not succeed. Check that the network and the package mirror can be reached.");
}

function downloadChromium() {
  say("Downloading Chromium with Playwright …");
  const cli = join(ROOT, "node_modules/@playwright/test/cli.js");
  if (!run(process.execPath, [cli, "install", "chromium"])) say("Playwright could not download a browser.");
}

/**
 * @param {string} command
 * @param {readonly string[]} words
 */
function run(command, words) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // Progress goes to stderr, so that what the script itself prints stays readable by machines.
  const { status } = spawnSync(command, words, {
    cwd: ROOT,
    stdio: ["ignore", 2, 2],
    env,
    timeout: COMMAND_DEADLINE_MS,
  });
  return status === 0;
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  say(text);
  process.exit(1);
}

/** @param {string} version */
export function nodeIsTooOld(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

/**
 * @param {Goal} goal
 * @param {{ redis?: boolean }} [options]
 */
export async function setup(goal, { redis = false } = {}) {
  if (nodeIsTooOld(process.versions.node)) {
    fail(`Convive needs Node ${OLDEST_NODE.join(".")} or newer; this is ${process.versions.node}.`);
  }
  if (!packagesAreInstalled(ROOT)) installPackages();
  if (goal === "check") return;
  installPrograms([...(goal === "test" ? [CHROMIUM] : []), ...(redis ? [REDIS] : [])]);
  const { buildClient } = await import("./build-client.mjs");
  await buildClient().catch((error) => fail(`The client does not build:\n${error.message}`));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const goal = process.argv[2];
  if (goal !== "check" && goal !== "start" && goal !== "test")
    fail("Usage: node scripts/setup.mjs check | start [--redis] | test [--redis]");
  await setup(goal, { redis: process.argv.includes("--redis") });
}
