import type { Logger } from "../logger.js";

/** Logs nothing; for tests of what must not be noticed. */
export const silentLogger: Logger = { info: () => {}, warn: () => {}, error: () => {} };
