import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { walk } from "./test-files.mjs";

interface LockEntry {
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
}

const root = join(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const manifest = JSON.parse(read("package.json")) as {
  allowScripts: Record<string, boolean>;
  sideEffects: string[];
  dependencies: Record<string, string>;
};
const lock = Object.entries(
  (JSON.parse(read("package-lock.json")) as { packages: Record<string, LockEntry> }).packages,
);

test("the lock names no registry but npm's own", () => {
  const foreign = lock.filter(
    ([, entry]) => entry.resolved && !entry.resolved.startsWith("https://registry.npmjs.org/"),
  );
  assert.deepEqual(foreign, []);
});

test("no package runs a script when it is installed", () => {
  const scripted = lock
    .filter(([, entry]) => entry.hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ""));
  for (const name of scripted) assert.equal(manifest.allowScripts[name], false, `${name} has an install script`);
});

test("a module that changes a global is kept by bundlers", () => {
  const changing = walk(root, "src").filter((file) => {
    return !/\.test(-d)?\.ts$/.test(file) && /Symbol\.for\("Symbol\.metadata"\)/.test(read(file));
  });
  for (const file of changing) {
    const emitted = file.replace(/^src\//, "./dist/").replace(/\.ts$/, ".js");
    assert.ok(manifest.sideEffects.includes(emitted), `${emitted} has to stand in "sideEffects"`);
  }
});

test("what src imports at run time is a dependency, and every dependency is imported", () => {
  const imported = new Set<string>();
  for (const file of walk(root, "src")) {
    if (!file.endsWith(".ts") || /\.test(-d)?\.ts$/.test(file)) continue;
    for (const [, name = ""] of read(file).matchAll(
      /^(?:import|export) (?:[^;]*? from )?"((?:@[^/"]+\/)?[^./"][^/":]*)(?:\/[^"]*)?";/gm,
    )) {
      imported.add(name);
    }
  }
  const needed = Object.keys(manifest.dependencies).filter((name) => !name.startsWith("@types/"));
  assert.deepEqual([...imported].toSorted(), needed.toSorted());
});
