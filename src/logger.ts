/** pino's shape: facts first, then the message. Secrets, cookies, tokens and metas are never logged. */
export interface Logger {
  info(facts: object, message?: string): void;
  warn(facts: object, message?: string): void;
  error(facts: object, message?: string): void;
}

/** Writes a line per message to standard output and error; facts behind it as JSON, a stack below. */
export const consoleLogger: Logger = {
  info: (facts, message) => print(process.stdout, "info", facts, message),
  warn: (facts, message) => print(process.stderr, "warn", facts, message),
  error: (facts, message) => print(process.stderr, "error", facts, message),
};

function print(stream: NodeJS.WritableStream, level: string, facts: object, message = ""): void {
  const { stack, ...rest } = facts as { stack?: unknown; error?: unknown };
  // A stack begins with the message.
  if (typeof stack === "string" && typeof rest.error === "string" && stack.includes(rest.error)) delete rest.error;
  const details = Object.keys(rest).length > 0 ? ` ${oneLine(JSON.stringify(rest))}` : "";
  stream.write(`convive ${level}: ${oneLine(message)}${details}\n${typeof stack === "string" ? `${stack}\n` : ""}`);
}

/** A value from outside must not begin a line of its own. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ");
}
