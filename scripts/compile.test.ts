import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { copyScripts, pointClientAtDist } from "./compile.mjs";

test("declarations of the client find src beside them in dist, and a second pass changes nothing", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "convive-compile-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const view = join(folder, "view.d.ts");
  const part = join(folder, "dom/part.d.ts");
  mkdirSync(join(folder, "dom"));
  writeFileSync(view, 'import type { Frame } from "../src/protocol.js";\nexport * from "./hooks.js";\n');
  writeFileSync(part, 'export type Tree = import("../../src/render/rendered.js").Tree;\n');
  for (let pass = 0; pass < 2; pass++) {
    pointClientAtDist(folder);
    assert.equal(
      readFileSync(view, "utf8"),
      'import type { Frame } from "../protocol.js";\nexport * from "./hooks.js";\n',
    );
    assert.equal(readFileSync(part, "utf8"), 'export type Tree = import("../../render/rendered.js").Tree;\n');
  }
});

test("Redis' scripts lie beside the module that reads them, and nothing else is copied", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "convive-compile-"));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "src/presence"), { recursive: true });
  writeFileSync(join(folder, "src/presence/redis-a.lua"), "return 1");
  writeFileSync(join(folder, "src/presence/redis.ts"), "");
  copyScripts(join(folder, "src"), join(folder, "dist"));
  assert.deepEqual(readdirSync(join(folder, "dist"), { recursive: true, encoding: "utf8" }).toSorted(), [
    "presence",
    join("presence", "redis-a.lua"),
  ]);
  assert.equal(readFileSync(join(folder, "dist/presence/redis-a.lua"), "utf8"), "return 1");
});
