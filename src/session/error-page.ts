import { ConviveError, messageOf } from "../errors.js";
import { toHtml } from "../render/rendered.js";
import type { SessionServices } from "./services.js";

/** What the error template reads as `it`. Message and stack are told in development only. */
export interface ErrorFacts {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly stack: string;
}

const MESSAGES: Readonly<Record<number, string>> = { 403: "You may not see this page.", 404: "There is no such page." };

export function errorFacts(error: unknown, isDevelopment: boolean): ErrorFacts {
  const status = statusOf(error);
  const code =
    error instanceof ConviveError
      ? error.code
      : status === 404
        ? "NOT_FOUND"
        : status === 403
          ? "FORBIDDEN"
          : "MOUNT_FAILED";
  const generic = MESSAGES[status] ?? "Something went wrong on our side.";
  if (!isDevelopment || status < 500) return { status, code, message: generic, stack: "" };
  return { status, code, message: messageOf(error), stack: error instanceof Error ? (error.stack ?? "") : "" };
}

/** The error template as HTML; plain words when even that one fails. */
export function errorHtml(services: SessionServices, facts: ErrorFacts): string {
  const { templates, errorTemplate, helpers, logger } = services;
  try {
    const rendered = templates.render(errorTemplate, { ...helpers, ...facts });
    return toHtml(rendered, templates.staticsOf(rendered));
  } catch (error) {
    logger.error({ template: errorTemplate, error: messageOf(error) }, "the error template failed");
    return `<h1>${facts.status}</h1><p>${facts.code}</p>`;
  }
}

export function statusOf(error: unknown): number {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === "number" && status >= 400 && status < 600 ? status : 500;
}
