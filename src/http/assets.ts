import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RequestHandler, Response } from "express";
import { ConviveError } from "../errors.js";

const TYPES: Readonly<Record<string, string>> = {
  "convive.js": "text/javascript; charset=utf-8",
  "convive.mjs": "text/javascript; charset=utf-8",
  "carets.js": "text/javascript; charset=utf-8",
  "carets.js.map": "application/json; charset=utf-8",
  "convive.css": "text/css; charset=utf-8",
  "convive.js.map": "application/json; charset=utf-8",
  "convive.mjs.map": "application/json; charset=utf-8",
};
const YEAR_S = 31_536_000;

interface Asset {
  readonly body: Buffer;
  readonly type: string;
  readonly tag: string;
}

/** The browser's part, served from memory under `/convive/`. */
export class Assets {
  readonly #assets = new Map<string, Asset>();

  /** @param directory where the bundles lie */
  constructor(
    directory: URL,
    private readonly basePath: string,
    private readonly warn: (message: string) => void,
  ) {
    for (const [name, type] of Object.entries(TYPES)) {
      const body = readAsset(new URL(name, directory));
      const tag = createHash("sha256").update(body).digest("base64url").slice(0, 16);
      this.#assets.set(name, { body, type, tag });
    }
  }

  /** URL of the script; changes with its content, so that it can be kept for ever. */
  get scriptUrl(): string {
    return `${this.basePath}/convive.js?v=${this.#assets.get("convive.js")!.tag}`;
  }

  get handler(): RequestHandler {
    return (request, response, next) => {
      if (!request.path.startsWith(`${this.basePath}/`)) return next();
      if (request.headers.upgrade && request.path === `${this.basePath}/websocket`)
        return this.#refuseUpgrade(response);
      const asset = this.#assets.get(request.path.slice(this.basePath.length + 1));
      if (!asset || (request.method !== "GET" && request.method !== "HEAD")) return next();
      const isForEver = request.query["v"] === asset.tag;
      response.set({
        "Content-Type": asset.type,
        ETag: `"${asset.tag}"`,
        "Cache-Control": isForEver ? `public, max-age=${YEAR_S}, immutable` : "public, no-cache",
        "X-Content-Type-Options": "nosniff",
      });
      if (isKnown(request.headers["if-none-match"], asset.tag)) response.status(304).end();
      else response.set("Content-Length", `${asset.body.length}`).end(asset.body);
    };
  }

  /** An upgrade comes as a plain request only where nobody took the server's sockets. */
  #refuseUpgrade(response: Response): void {
    this.warn(
      "A page wants to connect, but this server has no sockets: serve the app with live.listen(app) in place of app.listen(), or give its server to live.attach(server).",
    );
    response.status(426).end();
  }
}

/** Proxies that compress make tags weak; a browser may name several. */
function isKnown(tags: string | undefined, tag: string): boolean {
  return (tags ?? "").split(",").some((each) => each.trim().replace(/^W\//, "") === `"${tag}"`);
}

function readAsset(file: URL): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ConviveError("OPTION_INVALID", `The browser's part is missing (${file.pathname}): run "npm run build".`, {
      cause,
    });
  }
}
