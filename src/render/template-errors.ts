import { ControlFlow } from "../control-flow.js";
import { ConviveError, messageOf } from "../errors.js";
import { nearest } from "./nearest.js";

/** Where a template comes from. */
export interface TemplateSource {
  readonly name: string;
  /** null for an inline template */
  readonly file: string | null;
  readonly text: string;
}

const LINES_AROUND = 2;

/** The lines around a line, that one marked. */
export function excerpt(text: string, line: number): string {
  const lines = text.split("\n");
  const first = Math.max(1, line - LINES_AROUND);
  const last = Math.min(lines.length, line + LINES_AROUND);
  const width = String(last).length;
  const shown = lines.slice(first - 1, last).map((content, index) => {
    const number = first + index;
    return `${number === line ? ">" : " "} ${String(number).padStart(width)} | ${content}`;
  });
  return shown.join("\n");
}

export function placeOf({ name, file }: TemplateSource, line: number): string {
  return `${file ?? `template ${name}`}${line > 0 ? `:${line}` : ""}`;
}

function withExcerpt(source: TemplateSource, line: number, message: string): string {
  return line > 0 ? `${message}\n${excerpt(source.text, line)}\n` : message;
}

export function syntaxError(source: TemplateSource, line: number, message: string, cause?: unknown): ConviveError {
  const text = withExcerpt(source, line, `${placeOf(source, line)}: ${message}`);
  return new ConviveError("TEMPLATE_SYNTAX", text, { cause, details: detailsOf(source, line) });
}

/** Names the place where a template threw; what an include said of itself already, and what ends a request, goes on as it is. */
export function runtimeError(source: TemplateSource, line: number, error: unknown): unknown {
  if (error instanceof ControlFlow || (error instanceof ConviveError && error.code.startsWith("TEMPLATE_")))
    return error;
  const text = withExcerpt(source, line, `${placeOf(source, line)}: ${messageOf(error)}`);
  return new ConviveError("TEMPLATE_RUNTIME", text, { cause: error, details: detailsOf(source, line) });
}

function detailsOf({ name, file }: TemplateSource, line: number): Record<string, unknown> {
  return { template: name, file, line };
}

export function unknownTemplate(
  name: string,
  from: TemplateSource | null,
  directories: readonly string[],
  known: readonly string[],
): ConviveError {
  const asker = from ? ` (included by ${placeOf(from, 0)})` : "";
  const hint = nearest(name, known);
  const next = hint
    ? ` Did you mean "${hint}"?`
    : known.length > 0
      ? ` There are: ${known.slice(0, 20).join(", ")}.`
      : "";
  const message = `There is no template "${name}"${asker} in ${directories.join(" or ")}.${next}`;
  return new ConviveError("TEMPLATE_UNKNOWN", message, { details: { template: name, directories } });
}
