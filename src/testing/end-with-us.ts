import type { ChildProcess } from "node:child_process";

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
const children = new Set<ChildProcess>();

function killAll(): void {
  for (const child of children) child.kill("SIGKILL");
}

function endBy(signal: NodeJS.Signals): void {
  killAll();
  for (const each of SIGNALS) process.off(each, endBy);
  process.kill(process.pid, signal);
}

/** Ends a process of a test, also a stopped one, when the test's own is ended before it could. Returns how to let it be. */
export function endWithUs(child: ChildProcess): () => void {
  if (children.size === 0) {
    process.on("exit", killAll);
    for (const signal of SIGNALS) process.on(signal, endBy);
  }
  children.add(child);
  return () => {
    if (!children.delete(child) || children.size > 0) return;
    process.off("exit", killAll);
    for (const signal of SIGNALS) process.off(signal, endBy);
  };
}
