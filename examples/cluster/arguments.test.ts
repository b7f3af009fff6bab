import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readNodes } from "./arguments.js";

test("the command is told how many nodes, or nothing", () => {
  assert.equal(readNodes([]), null);
  assert.equal(readNodes(["--nodes", "2"]), 2);
  assert.equal(readNodes(["--nodes=16"]), 16);
});

test("what the command does not know is an error that names it", () => {
  for (const amount of ["0", "-1", "1.5", "17", "two", ""]) {
    assert.throws(() => readNodes([`--nodes=${amount}`]), new RegExp(`not "${amount}"`));
  }
  assert.throws(() => readNodes(["--node", "2"]), /--node/);
  assert.throws(() => readNodes(["--nodes"]), /--nodes/);
  assert.throws(() => readNodes(["2"]), /2/);
});

test("a wrong command ends with 2 and says how it is meant", () => {
  const server = fileURLToPath(new URL("../server.ts", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", server, "--nods", "2"], {
    encoding: "utf8",
  });
  assert.equal(status, 2);
  assert.match(stderr, /--nods[^]*npm start -- --nodes 2/);
});
