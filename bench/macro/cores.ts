import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { findOnPath } from "../../scripts/chromium.mjs";

/** The server has a core to itself and the load another, where there are two and `taskset`. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;
const STAT = "/proc/stat";
const MS_PER_TICK = 10;

/** Decided before anything is pinned: afterwards this process sees one core only. */
const CAN_PIN = process.platform === "linux" && availableParallelism() >= 2 && findOnPath(["taskset"]) !== null;

export function canPin(): boolean {
  return CAN_PIN;
}

/** A command on a core of its own; the command itself where that cannot be. */
export function pinned(core: number, command: readonly string[]): readonly string[] {
  return canPin() ? ["taskset", "-c", String(core), ...command] : command;
}

/** All threads of this process. */
export function pinSelf(core: number): void {
  pinProcess(core, process.pid);
}

/** All threads of a process that runs already. */
export function pinProcess(core: number, pid: number): void {
  if (canPin()) spawnSync("taskset", ["-a", "-c", "-p", String(core), String(pid)], { stdio: "ignore" });
}

/**
 * ms in which each core had nothing to do since the machine started, by number; null where nobody tells. What is left of the time was work: the kernel
 * tells that, too, but only by what runs when its timer ticks. A server that wakes with that timer for a millisecond seemed to work all the time.
 */
export function idleMs(stat = existsSync(STAT) ? readFileSync(STAT, "utf8") : ""): readonly number[] | null {
  const lines = [...stat.matchAll(/^cpu\d+ \d+ \d+ \d+ (\d+) (\d+)/gm)];
  if (lines.length === 0) return null;
  return lines.map(([, idle, waiting]) => (Number(idle) + Number(waiting)) * MS_PER_TICK);
}

/** Processor time of a process that is not this one, in ms. */
export function processMs(stat: string): number {
  // The name, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** What others took of the two cores while ours were measured. */
export class CoreWatch {
  readonly #startedAt = performance.now();
  readonly #idle = canPin() ? idleMs() : null;
  readonly #own: readonly number[];

  /** @param servers process ids of all that share the core of the server */
  constructor(private readonly servers: readonly number[]) {
    this.#own = this.#ownMs();
  }

  /** Of the busier core, as a share of it; null where nobody tells. */
  foreign(): number | null {
    const before = this.#idle;
    const idle = before && idleMs();
    if (!idle) return null;
    const ms = performance.now() - this.#startedAt;
    const own = this.#ownMs();
    const shares = [SERVER_CORE, LOAD_CORE].map((core) => {
      return 1 - (idle[core]! - before[core]! + own[core]! - this.#own[core]!) / ms;
    });
    return Math.max(0, ...shares);
  }

  #ownMs(): readonly number[] {
    const { user, system } = process.cpuUsage();
    const ofServers = this.servers.map((pid) => processMs(readFileSync(`/proc/${pid}/stat`, "utf8")));
    return [ofServers.reduce((sum, ms) => sum + ms, 0), (user + system) / 1_000];
  }
}
