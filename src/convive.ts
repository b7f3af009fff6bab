import { existsSync } from "node:fs";
import type { Server } from "node:http";
import { fileURLToPath } from "node:url";
import type { Express, Request, RequestHandler } from "express";
import type { CursorTracker } from "./cursor/tracker.js";
import { ConviveError, messageOf, type ErrorCode } from "./errors.js";
import { Assets } from "./http/assets.js";
import { developmentSecret } from "./http/development-secret.js";
import { ErrorPages } from "./http/error-pages.js";
import { chain, UpgradeRequests } from "./http/express-door.js";
import { Identities } from "./http/identities.js";
import { Origins } from "./http/origins.js";
import { PageRenderer } from "./http/page-renderer.js";
import { Servers } from "./http/servers.js";
import { Upgrades } from "./http/upgrades.js";
import type { LiveView } from "./live-view.js";
import { consoleLogger } from "./logger.js";
import { openStore } from "./open-store.js";
import { resolveOptions, type ConviveOptions, type Settings } from "./options.js";
import type { PresenceManager } from "./presence/manager.js";
import type { PresenceStats } from "./presence/node.js";
import type { Params } from "./register.js";
import { Templates } from "./render/template.js";
import { Delivery, type PushTarget } from "./session/delivery.js";
import { Sessions } from "./session/sessions.js";
import type { ViewClass } from "./session/registry.js";

/** What is wrong with a store for a while: the running app waits for it. */
const PASSING: ReadonlySet<ErrorCode> = new Set(["REDIS_UNAVAILABLE", "REDIS_BUSY", "STORE_UNAVAILABLE"]);

/** For a health check: `response.json(live.health())`. `degraded`: Redis does not answer as it should; `draining`: `close()` was called. */
export interface Health {
  readonly status: "ok" | "degraded" | "draining";
  /** of `degraded`: what is wrong; the log says more */
  readonly code?: ErrorCode;
}

/** How `live.close()` ends. */
export interface CloseOptions {
  /** How long pages have to finish what they do and sockets to be closed one after another; 0 unless given. */
  drainMs?: number;
}

/** What an app works with. */
export interface Live {
  /** Serves the browser's part. The middleware given here runs before it, and on every WebSocket upgrade too: sessions, logins. */
  middleware(...alsoOnUpgrade: RequestHandler[]): RequestHandler;
  /** The route handler of a view. */
  view(View: new (...args: any[]) => LiveView<any>): RequestHandler;
  /** A view as HTML for any page of yours; the page needs `live.head()` in its head. */
  render<P extends Params>(View: new (...args: any[]) => LiveView<P>, request: Request, params: P): Promise<string>;
  /** Tags for the head of a page with views that has no layout of ours. */
  head(nonce?: string): string;
  /**
   * Serves the app, sockets included. A Redis that is away is waited for by the running app; one that cannot be used is refused.
   * @throws ConviveError REDIS_LOGIN_REFUSED, REDIS_FORBIDDEN, REDIS_TOO_OLD, REDIS_EVICTS …
   */
  listen(app: Express, port?: number): Promise<Server>;
  /** Takes the sockets of a server that you made. */
  attach(server: Server): void;
  /** Who is where: works without any view. */
  readonly presence: PresenceManager;
  readonly cursors: CursorTracker;
  /** Tells the views that subscribed to a topic, on every node. */
  publish(topic: string, message: unknown): Promise<void>;
  /** Sends an event to pages, on every node: of a person, of a room, or all. */
  push(to: PushTarget, event: string, payload?: unknown): Promise<void>;
  health(): Health;
  /** What was rendered, diffed and encoded, what was shared, and why not. */
  stats(): LiveStats;
  /** Ends everything this made: sockets, views, timers. Idempotent. */
  close(options?: CloseOptions): Promise<void>;
}

/** What `live.stats()` counts. */
export interface LiveStats {
  readonly sockets: number;
  readonly pages: number;
  readonly presence: PresenceStats;
  readonly rendering: ReturnType<Templates["stats"]>;
}

/**
 * Makes a Convive server.
 *
 * @throws ConviveError with the code of what is wrong with the options
 * @example
 * const app = express();
 * const live = convive({ templates: "templates", secret: process.env.SECRET });
 * app.use(live.middleware());
 * app.get("/boards/:boardId", live.view(WhiteboardView));
 * await live.listen(app, 3000);
 */
export function convive(options: ConviveOptions = {}): Live {
  return new ConviveServer(options, resolveOptions(options));
}

class ConviveServer implements Live {
  readonly #sessions: Sessions;
  readonly #delivery: Delivery;
  readonly #pages: PageRenderer;
  readonly #errorPages: ErrorPages;
  readonly #assets: Assets;
  readonly #upgrades: Upgrades;
  readonly #servers: Servers;
  readonly #opened: Promise<void>;
  #alsoOnUpgrade: readonly RequestHandler[] = [];
  #upgradeRequests: UpgradeRequests | null = null;
  #isServingAssets = false;
  #closing: Promise<void> | null = null;

