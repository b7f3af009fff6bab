import type { IncomingMessage } from "node:http";
import type { Request, RequestHandler, Response } from "express";
import { ControlFlow } from "../control-flow.js";
import { ConviveError } from "../errors.js";
import { ATTRIBUTES } from "../protocol.js";
import { toHtml, type Rendered } from "../render/rendered.js";
import type { Params } from "../register.js";
import type { Identity } from "../session/identity.js";
import { createView, mountView, renderView } from "../session/mounting.js";
import type { ViewClass } from "../session/registry.js";
import { flatParams, urlOfPath } from "../session/route.js";
import { MOUNT_PURPOSE, type MountTicket, type SessionServices } from "../session/services.js";
import { StaticHost } from "../session/static-host.js";
import type { Identities } from "./identities.js";

interface PageOptions {
  readonly layout: string;
  readonly basePath: string;
  readonly scriptUrl: string;
}

interface Target {
  readonly View: ViewClass;
  readonly name: string;
  readonly params: Params;
  readonly route: string | null;
}

/** Views over HTTP: a fresh instance, one render, a signed ticket for the socket; nothing stays behind. */
export class PageRenderer {
  /** How many views of a name a page has so far: their ids differ, and are the same for all who see the page. */
  readonly #idsOfPage = new WeakMap<IncomingMessage, Map<string, number>>();
  /** Asked once per page, so that a newcomer is one person in all its views. */
  readonly #identityOfPage = new WeakMap<IncomingMessage, Promise<Identity>>();

  constructor(
    private readonly services: SessionServices,
    private readonly identities: Identities,
    private readonly options: PageOptions,
  ) {}

  /** The route handler of a view. */
  handler(View: ViewClass): RequestHandler {
    const name = this.services.views.register(View);
    return async (request, response, next) => {
      try {
        const route = routeOf(request);
        const { html, title } = await this.#render(
          { View, name, params: flatParams(request.params), route },
          request,
          response,
        );
        const page = this.#page(View, html, title, response);
        response.setHeader("Cache-Control", "private, no-cache");
        response.setHeader("Content-Type", "text/html; charset=utf-8");
        if (request.method === "HEAD") response.setHeader("Content-Length", Buffer.byteLength(page));
        // Not `send`: each page has a token of its own, so a tag made of its bytes would never be asked for again.
        response.end(page);
      } catch (error) {
        if (error instanceof ControlFlow && error.outcome.kind === "redirect") response.redirect(302, error.outcome.to);
        else next(error || new ConviveError("MOUNT_FAILED", `The view "${name}" threw ${String(error)}.`));
      }
    };
  }

  /** A view as a part of any page; that page needs the script of `it.head`, see `live.head`. */
  async fragment(View: ViewClass, request: Request, params: Params): Promise<string> {
    const name = this.services.views.register(View);
    const { html } = await this.#render({ View, name, params, route: null }, request, request.res);
    return html;
  }

  /** Tags that a page with views needs in its head. */
  head(nonce?: unknown): string {
    const nonceAttribute = typeof nonce === "string" && /^[\w+/=-]+$/.test(nonce) ? ` nonce="${nonce}"` : "";
    return `<meta name="convive" content="${this.options.basePath}"><script src="${this.options.scriptUrl}" defer${nonceAttribute}></script>`;
  }

  async #render(
    target: Target,
    request: Request,
    response?: Response,
  ): Promise<{ readonly html: string; readonly title: string }> {
    const { View, name, params } = target;
    const identity = await this.#identityOf(request, response);
    const url = urlOf(request, identity.origin);
    const host = new StaticHost(this.services, identity, { View, viewName: name, params, url });
    const view = await createView(View, host);
    const mounted = { View, view, traits: host.traits };
    await mountView(mounted);
    const rendered = renderView(mounted, this.services);
    const ticket: MountTicket = {
      view: name,
      id: this.#idFor(request, name),
      params,
      route: target.route,
      userId: identity.userId,
    };
    return { html: this.#wrapped(rendered, ticket), title: view.pageTitle };
  }

  #identityOf(request: Request, response?: Response): Promise<Identity> {
    let identity = this.#identityOfPage.get(request);
    if (!identity) {
      identity = this.identities.of(request, (cookie) => response?.append("Set-Cookie", cookie));
      this.#identityOfPage.set(request, identity);
    }
    return identity;
  }

  #wrapped(rendered: Rendered, ticket: MountTicket): string {
    const token = this.services.tokens.sign(MOUNT_PURPOSE, ticket, this.services.limits.tokenAgeMs);
    const html = toHtml(rendered, this.services.templates.staticsOf(rendered));
    return `<div ${ATTRIBUTES.view}="${escapeAttribute(ticket.id)}" ${ATTRIBUTES.token}="${token}">${html}</div>`;
  }

  #page(View: ViewClass, body: string, title: string, response: Response): string {
    const layout = View.layout ?? this.options.layout;
    if (layout === false) return body;
    const { locals } = response;
    const data = { ...this.services.helpers, ...locals, body, title, head: this.head(locals["cspNonce"]) };
    return this.services.templates.renderLayout(layout, data);
  }

  #idFor(request: IncomingMessage, name: string): string {
    let ids = this.#idsOfPage.get(request);
    if (!ids) this.#idsOfPage.set(request, (ids = new Map()));
    const count = (ids.get(name) ?? 0) + 1;
    ids.set(name, count);
    return count === 1 ? name : `${name}-${count}`;
  }
}

/** The whole pattern, with the path that the router is mounted at; null when it is not text. */
function routeOf(request: Request): string | null {
  const path: unknown = request.route?.path;
  if (typeof path !== "string") return null;
  if (request.baseUrl === "") return path;
  return request.baseUrl.replace(/[{}()[\]+?!:*\\]/g, String.raw`\$&`) + path;
}

/** A proxy may ask with the whole URL; its host is no host of ours. */
function urlOf({ originalUrl }: Request, origin: string): URL {
  const whole = /^[a-z]+:/i.test(originalUrl) && URL.canParse(originalUrl) ? new URL(originalUrl) : null;
  return urlOfPath(whole ? whole.pathname + whole.search : originalUrl, origin) ?? new URL(origin);
}

function escapeAttribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
