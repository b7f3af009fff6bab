import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DEADLINE_MS = 20_000;
const RETRY_MS = 50;

/**
 * Runs a snippet's file in its page's folder. With `request` "" it has to end by itself, without an error; with
 * `GET /path -> text` it has to serve, on whatever port it names, a page that holds the text.
 * @param {{ folder: string, path: string, language: string, request: string }} snippet
 * @returns {Promise<string | null>} what is wrong
 */
export async function runSnippet({ folder, path, language, request }) {
  const asked = /^GET (\S+) -> (.+)$/.exec(request);
  if (request !== "" && !asked) return `"run: ${request}" is not "run: GET /path -> text".`;
  const port = asked ? await freePort() : 0;
  const [command, words] = commandFor(language, path);
  const env = {
    ...process.env,
    NODE_TEST_CONTEXT: undefined,
    TSX_TSCONFIG_PATH: `${ROOT}tsconfig.json`,
    PORT: String(port),
  };
  const child = spawn(command, words, {
    cwd: language === "sh" ? ROOT : folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  /** @type {Promise<string | null>} */
  const ended = new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code) => resolve(code === 0 && !asked ? null : `It ended with code ${code}:\n${output}`));
  });
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  try {
    if (asked) return await Promise.race([ended, ask(port, asked[1] ?? "/", asked[2] ?? "", deadline)]);
    return await Promise.race([ended, expiry(deadline)]);
  } finally {
    child.kill("SIGKILL");
  }
}

/**
 * @param {string} language
 * @param {string} path
 * @returns {[string, string[]]}
 */
function commandFor(language, path) {
  if (language === "sh") return ["bash", ["-e", path]];
  return [
    process.execPath,
    [`--import=${import.meta.resolve("./redirect-port.mjs")}`, `--import=${import.meta.resolve("tsx")}`, path],
  ];
}

/**
 * @param {number} port
 * @param {string} path
 * @param {string} text
 * @param {AbortSignal} deadline
 */
async function ask(port, path, text, deadline) {
  let last = "It never answered.";
  while (!deadline.aborted) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: deadline });
      const body = await response.text();
      return response.ok && body.includes(text)
        ? null
        : `GET ${path} answered ${response.status}, without "${text}":\n${body}`;
    } catch (error) {
      last = `It never answered: ${/** @type {Error} */ (error).message}`;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  return last;
}

/** @param {AbortSignal} deadline */
function expiry(deadline) {
  return new Promise((resolve) => {
    deadline.addEventListener("abort", () => resolve(`It did not end within ${DEADLINE_MS / 1000} s.`), { once: true });
  });
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
