import type { IncomingMessage } from "node:http";
import { ConviveError } from "../errors.js";
import { originOf } from "./identities.js";

/** Which pages may open a socket: those of the own host, or of a list. Equality only. */
export class Origins {
  readonly #allowed: ReadonlySet<string> | null;

  /** @throws ConviveError ORIGINS_EMPTY in production for an empty list, OPTION_INVALID for what is no origin */
  constructor(
    allowed: readonly string[] | undefined,
    private readonly trustProxy: boolean,
    isProduction: boolean,
  ) {
    if (allowed?.length === 0 && isProduction) {
      throw new ConviveError(
        "ORIGINS_EMPTY",
        "`origins` is an empty list: name the origins of your pages, or leave the option out to allow the own host.",
      );
    }
    this.#allowed = allowed ? new Set(allowed.map(normalised)) : null;
  }

  /** A request without an Origin is not a browser's page: tokens and permissions decide what it may do. */
  allows(request: IncomingMessage): boolean {
    const { origin } = request.headers;
    if (origin === undefined) return true;
    if (this.#allowed) return this.#allowed.has(origin);
    return origin === originOf(request, this.trustProxy);
  }
}

function normalised(text: string): string {
  try {
    const { origin } = new URL(text);
    if (origin !== "null") return origin;
  } catch {
    // Told below.
  }
  throw new ConviveError(
    "OPTION_INVALID",
    `"${text}" in \`origins\` is no origin; write it as "https://app.example.com".`,
  );
}
