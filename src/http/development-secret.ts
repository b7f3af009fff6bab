import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomId } from "../token.js";

/**
 * A secret for development that outlives a restart, so that open pages survive it: kept beside the installed packages,
 * readable by this user only. Where nothing can be written, one that lasts as long as the process.
 */
export function developmentSecret(directory = join(process.cwd(), "node_modules", ".cache", "convive")): string {
  const file = join(directory, "development-secret");
  return read(file) ?? written(file, directory) ?? read(file) ?? randomId(32);
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8") || null;
  } catch {
    return null;
  }
}

/** Null where nothing can be written, or where another process was first. */
function written(file: string, directory: string): string | null {
  const secret = randomId(32);
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(file, secret, { mode: 0o600, flag: "wx" });
    return secret;
  } catch {
    return null;
  }
}
