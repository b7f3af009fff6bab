import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { packagesAreInstalled } from "../../scripts/setup.mjs";

const BENCH = join(import.meta.dirname, "..");

/** Brings the packages that only benchmarks need, when they are not there. @throws Error when npm cannot */
export function installPeers(): void {
  if (packagesAreInstalled(BENCH)) return;
  process.stderr.write("Installing what Convive is measured beside, with npm ci in bench/ …\n");
  const words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  const { status } = spawnSync("npm", words, { cwd: BENCH, stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  throw new Error("npm ci in bench/ did not succeed, and says why above; check that the registry can be reached.");
}
