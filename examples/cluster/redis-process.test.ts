import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("../server.ts", import.meta.url));
const STARTS_REDIS = `
import { RedisProcess } from ${JSON.stringify(new URL("redis-process.ts", import.meta.url).href)};
console.log(await new RedisProcess().start());
`;

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

test("Redis ends with the process that started it, also with one that is killed", async () => {
  const words = ["--import", "tsx", "--input-type=module", "--eval", STARTS_REDIS];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(new URL(said.toString().trim()).port);
  assert.equal(await answers(port), true);
  child.kill("SIGKILL");
  while (await answers(port)) await new Promise((resolve) => setTimeout(resolve, 10));
});

test("without redis-server the command says what to install", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "convive-path-"));
  t.after(() => rmSync(folder, { recursive: true }));
  symlinkSync("/bin/sh", join(folder, "sh"));
  const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", SERVER, "--nodes", "2"], {
    env: { ...process.env, PATH: folder, REDIS_URL: undefined, PORT: "0" },
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.match(stderr, /redis-server is not installed[^]*apt-get install redis-server[^]*REDIS_URL=/);
});
