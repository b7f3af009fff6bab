import { ServerResponse, type IncomingMessage } from "node:http";
import express, { type Request, type RequestHandler, type Router } from "express";

/** Runs several handlers as one. */
export function chain(handlers: readonly RequestHandler[]): Router {
  const router = express.Router();
  if (handlers.length > 0) router.use(...handlers);
  return router;
}

/**
 * Runs the app's own middleware on an upgrade, so that the socket sees the same `request.user` and `request.session` as HTTP does.
 * @returns the request as Express sees it, or the status with which a middleware ended it
 */
export class UpgradeRequests {
  readonly #app = express();

  constructor(handlers: readonly RequestHandler[], trustProxy: boolean) {
    this.#app.disable("x-powered-by");
    this.#app.set("trust proxy", trustProxy);
    if (handlers.length > 0) this.#app.use(...handlers);
  }

  run(request: IncomingMessage): Promise<{ readonly request: Request } | { readonly status: number }> {
    return new Promise((resolve, reject) => {
      const response = new ServerResponse(request);
      // Nobody reads this answer: a middleware that ends the request refuses the upgrade.
      response.end = ((): ServerResponse => {
        resolve({ status: response.statusCode });
        return response;
      }) as typeof response.end;
      this.#app(
        request as Request,
        response as never,
        ((error: unknown) => {
          if (error) reject(error as Error);
          else resolve({ request: request as Request });
        }) as never,
      );
    });
  }
}
