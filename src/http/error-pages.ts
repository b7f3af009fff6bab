import type { ErrorRequestHandler } from "express";
import { ControlFlow } from "../control-flow.js";
import { messageOf } from "../errors.js";
import { errorFacts, errorHtml } from "../session/error-page.js";
import type { SessionServices } from "../session/services.js";

/** The last error handler of an app that `live.listen` serves: a page that says a code, and in development where it broke. */
export class ErrorPages {
  constructor(
    private readonly services: SessionServices,
    private readonly layout: string,
  ) {}

  get handler(): ErrorRequestHandler {
    return (error: unknown, request, response, next) => {
      if (response.headersSent) return next(error);
      if (error instanceof ControlFlow && error.outcome.kind === "redirect") {
        return response.redirect(302, error.outcome.to);
      }
      const facts = errorFacts(error, this.services.isDevelopment);
      if (facts.status >= 500) {
        const { stack } = error as { stack?: string };
        this.services.logger.error(
          { path: request.path, code: facts.code, error: messageOf(error), stack },
          "a page failed",
        );
      }
      const body = errorHtml(this.services, facts);
      response
        .status(facts.status)
        .type("html")
        .set("Cache-Control", "no-store")
        .send(this.#page(body, `${facts.status}`));
    };
  }

  /** Without the script: an error page is not live. */
  #page(body: string, title: string): string {
    try {
      return this.services.templates.renderLayout(this.layout, { ...this.services.helpers, head: "", body, title });
    } catch {
      return body;
    }
  }
}
