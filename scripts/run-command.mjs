import { spawn } from "node:child_process";

/** @typedef {{ ok: boolean, code: number | null, output: string, ms: number }} CommandResult */

/**
 * Runs a command to its end and gives what it printed; a command that cannot start is one that failed.
 * @param {string} command
 * @param {readonly string[]} words
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<CommandResult>}
 */
export function runCommand(command, words, { cwd = process.cwd(), env = process.env, timeoutMs = 300_000 } = {}) {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    /** @type {Buffer[]} */
    const chunks = [];
    const child = spawn(command, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => chunks.push(Buffer.from(`${command}: ${error.message}\n`)));
    child.on("close", (code, signal) => {
      if (signal) chunks.push(Buffer.from(`${command} was ended by ${signal}\n`));
      const output = Buffer.concat(chunks).toString("utf8");
      resolve({ ok: code === 0, code, output, ms: performance.now() - startedAt });
    });
  });
}
