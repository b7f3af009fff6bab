import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithUs } from "./end-with-us.js";

const START_DEADLINE_MS = 20_000;
const START_ATTEMPTS = 3;

/** A Redis server of a test's own, on the loopback, that keeps nothing. */
export interface RedisServerProcess {
  readonly port: number;
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Starts a server, on a free port unless one is named; another program may take the port first, so it is tried again. */
export async function startRedis(
  words: readonly string[] = [],
  port: number | (() => Promise<number>) = freePort,
): Promise<RedisServerProcess> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(typeof port === "number" ? port : await port(), words);
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function startOn(port: number, words: readonly string[]): Promise<RedisServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), "convive-redis-"));
  // A file of settings has to stand first.
  const [file, ...rest] = words[0]?.startsWith("-") === false ? words : ["", ...words];
  const isTls = words.includes("--tls-cert-file");
  const settings = [
    ...(file ? [file] : []),
    ...(isTls ? ["--port", "0", "--tls-port"] : ["--port"]),
    String(port),
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
    "--dir",
    folder,
  ];
  const child = spawn("redis-server", [...settings, ...rest], { stdio: ["ignore", "pipe", "pipe"] });
  const letBe = endWithUs(child);
  const stop = async () => {
    letBe();
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, url: `redis${isTls ? "s" : ""}://127.0.0.1:${port}`, process: child, stop };
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    const timer = setTimeout(() => reject(new Error(`redis-server is not ready:\n${output}`)), START_DEADLINE_MS);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      act();
    };
    child.once("error", (error) => settle(() => reject(error)));
    child.once("exit", () => settle(() => reject(new Error(`redis-server ended:\n${output}`))));
    const hear = (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-4_000);
      if (/ready to accept connections|Sentinel ID is/i.test(output)) settle(resolve);
    };
    child.stdout!.on("data", hear);
    child.stderr!.on("data", hear);
  });
}

/** These words to a server that knows them: older ones do not start with a word that they do not know. */
export function sinceRedis(major: number, ...words: readonly string[]): readonly string[] {
  const [, installed] = / v=(\d+)\./.exec(execFileSync("redis-server", ["--version"], { encoding: "utf8" }))!;
  return Number(installed) < major ? [] : words;
}

/** A port of the loopback that was free a moment ago: any, or this one. */
export async function freePort(wanted = 0): Promise<number> {
  const server = createServer().listen(wanted, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
