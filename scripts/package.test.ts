import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startRedis } from "../src/testing/redis-server.js";
import { compile } from "./compile.mjs";
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
  bin: Record<string, string>;
  version: string;
};
const call = promisify(execFile);
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

test("the command line works as it is packed", async (t) => {
  const server = await startRedis();
  const folder = mkdtempSync(join(tmpdir(), "convive-package-"));
  t.after(async () => {
    rmSync(folder, { recursive: true });
    await server.stop();
  });
  const { ok, output } = await compile(["src"]);
  assert.ok(ok, output);
  // Not as `npm pack` runs the build: that is what was just done.
  const { stdout } = await call("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await call("tar", ["-xzf", join(folder, filename), "-C", folder]);
  // One that opens nothing would still alarm whoever looks for keys in what he installs.
  const keys = walk(folder, "package").filter((file) => /PRIVATE KEY/.test(readFileSync(join(folder, file), "utf8")));
  assert.deepEqual(keys, []);
  symlinkSync(join(root, "node_modules"), join(folder, "package/node_modules"));
  const main = join(folder, "package", manifest.bin["convive"]!);
  assert.match(readFileSync(main, "utf8"), /^#!\/usr\/bin\/env node\n/);
  const convive = (...words: string[]) => call(process.execPath, [main, ...words, "--redis", server.url]);
  assert.equal((await call(process.execPath, [main, "--version"])).stdout, `${manifest.version}\n`);
  assert.match((await convive("doctor")).stdout, /^ok +rights/m);
  assert.match((await convive("stats")).stdout, /^rooms +0$/m);
  assert.deepEqual(walk(join(folder, "package"), "templates/new"), walk(root, "templates/new"));
});
