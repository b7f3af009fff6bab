import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { FakeTerminal } from "../src/testing/fake-terminal.js";
import { freePort } from "../src/testing/redis-server.js";
import { Visitor } from "../src/testing/visitor.js";
import { run } from "../src/cli/run.js";
import { compile } from "./compile.mjs";

const ROOT = join(import.meta.dirname, "..");
const PACKAGES = ["express", "zod", "tsx", "typescript", "@types"];

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "convive-new-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What `npm install` would bring, from what is installed here. */
function install(app: string): void {
  mkdirSync(join(app, "node_modules"));
  symlinkSync(ROOT, join(app, "node_modules/convive"));
  for (const name of PACKAGES) symlinkSync(join(ROOT, "node_modules", name), join(app, "node_modules", name));
}

test("a new app compiles, starts, and shows people who they share the page with", async (t) => {
  const compiled = await compile(["src", "client"]);
  assert.ok(compiled.ok, compiled.output);
  const app = join(folderOf(t), "my-app");
  const terminal = new FakeTerminal();
  assert.equal(await run(["new", app], terminal), 0, terminal.errors);
  assert.match(terminal.output, /npm install\n {2}npm start/);
  assert.equal((JSON.parse(readFileSync(join(app, "package.json"), "utf8")) as { name: string }).name, "my-app");
  install(app);
  await promisify(execFile)(process.execPath, [join(ROOT, "node_modules/typescript-5.9/bin/tsc"), "--noEmit"], {
    cwd: app,
  });

  const port = await freePort();
  const server = spawn(process.execPath, ["--import", "tsx", "server.ts"], {
    cwd: app,
    env: { ...process.env, PORT: String(port), REDIS_URL: undefined, SECRET: undefined },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => server.kill("SIGKILL"));
  await once(server.stdout, "data");
  const place = { address: () => ({ port }) } as unknown as Server;
  const ann = await new Visitor(place).visit("/rooms/lobby");
  const bob = await new Visitor(place).visit("/rooms/lobby");
  t.after(() => [ann, bob].forEach(({ socket }) => socket.ws.terminate()));
  assert.match(JSON.stringify(bob.reply.rendered), /2 people/);
  server.kill("SIGTERM");
  const [code] = (await once(server, "exit")) as [number];
  assert.equal(code, 0);
});

test("a folder that holds something, and a name that is none, are refused and left as they are", async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, "mine.txt"), "mine");
  for (const target of [folder, join(folder, "Mine"), join(folder, "a b")]) {
    const terminal = new FakeTerminal();
    assert.equal(await run(["new", target], terminal), 2);
    assert.match(terminal.errors, /not empty|no name/);
  }
  assert.equal(readFileSync(join(folder, "mine.txt"), "utf8"), "mine");
});