  constructor(options: ConviveOptions, settings: Settings) {
    const { isProduction, basePath, trustProxy, limits, clock } = settings;
    const logger = options.logger ?? consoleLogger;
    this.#servers = new Servers(clock);
    const templates = templatesOf(settings, (message) => logger.warn({}, message));
    this.#sessions = new Sessions({
      ...settings,
      logger,
      templates,
      store: openStore(options, { clock, limits, logger }),
      secrets: settings.secrets ?? [developmentSecret()],
      authorizePresence: options.authorizePresence,
    });
    const { services } = this.#sessions;
    const identities = new Identities(services.tokens, options);
    this.#assets = new Assets(clientDirectory(), basePath, (message) => logger.warn({}, message));
    this.#pages = new PageRenderer(services, identities, {
      layout: settings.layout,
      basePath,
      scriptUrl: this.#assets.scriptUrl,
    });
    this.#errorPages = new ErrorPages(services, settings.layout);
    this.#delivery = new Delivery(services, this.#sessions.pages);
    this.#upgrades = new Upgrades(
      { clock, limits, logger, join: (link, payload) => this.#sessions.join(link, payload) },
      {
        path: `${basePath}/websocket`,
        origins: new Origins(options.origins, trustProxy, isProduction),
        identities,
        requests: () => (this.#upgradeRequests ??= new UpgradeRequests(this.#alsoOnUpgrade, trustProxy)),
      },
    );
    this.#opened = this.#open(options);
    this.#sessions.onDisconnect(({ userId, tenant }) => this.#upgrades.disconnect(userId, tenant));
  }

  get presence(): PresenceManager {
    return this.#sessions.services.node.presence;
  }

  get cursors(): CursorTracker {
    return this.#sessions.cursors;
  }

  middleware(...alsoOnUpgrade: RequestHandler[]): RequestHandler {
    this.#alsoOnUpgrade = [...this.#alsoOnUpgrade, ...alsoOnUpgrade];
    this.#upgradeRequests = null;
    this.#isServingAssets = true;
    return chain([...alsoOnUpgrade, this.#assets.handler]);
  }

  view(View: new (...args: any[]) => LiveView<any>): RequestHandler {
    const handler = this.#pages.handler(View as ViewClass);
    return (request, response, next) => {
      if (!this.#isServingAssets) this.#missMiddleware();
      return handler(request, response, next);
    };
  }

  render<P extends Params>(View: new (...args: any[]) => LiveView<P>, request: Request, params: P): Promise<string> {
    return this.#pages.fragment(View as ViewClass, request, params);
  }

  head(nonce?: string): string {
    return this.#pages.head(nonce);
  }

  async listen(app: Express, port = 3_000): Promise<Server> {
    this.#mustBeOpen();
    await this.#opened;
    app.use(this.#errorPages.handler);
    const server = this.#servers.make(app);
    this.attach(server);
    await this.#servers.listen(server, port);
    return server;
  }

  attach(server: Server): void {
    this.#mustBeOpen();
    this.#upgrades.attach(server);
  }

  publish(topic: string, message: unknown): Promise<void> {
    return this.#delivery.publish(topic, message);
  }

  push(to: PushTarget, event: string, payload: unknown = {}): Promise<void> {
    return this.#delivery.push(to, event, payload);
  }

  health(): Health {
    if (this.#closing) return { status: "draining" };
    const code = this.#sessions.trouble;
    return code ? { status: "degraded", code } : { status: "ok" };
  }

  stats(): LiveStats {
    const { pages, services } = this.#sessions;
    const presence = services.node.rooms.stats();
    return { sockets: this.#upgrades.sockets.size, pages: pages.size, presence, rendering: services.templates.stats() };
  }

  close({ drainMs = 0 }: CloseOptions = {}): Promise<void> {
    return (this.#closing ??= this.#close(drainMs));
  }

  /** Rejects when the store cannot be used as it is; one that is only away, the running app waits for. */
  #open({ redis, store }: ConviveOptions): Promise<void> {
    if (redis === undefined && store === undefined) return Promise.resolve();
    const opened = this.#sessions.open().catch((error: unknown) => {
      const code = error instanceof ConviveError ? error.code : "STORE_UNAVAILABLE";
      this.#sessions.services.logger.error({ code, error: messageOf(error) }, "rooms are not shared with other nodes");
      if (!PASSING.has(code)) throw error;
    });
    // Whoever calls listen() hears of it.
    opened.catch(() => {});
    return opened;
  }

  /** Once: the page would stand there without its script, and nobody would say why. */
  #missMiddleware(): void {
    this.#isServingAssets = true;
    const { logger } = this.#sessions.services;
    logger.warn(
      {},
      "A view is asked for, but nothing serves the browser's part: add app.use(live.middleware()) before the routes.",
    );
  }

  async #close(drainMs: number): Promise<void> {
    await this.#upgrades.drain(drainMs);
    await this.#servers.close();
    this.#delivery.close();
    await this.#sessions.close();
    this.#sessions.services.templates.close();
  }

  #mustBeOpen(): void {
    if (!this.#closing) return;
    throw new ConviveError("SERVER_CLOSED", "This Convive server is closed; make a new one with convive().");
  }
}

function templatesOf({ templates, isProduction }: Settings, onWarning: (message: string) => void): Templates {
  const directories = [templates, fileURLToPath(new URL("../templates/", import.meta.url))];
  return new Templates({ directories, isDevelopment: !isProduction, onWarning });
}

/** Beside the compiled server in the package; in `dist` when the server runs from its sources. */
function clientDirectory(): URL {
  const packaged = new URL("./client/", import.meta.url);
  return existsSync(new URL("convive.js", packaged)) ? packaged : new URL("../dist/client/", import.meta.url);
}
