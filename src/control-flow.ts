import { ConviveError } from "./errors.js";

export type Outcome =
  { readonly kind: "redirect"; readonly to: string } | { readonly kind: "not_found" } | { readonly kind: "forbidden" };

const MAKE = Symbol("make");
const STATUS = { redirect: 302, not_found: 404, forbidden: 403 } as const;

/** Thrown by a guard, `mount` or a handler to end it; made by `redirect()`, `notFound()` and `forbidden()` only. */
export class ControlFlow extends Error {
  override readonly name = "ControlFlow";
  readonly outcome: Outcome;
  /** For Express's error handler. */
  readonly status: number;

  private constructor(outcome: Outcome) {
    super(outcome.kind);
    this.outcome = outcome;
    this.status = STATUS[outcome.kind];
  }

  static [MAKE](outcome: Outcome): ControlFlow {
    return new ControlFlow(outcome);
  }
}

/**
 * Leaves for another page of this site.
 *
 * @example
 * if (!this.user) throw redirect("/login");
 * @throws ConviveError REDIRECT_UNSAFE for anything that is not a path of this site.
 */
export function redirect(to: string): ControlFlow {
  return ControlFlow[MAKE]({ kind: "redirect", to: safePath(to) });
}

/**
 * Answers as if there were no such page.
 *
 * @example
 * if (!board) throw notFound();
 */
export function notFound(): ControlFlow {
  return ControlFlow[MAKE]({ kind: "not_found" });
}

/**
 * Refuses.
 *
 * @example
 * if (!board.members.has(this.user?.id)) throw forbidden();
 */
export function forbidden(): ControlFlow {
  return ControlFlow[MAKE]({ kind: "forbidden" });
}

/** The path itself when a browser would stay on the site with it: one slash first, no backslash, no control character. */
export function safePath(to: string): string {
  // Browsers drop TAB, LF and CR anywhere in a URL and read a backslash as a slash.
  // eslint-disable-next-line no-control-regex
  const isSafe = typeof to === "string" && /^[/?#](?!\/)[^\\\u0000-\u001f\u007f]*$/u.test(to);
  if (!isSafe) {
    throw new ConviveError(
      "REDIRECT_UNSAFE",
      `${JSON.stringify(to)} is not a path of this site; give one that starts with a single "/".`,
    );
  }
  return to;
}
