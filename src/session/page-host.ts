import type { Clock } from "../clock.js";
import type { Limits } from "../options.js";
import type { Params, Session, User } from "../register.js";
import type { Logger } from "../logger.js";
import type { NodeServices, SharedFrame, ViewHost, ViewTrait } from "../view-host.js";
import type { Identity } from "./identity.js";
import type { ViewClass } from "./registry.js";
import type { SessionServices } from "./services.js";

/** Where a view stands: its class, name, route and URL. */
export interface Place {
  readonly View: ViewClass;
  readonly viewName: string;
  readonly params: Params;
  readonly url: URL;
}

/** What HTTP renders and channels have in common: who, where, and the traits of the view they carry. */
export abstract class PageHost implements ViewHost {
  traits: readonly ViewTrait[] = [];
  readonly viewName: string;
  readonly View: ViewClass;
  params: Params;
  #href: string;
  #url: URL | null;

  abstract readonly connected: boolean;
  abstract readonly connectionId: string;

  constructor(
    protected readonly services: SessionServices,
    /** Of the socket that the page is on. */
    public identity: Identity,
    { View, viewName, params, url }: Place,
  ) {
    this.View = View;
    this.viewName = viewName;
    this.params = Object.freeze({ ...params });
    this.#href = url.href;
    this.#url = url;
  }

  get url(): URL {
    return (this.#url ??= new URL(this.#href));
  }
  set url(url: URL) {
    this.#href = url.href;
    this.#url = url;
  }

  get user(): User | null {
    return this.identity.user;
  }
  get session(): Session {
    return this.identity.session;
  }
  get userId(): string {
    return this.identity.userId;
  }
  get tenant(): string {
    return this.identity.tenant;
  }
  get clock(): Clock {
    return this.services.clock;
  }
  get limits(): Limits {
    return this.services.limits;
  }
  get logger(): Logger {
    return this.services.logger;
  }
  get node(): NodeServices {
    return this.services.node;
  }

  addTrait(trait: ViewTrait): void {
    (this.traits as ViewTrait[]).push(trait);
  }

  /** Nothing more is added: an array that grew keeps room for many, and few views ask for their URL again. */
  protected settle(): void {
    this.traits = [...this.traits];
    this.#url = null;
  }

  templateReads(name: string): boolean {
    return this.services.templates.reads(this.View.template)?.has(name) ?? true;
  }

  abstract enqueue(work: () => unknown): void;
  abstract changed(): void;
  abstract push(event: string, payload: unknown): void;
  abstract send(frame: SharedFrame, options?: { readonly lossy?: boolean }): void;
  abstract flush(): Promise<void>;
  abstract every(ms: number, work: () => unknown): () => void;
  abstract after(ms: number, work: () => unknown): () => void;
  abstract subscribe(topic: string, handler: (message: unknown) => unknown): () => void;
  abstract patchUrl(url: string, options?: { readonly replace?: boolean }): void;
}
