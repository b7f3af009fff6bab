import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { findChromium, findOnPath } from "./chromium.mjs";
import { nodeIsTooOld, packagesAreInstalled } from "./setup.mjs";

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "convive-setup-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function writeLocks(root: string, wanted: object, installed: object): void {
  mkdirSync(join(root, "node_modules"), { recursive: true });
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: { "": {}, ...wanted } }));
  writeFileSync(join(root, "node_modules/.package-lock.json"), JSON.stringify({ packages: installed }));
}

const eta = { version: "4.6.0", integrity: "sha512-a" };

test("packages are installed when npm's own record has all that the lock names", (t) => {
  const root = emptyFolder(t);
  assert.equal(packagesAreInstalled(root), false);
  writeLocks(root, { "node_modules/eta": eta }, { "node_modules/eta": eta });
  assert.equal(packagesAreInstalled(root), true);
});

test("a package that is missing, or of another version or content, is not installed", (t) => {
  const root = emptyFolder(t);
  for (const there of [
    {},
    { "node_modules/eta": { ...eta, version: "4.5.0" } },
    { "node_modules/eta": { ...eta, integrity: "sha512-b" } },
  ]) {
    writeLocks(root, { "node_modules/eta": eta }, there);
    assert.equal(packagesAreInstalled(root), false);
  }
});

test("a package for another platform need not be there", (t) => {
  const root = emptyFolder(t);
  writeLocks(root, { "node_modules/@esbuild/win32-x64": { version: "1.0.0", optional: true } }, {});
  assert.equal(packagesAreInstalled(root), true);
});

test("a record of npm that cannot be read counts as nothing installed", (t) => {
  const root = emptyFolder(t);
  writeLocks(root, {}, {});
  writeFileSync(join(root, "node_modules/.package-lock.json"), "{");
  assert.equal(packagesAreInstalled(root), false);
});

test("Node is too old below 20.19", () => {
  assert.equal(nodeIsTooOld("18.20.0"), true);
  assert.equal(nodeIsTooOld("20.18.3"), true);
  assert.equal(nodeIsTooOld("20.19.0"), false);
  assert.equal(nodeIsTooOld("22.0.0"), false);
});

test("Chromium is the one named, else the first on the path that can be executed", (t) => {
  const folder = emptyFolder(t);
  const file = join(folder, "chromium");
  writeFileSync(file, "#!/bin/sh\n");
  assert.equal(findOnPath(["chromium"], folder), null);
  chmodSync(file, 0o755);
  assert.equal(findOnPath(["chromium"], folder), file);
  assert.equal(findChromium({ PATH: folder }), file);
  assert.equal(findChromium({ PATH: "", CHROMIUM_PATH: file }), file);
  assert.equal(findChromium({ PATH: folder, CHROMIUM_PATH: join(folder, "gone") }), null);
});
