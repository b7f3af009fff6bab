import type { ViewTrait } from "../view-host.js";
import { LiveView } from "../live-view.js";
import type { Identity } from "./identity.js";
import { Lasting } from "./lasting.js";
import { PageHost, type Place } from "./page-host.js";
import { isSamePlace, placeAt } from "./route.js";
import type { MountTicket, SessionServices } from "./services.js";
import type { ViewClass } from "./registry.js";
import { UserCode } from "./user-code.js";

/** A host whose page is there: what it starts lasts, and its browser can show another URL of it. */
export abstract class ConnectedHost extends PageHost {
  readonly connected = true;
  #lasting: Lasting | null = null;
  #userCode: UserCode | null = null;

  constructor(
    services: SessionServices,
    identity: Identity,
    place: Place,
    readonly ticket: MountTicket,
    readonly connectionId: string,
  ) {
    super(services, identity, place);
  }

  /** Most views start nothing. */
  protected get lasting(): Lasting {
    const { clock, topics } = this.services;
    return (this.#lasting ??= new Lasting(clock, topics, (work) => this.enqueue(work)));
  }

  protected get userCode(): UserCode {
    const { viewName: view, connectionId: connection } = this;
    return (this.#userCode ??= new UserCode(this.logger, { view, connection }));
  }

  every(ms: number, work: () => unknown): () => void {
    return this.lasting.every(ms, work);
  }

  after(ms: number, work: () => unknown): () => void {
    return this.lasting.after(ms, work);
  }

  subscribe(topic: string, handler: (message: unknown) => unknown): () => void {
    return this.lasting.subscribe(topic, handler);
  }

  protected tellTraits(tell: (trait: ViewTrait) => void): void {
    const { userCode } = this;
    for (const trait of this.traits) userCode.attempt(() => tell(trait));
  }

  /** False, and nothing changed, when the URL is not one of this page's. */
  protected moveTo(url: URL): boolean {
    const params = placeOf(this.View, this.ticket, url);
    if (!params || url.origin !== this.url.origin) return false;
    this.url = url;
    this.params = Object.freeze({ ...params });
    return true;
  }

  /** As `moveTo`, if this agrees; else all is as it was. @throws what `agree` throws */
  protected async moveIf(url: URL, agree: () => Promise<void>): Promise<boolean> {
    const before = { url: this.url, params: this.params };
    if (!this.moveTo(url)) return false;
    try {
      await agree();
    } catch (error) {
      Object.assign(this, before);
      throw error;
    }
    return true;
  }
}

/**
 * The params that a view shows at a URL of its route; null when that URL is not its page's. What stands before a route in
 * Express saw the params of the ticket only: a view that does not handle others is not shown them.
 */
export function placeOf(View: ViewClass, ticket: MountTicket, url: URL): MountTicket["params"] | null {
  const params = placeAt(ticket, url);
  const isMovable = View.prototype.handleParams !== LiveView.prototype.handleParams;
  return params && (isMovable || isSamePlace(params, ticket.params)) ? params : null;
}
