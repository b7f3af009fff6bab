import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { RedisServerProcess } from "./redis-server.js";

const run = promisify(execFile);
const MIGRATE_MS = 10_000;

/** The slot of a key, as a server of a Cluster says. */
export async function slotOf({ port }: RedisServerProcess, key: string): Promise<number> {
  return Number(await ask(port, "CLUSTER", "KEYSLOT", key));
}

/** Moves a slot of a Cluster to another master, one key after another: for a while a room's keys lie on two servers. Resolves with how many there were. */
export async function moveSlot(
  slot: number,
  { from, to, all }: Readonly<Record<"from" | "to", RedisServerProcess>> & { all: readonly RedisServerProcess[] },
): Promise<number> {
  const [source, target] = [await ask(from.port, "CLUSTER", "MYID"), await ask(to.port, "CLUSTER", "MYID")];
  await ask(to.port, "CLUSTER", "SETSLOT", `${slot}`, "IMPORTING", source);
  await ask(from.port, "CLUSTER", "SETSLOT", `${slot}`, "MIGRATING", target);
  let moved = 0;
  for (;;) {
    const keys = (await ask(from.port, "CLUSTER", "GETKEYSINSLOT", `${slot}`, "1000")).split("\n").filter(Boolean);
    if (keys.length === 0) break;
    for (const key of keys) await ask(from.port, "MIGRATE", "127.0.0.1", `${to.port}`, key, "0", `${MIGRATE_MS}`);
    moved += keys.length;
  }
  const others = all.filter((each) => each !== from && each !== to);
  for (const { port } of [to, from, ...others]) await ask(port, "CLUSTER", "SETSLOT", `${slot}`, "NODE", target);
  return moved;
}

/** Which of these servers has the slot, as the first of them says. */
export async function masterOfSlot(
  masters: readonly RedisServerProcess[],
  slot: number,
): Promise<RedisServerProcess | undefined> {
  const lines = (await ask(masters[0]!.port, "CLUSTER", "NODES")).split("\n");
  const owner = lines.find((line) =>
    line
      .split(" ")
      .slice(8)
      .some((range) => holds(range, slot)),
  );
  return masters.find(({ port }) => owner?.includes(`127.0.0.1:${port}@`));
}

function holds(range: string, slot: number): boolean {
  const [first, last = first] = range.split("-").map(Number);
  return slot >= first! && slot <= last!;
}

async function ask(port: number, ...words: readonly string[]): Promise<string> {
  const { stdout } = await run("redis-cli", ["-e", "-p", String(port), ...words]);
  return stdout.trim();
}
