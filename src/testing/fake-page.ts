import type { Clock } from "../clock.js";
import { MemoryCache } from "../cursor/memory.js";
import { CursorRooms } from "../cursor/rooms.js";
import type { LiveView } from "../live-view.js";
import { linesOf } from "../live-view.js";
import { SharedRooms } from "../presence/shared.js";
import { decodeFrame, type Frame, type JoinReply } from "../protocol.js";
import type { Params, User } from "../register.js";
import type { EndReason, NodeServices, SharedFrame, ViewHost, ViewTrait } from "../view-host.js";
import type { ClusterNode, PresenceCluster } from "./presence-cluster.js";
import { silentLogger } from "./silent-logger.js";

/** What a page is opened with. */
export interface PageOptions {
  readonly user?: User | null;
  readonly userId?: string;
  readonly params?: Params;
  readonly tenant?: string;
  readonly connected?: boolean;
  readonly viewName?: string;
  /** names that the template reads; none unless given */
  readonly reads?: readonly string[];
}

let pages = 0;

/** The services of a node as the composition root makes them. */
export function servicesOf({ node, presence }: ClusterNode): NodeServices {
  return {
    presence,
    rooms: node,
    cursors: new CursorRooms(node, new MemoryCache(node.clock)),
    shared: new SharedRooms(node),
  };
}

/** Carries one view without templates, sockets or sessions: a mailbox, and a record of what would have been sent. */
export class FakePage<V extends LiveView<any>> implements ViewHost {
  readonly view: V;
  readonly pushed: (readonly [event: string, payload: unknown])[] = [];
  readonly frames: Frame[] = [];
  readonly sent: SharedFrame[] = [];
  readonly lossy: boolean[] = [];
  readonly errors: unknown[] = [];
  readonly traits: ViewTrait[] = [];
  renders = 0;
  url = new URL("http://test.local/");
  readonly session = {};
  readonly logger = silentLogger;
  readonly clock: Clock;
  readonly user: User | null;
  readonly userId: string;
  readonly params: Params;
  readonly tenant: string;
  readonly connected: boolean;
  readonly viewName: string;
  readonly connectionId: string;
  readonly #reads: ReadonlySet<string>;
  #mailbox: Promise<void> = Promise.resolve();
  #isDirty = false;
  #isEnded = false;

  private constructor(
    View: new (host: unknown) => V,
    readonly node: NodeServices,
    { user = null, userId, params = {}, tenant = "", connected = true, viewName = "page", reads = [] }: PageOptions,
  ) {
    pages += 1;
    this.clock = node.rooms.clock;
    this.user = user;
    this.userId = userId ?? (user ? String((user as { id: unknown }).id) : `anon_${pages}`);
    this.params = params;
    this.tenant = tenant;
    this.connected = connected;
    this.viewName = viewName;
    this.connectionId = connected ? `tab${pages}` : "";
    this.#reads = new Set(reads);
    this.view = new View(this);
  }

  /** Mounts as a channel does; rejects with what `mount` throws. */
  static async open<V extends LiveView<any>>(
    cluster: Pick<PresenceCluster, "until">,
    node: NodeServices,
    View: new (host: unknown) => V,
    options: PageOptions = {},
  ): Promise<FakePage<V>> {
    const page = new FakePage(View as new (host: unknown) => V, node, options);
    await cluster.until(page.#run(() => page.#mount()));
    if (page.connected) page.reply = page.join();
    return page;
  }

  reply: Partial<JoinReply> = {};

  get limits() {
    return this.node.rooms.limits;
  }

  /** What the template would read as `it`. */
  get it(): Record<string, unknown> {
    const it: Record<string, unknown> = {};
    for (const trait of this.traits) for (const name of trait.lines ?? []) it[name] = trait.line!(name);
    return Object.assign(it, linesOf(this.view, null));
  }

  /** Frames of one event, their payloads. */
  told(event: string): unknown[] {
    return this.frames.filter((frame) => frame[3] === event).map((frame) => frame[4]);
  }

  join(): Partial<JoinReply> {
    return this.traits.reduce<Partial<JoinReply>>((all, trait) => ({ ...all, ...trait.joined?.() }), {});
  }

  cursor(x: number, y: number): void {
    for (const trait of this.traits) trait.cursor?.({ x, y });
  }

  cursorLeft(): void {
    for (const trait of this.traits) trait.cursor?.(null);
  }

  status(status: "active" | "idle" | "away"): void {
    for (const trait of this.traits) trait.status?.(status);
  }

  park(graceMs: number): void {
    for (const trait of this.traits) trait.parked?.(graceMs);
  }

  async resume(): Promise<void> {
    for (const trait of this.traits) await trait.resumed?.();
    this.join();
  }

  end(reason: EndReason): Promise<void> {
    return this.#run(async () => {
      this.#isEnded = true;
      for (const trait of this.traits) await trait.ended?.(reason);
    });
  }

  // ── as a host ──

  addTrait(trait: ViewTrait): void {
    this.traits.push(trait);
  }
  enqueue(work: () => unknown): void {
    if (!this.connected || this.#isEnded) return;
    this.#isDirty = true;
    void this.#run(work).catch((error: unknown) => this.errors.push(error));
  }
  changed(): void {
    if (!this.connected || this.#isDirty) return;
    this.#isDirty = true;
    void this.#run(() => {});
  }
  templateReads(name: string): boolean {
    return this.#reads.has(name);
  }
  push(event: string, payload: unknown): void {
    this.pushed.push([event, payload]);
  }
  send(frame: SharedFrame, { lossy = false }: { readonly lossy?: boolean } = {}): void {
    this.sent.push(frame);
    this.lossy.push(lossy);
    this.frames.push(decodeFrame(frame.bytes.toString())!);
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
  every(): () => void {
    return () => {};
  }
  after(): () => void {
    return () => {};
  }
  subscribe(): () => void {
    return () => {};
  }
  patchUrl(): void {}

  async #mount(): Promise<void> {
    await this.view.mount();
    for (const trait of this.traits) await trait.mounted?.();
  }

  async #run(work: () => unknown): Promise<void> {
    const turn = this.#mailbox.then(work);
    this.#mailbox = turn.then(
      () => this.#render(),
      () => this.#render(),
    );
    await turn;
  }

  #render(): void {
    if (this.#isDirty && !this.#isEnded) this.renders += 1;
    this.#isDirty = false;
  }
}
